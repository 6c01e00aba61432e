"""`manage.py check_integrity`: whether all that is stored agrees with itself."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError

from achievements.services import integrity as achievements
from gamify_site.integrity import Breach
from gamify_site.ops import integrity as stored_keys
from gamify_site.ops.command import StoreCommand
from gamify_site.ops.progress import Bar
from gamify_site.players import integrity as players
from gamify_site.players import walk
from leaderboards.services import boards
from leaderboards.services import integrity as leaderboards

MOST_TOLD = 10  # breaches of one rule that are told one by one


class Command(StoreCommand):
    help = (
        "Checks every player, board and key against the rules, while the site is in use. Exit code 1 where one is "
        "broken. --repair rebuilds what is derived: points, boards, rarity, streaks, names, and gives what is due."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="rebuild what is derived, then check again")

    def handle(self, *_: Any, **options: Any) -> None:
        broken = self._check(repair=options["repair"])
        if broken and options["repair"]:
            self.stdout.write("Repaired; checking again.")
            broken = self._check(repair=False)
        if broken:
            hint = "" if options["repair"] else " `check_integrity --repair` rebuilds what is derived."
            raise CommandError(f"{broken} breaches of the rules.{hint}")
        self.stdout.write(f"Checked: {walk.count():,} players, {len(boards.all())} boards. Everything agrees.")

    def _check(self, *, repair: bool) -> int:
        """Prints what is broken: each rule with its number of breaches; gives how many in all."""
        counts: Counter[str] = Counter()
        for breach in self._breaches(repair=repair):
            counts[breach.rule] += 1
            if counts[breach.rule] <= MOST_TOLD:
                self.stdout.write(f"{breach.rule}: {breach.subject}: {breach.detail}")
        for rule, number in sorted(counts.items()):
            self.stdout.write(f"{number:>8,} × {rule}")
        return counts.total()

    def _breaches(self, *, repair: bool) -> Iterator[Breach]:
        # Achievements first: mending the points of players may change the board of points.
        yield from achievements.check(repair=repair, progress=Bar(self.stdout))
        yield from leaderboards.check(repair=repair, progress=Bar(self.stdout))
        yield from players.check(repair=repair)
        yield from players.check(repair=repair)
        yield from stored_keys.check()
