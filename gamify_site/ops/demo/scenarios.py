"""What sample data there is. A scenario writes through the public services alone, as a game would."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from django.core.management.base import CommandParser
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from achievements.definitions import Event
from achievements.services import catalog, events, unlocks
from gamify_site import clock
from gamify_site.ops.demo import achievements, history, people
from gamify_site.ops.demo.history import DAYS, Life
from gamify_site.ops.demo.people import Person
from gamify_site.players import services as players
from leaderboards.definitions import Board
from leaderboards.services import boards

Progress = Callable[[int, int], None]

PLAYERS = 250
MOST_PLAYERS = 5000
SEED = 2026
REGATTA_ENDED = 45  # days ago; who was there keeps it
FRIEND_STEPS = (1, 2, 5, 11)  # whom one follows, by the distance in the crowd
KEPT_FOR = 730  # days; longer than the history, so that an anchor in the past still gives the same data

COINS = Board(
    slug="coins",
    name="Coins",
    description="Every coin collected counts.",
    action="coin_collected",
    combine="sum",
    windows=("all", "day", "week", "month"),
    segment_by="country",
    retention_days=KEPT_FOR,
)
BEST_LAP = Board(
    slug="best-lap",
    name="Best lap",
    description="The fastest lap around the harbour, in seconds.",
    action="lap_finished",
    combine="best",
    order="asc",
    decimals=2,
    windows=("all",),
)
WEEKLY_SCORE = Board(
    slug="weekly-score",
    name="Weekly score",
    description="Points of the week; everybody starts again on Monday.",
    action="round_finished",
    combine="sum",
    windows=("week", "all"),
    retention_days=KEPT_FOR,
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of sample data."""

    name: str
    title: Promise
    build: Callable[[int, date, Progress], None]


def showcase(number: int, anchor: date, progress: Progress) -> None:
    """Boards, achievements, and 90 days of play up to noon of the anchor day, through the engine as a game would."""
    random = Random(SEED)  # noqa: S311  (sample data must come out the same each time)
    for board in (COINS, BEST_LAP, WEEKLY_SCORE):
        boards.define(board)
    for achievement in achievements.all_of_them():
        catalog.define(achievement)
    crowd = people.make(number, random)
    total = len(crowd) + DAYS
    for done, person in enumerate(crowd):
        _join(person, anchor)
        progress(done, total)
    lives = [history.begin(person, SEED) for person in crowd]
    for ago in _live(lives, anchor):
        if ago == REGATTA_ENDED:
            catalog.archive(achievements.REGATTA)
        progress(total - ago, total)
    _befriend(crowd)
    _pin_proudest(people.ALICE)


def empty(_number: int, anchor: date, progress: Progress) -> None:
    """Nothing but alice: for those who want to make boards of their own, and to see how empty pages look."""
    _join(people.ALICE, anchor)
    progress(1, 1)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("showcase", gettext_lazy("achievements and boards with 90 days of history"), showcase),
        Scenario("empty", gettext_lazy("the sample log-ins and nothing else"), empty),
    )
}


def _noon(anchor: date, days_ago: int) -> datetime:
    return datetime.combine(anchor - timedelta(days=days_ago), time(12), UTC)


def _join(person: Person, anchor: date) -> None:
    with clock.frozen(history.joined(person, anchor)):
        players.upsert(
            person.id,
            name=person.name,
            about=person.about,
            country=person.country,
            team=person.team,
            region=person.region,
            timezone=person.timezone,
        )


def _befriend(crowd: Sequence[Person]) -> None:
    for place, person in enumerate(crowd):
        friends = {crowd[(place + step) % len(crowd)].id for step in FRIEND_STEPS} - {person.id}
        for friend in sorted(friends):
            players.follow(person.id, friend)


def _pin_proudest(person: Person) -> None:
    """Pins the three unlocks that gave most points, each of an achievement without tiers."""
    found = [it for it in unlocks.for_player(person.id) if not catalog.find(it.achievement).tiers]
    for unlock in sorted(found, key=lambda it: (-it.points, it.achievement))[:3]:
        unlocks.pin(person.id, unlock.achievement)


def _live(lives: Sequence[Life], anchor: date) -> Iterator[int]:
    """Plays day after day and gives how many days ago each was, up to noon of the anchor day."""
    waiting: list[Event] = []
    for ago in reversed(range(DAYS)):
        waiting += [event for life in lives for event in history.day(life, anchor, ago)]
        for until in _moments(anchor, ago):
            _record([event for event in waiting if _moment(event) <= until], until)
            waiting = [event for event in waiting if _moment(event) > until]
        yield ago


def _moments(anchor: date, ago: int) -> list[datetime]:
    """When a game would report: here at noon, and on the last day every hour, so that the latest news is in order."""
    noon = _noon(anchor, ago)
    return [noon - timedelta(hours=hours) for hours in reversed(range(1 if ago else 24))]


def _record(due: Iterable[Event], until: datetime) -> None:
    """Reports what has happened until a moment, in the order in which it has."""
    with clock.frozen(until):
        outcome = events.record(sorted(due, key=_moment))
    if outcome.rejected:  # a mistake in the demo's own data, which must not go unnoticed
        raise ValueError(f"The sample data has events that are refused: {sorted(set(outcome.rejected.values()))}")


def _moment(event: Event) -> datetime:
    return event.at or clock.now()


def number_of_players(text: str) -> int:
    """A number of sample players, for argparse."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PLAYERS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of players from 1 to {MOST_PLAYERS}")
    return int(text)


def add_arguments(parser: CommandParser) -> None:
    """The options of commands that make sample data."""
    parser.add_argument("--players", type=number_of_players, default=PLAYERS, help=f"how many (default: {PLAYERS})")
    parser.add_argument(
        "--scenario",
        choices=SCENARIOS,
        default="showcase",
        help="; ".join(f"{scenario.name}: {scenario.title}" for scenario in SCENARIOS.values()),
    )
