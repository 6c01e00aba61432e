"""Players just below, at and above each tier; of sums, counts and greatest values alike.

Which case a player is stands in the team (choose it on the board Coins) and in the profile. Most took one tier after
the other, on different days; those of "All but one at once" passed several with one event.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from achievements.definitions import Achievement, Event, Tier
from achievements.services import catalog
from gamify_site.ops.demo import writing
from gamify_site.ops.demo.designing import LADDER, placed, row, tiered
from gamify_site.ops.demo.people import Person
from gamify_site.ops.demo.writing import Progress
from leaderboards.definitions import Board
from leaderboards.services import boards

COINS = Board(
    "coins", "Coins", "coin_collected", description="Each coin counts; the teams are the cases.", segment_by="team"
)
CATALOG = (
    row("purse", "The Purse", "Collect coins; the amounts add up.", 0, "banknotes",
        **tiered("coin_collected", "sum", ("Some", 100, 10), ("More", 1_000, 20), ("Much", 5_000, 50),
                 ("Most", 10_000, 100))),
    row("laps", "Laps", "Finish laps; each counts as one.", 0, "arrow-path",
        **tiered("lap_finished", "count", ("Third", 3, 10), ("Sixth", 6, 20), ("Ninth", 9, 50), ("Twelfth", 12, 100))),
    row("leap", "The Leap", "Leap far; only the farthest counts.", 0, "rocket-launch",
        **tiered("leapt", "max", ("Ten", 10, 10), ("Twenty", 20, 20), ("Thirty", 30, 50), ("Forty", 40, 100))),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """Where a player stands: `beyond` a tier's target by -1, 0 or 1; `tier` counts from 0."""

    name: str
    tier: int
    beyond: int
    at_once: bool = False


CASES = (
    *(
        Case(f"{where} {level}", tier, beyond)
        for tier, level in enumerate(LADDER)
        for where, beyond in (("Just below", -1), ("At", 0), ("Above", 1))
    ),
    Case("All but one at once", len(LADDER) - 2, 0, at_once=True),
)
ALICES = 6  # just below gold


def make(number: int, anchor: date, progress: Progress) -> None:
    """Three achievements of four tiers each, and each case in turns; alice is just below gold."""
    boards.define(COINS)
    for achievement in placed({"tiers": CATALOG}):
        catalog.define(achievement)
    crowd = [
        replace(person, team=case(place).name, about=f"{case(place).name}, of coins, laps and leaps.")
        for place, person in enumerate(writing.old_hands(number))
    ]
    writing.join(crowd, anchor)
    done = [
        event
        for place, person in enumerate(crowd)
        for achievement in CATALOG
        for event in _climb(person, achievement, case(place), anchor)
    ]
    writing.play(done, anchor, progress)


def case(place: int) -> Case:
    """The case of the player at a place in the crowd."""
    return CASES[(place + ALICES) % len(CASES)]


def reached(tiers: tuple[Tier, ...], stands: Case) -> int:
    """The progress of a case."""
    return tiers[stands.tier].target + stands.beyond


def _climb(person: Person, achievement: Achievement, stands: Case, anchor: date) -> Iterator[Event]:
    """The events by which a player gets there, a tier a day, the last one yesterday."""
    goal = reached(achievement.tiers, stands)
    stops = [] if stands.at_once else [tier.target for tier in achievement.tiers if tier.target < goal]
    held = 0
    for days_ago, stop in zip(range(len(stops) + 1, 0, -1), [*stops, goal], strict=True):
        at = writing.moment(person, anchor, days_ago)
        if achievement.measure == "count":
            yield from (Event(person.id, str(achievement.action), at=at) for _ in range(stop - held))
        else:
            yield Event(person.id, str(achievement.action), stop - held, stop, at=at)
        held = stop
