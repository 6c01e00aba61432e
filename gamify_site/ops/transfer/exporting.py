"""Writes all data of the site into a file, while the site is in use."""

from collections.abc import Callable
from typing import IO

from django.conf import settings

from gamify_site import clock
from gamify_site.ops.transfer import inventory
from gamify_site.ops.transfer.kinds import KINDS
from gamify_site.ops.transfer.lines import VERSION, Header, Writer
from gamify_site.store import catalog, shards

Progress = Callable[[int, int], None]
STEP = 500  # players between two signs of progress


def export(out: IO[bytes], progress: Progress) -> int:
    """Writes everything, and gives how many players there were. `progress(done, total)` is called now and then.

    Raises `DefinitionsChanged` where a board or achievement is changed meanwhile, `StoreUnavailable`, `OSError`. Some
    100 bytes of memory for each player and account; round trips as the readers say.
    """
    catalog.forget()
    stock = inventory.take()
    now = clock.untravelled().isoformat(timespec="seconds")
    header = Header(VERSION, now, settings.GAMIFY_PREFIX, shards.count(), settings.GAMIFY_EVENT_TTL)
    writer, done = Writer(out, header), 0
    for kind in KINDS:
        for thing in kind.read(stock):
            writer.add(kind.name, thing)
            if kind.name == "player":
                done += 1
                if done % STEP == 0:
                    progress(min(done, len(stock.players) - 1), len(stock.players))
    writer.end()
    if stock.players:
        progress(len(stock.players), len(stock.players))
    return done
