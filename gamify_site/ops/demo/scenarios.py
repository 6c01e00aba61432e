"""What sample data there is. A scenario writes through the public services alone, as a game would."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gamify_site.ops.demo import big, hidden, one_short, showcase, streaks, tiers, ties
from gamify_site.ops.demo.writing import Progress


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of sample data: `players` is how many it has unless told otherwise, `most` how many it may have."""

    name: str
    title: Promise
    build: Callable[[int, date, Progress], None]
    players: int = 50
    most: int = 1000

    def number(self, asked: int | None) -> int:
        """How many players to make; its own number where none is asked for. Raises `ValidationError` at `players`."""
        if asked is None:
            return self.players
        if not 1 <= asked <= self.most:
            reason = _("Scenario %(scenario)s takes 1 to %(most)s players.")
            most = number_format(self.most, force_grouping=True)
            raise ValidationError({"players": reason % {"scenario": self.name, "most": most}})
        return asked


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("showcase", gettext_lazy("achievements and boards with 90 days of history"), showcase.make, 250, 5000),
        Scenario("one-short", gettext_lazy("everybody is one event short of several unlocks"), one_short.make),
        Scenario("ties", gettext_lazy("equal scores under each rule for ties"), ties.make),
        Scenario("streaks", gettext_lazy("streaks about to break, just broken, frozen and long"), streaks.make),
        Scenario("tiers", gettext_lazy("players below, at and above each tier"), tiers.make),
        Scenario("hidden", gettext_lazy("most achievements are hidden"), hidden.make),
        Scenario("big", gettext_lazy("full boards and achievements, 100,000 players"), big.make, 100_000, 1_000_000),
        Scenario("empty", gettext_lazy("the sample log-ins and nothing else"), showcase.make_empty, 1),
    )
}


def add_arguments(parser: CommandParser) -> None:
    """The options of commands that make sample data."""
    own = ", ".join(f"{scenario.name} {scenario.players:,}" for scenario in SCENARIOS.values())
    parser.add_argument("--players", type=_number, help=f"how many (default: the scenario's own number; {own})")
    parser.add_argument(
        "--scenario",
        choices=SCENARIOS,
        default="showcase",
        help="; ".join(f"{scenario.name}: {scenario.title}" for scenario in SCENARIOS.values()),
    )


def number_asked_for(scenario: str, players: int | None) -> int:
    """How many players a command makes, by its options. Raises `CommandError` where that is too many."""
    try:
        return SCENARIOS[scenario].number(players)
    except ValidationError as error:
        raise CommandError(f"--players {players}: {' '.join(error.messages)}") from None


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of players")
    return int(text)
