"""`manage.py tick`: does what has to be done now and then."""

import argparse
import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from gamify_site import travel
from gamify_site.ops import ticking
from gamify_site.ops.clocks import WrongClock
from gamify_site.ops.command import StoreCommand
from gamify_site.store.errors import StoreUnavailable


class Command(StoreCommand):
    help = (
        "Does what is due: closes the periods of boards that are over, so that their winners and everybody's "
        "final rank are kept; takes "
        "players off the boards who were not seen for GAMIFY_INACTIVE_DAYS; writes down how many players were active "
        "on each day that is over; deletes players to the end where that was broken off. Prints a line for each thing "
        "done, of periods for the first ten. What fails keeps nothing else from being done. Safe to run twice at once, "
        "and again where it was killed. Does nothing where the clock of this machine is more than 5 minutes from that "
        "of the data store."
    )
    runs_until_stopped = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=_seconds, metavar="SECONDS", help="go on, and do it every so many seconds")

    def handle(self, *_: Any, every: float | None, **__: Any) -> None:
        if every is None:
            try:
                self._tick()
            except (ticking.PartsFailed, WrongClock) as error:
                raise CommandError(str(error)) from error
            return
        while True:
            try:
                travel.follow()
                self._tick()
            except (StoreUnavailable, ticking.PartsFailed, WrongClock) as error:  # a failover, an import: it goes on
                self.stderr.write(f"{error} Next try in {every} seconds.")
            time.sleep(every)

    def _tick(self) -> None:
        for line in ticking.run():
            self.stdout.write(line)
            self.stdout.flush()


def _seconds(text: str) -> float:
    if not text.isdecimal() or not 1 <= int(text) <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1 to 86400")
    return int(text)
