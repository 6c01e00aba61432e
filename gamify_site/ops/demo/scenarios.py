"""What sample data there is. A scenario writes through the public services alone, as a game would."""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from django.core.management.base import CommandParser

from gamify_site import clock
from gamify_site.ops.demo import people
from gamify_site.ops.demo.people import Person
from gamify_site.players import services as players
from leaderboards.definitions import Board
from leaderboards.services import boards, scores

Progress = Callable[[int, int], None]

DAYS = 90  # of history, the anchor's day included
PLAYERS = 250
MOST_PLAYERS = 5000
SEED = 2026
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
    title: str
    build: Callable[[int, date, Progress], None]


def showcase(number: int, anchor: date, progress: Progress) -> None:
    """Three boards with 90 days of history up to noon of the anchor day."""
    random = Random(SEED)  # noqa: S311  (sample data must come out the same each time)
    for board in (COINS, BEST_LAP, WEEKLY_SCORE):
        boards.define(board)
    crowd = people.make(number, random)
    total = len(crowd) + DAYS
    for done, person in enumerate(crowd):
        _join(person, anchor)
        progress(done, total)
    for ago in reversed(range(DAYS)):
        _play(ago, anchor, crowd, random)
        progress(total - ago, total)


def empty(_number: int, anchor: date, progress: Progress) -> None:
    """Nothing but alice: for those who want to make boards of their own, and to see how empty pages look."""
    _join(people.ALICE, anchor)
    progress(1, 1)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("showcase", "three boards with 90 days of history", showcase),
        Scenario("empty", "the sample log-ins and nothing else", empty),
    )
}


def _noon(anchor: date, days_ago: int) -> datetime:
    return datetime.combine(anchor - timedelta(days=days_ago), time(12), UTC)


def _join(person: Person, anchor: date) -> None:
    with clock.frozen(_noon(anchor, person.joined_days_ago)):
        players.upsert(
            person.id,
            name=person.name,
            about=person.about,
            country=person.country,
            team=person.team,
            region=person.region,
            timezone=person.timezone,
        )


def _play(ago: int, anchor: date, crowd: Iterable[Person], random: Random) -> None:
    """One day of games: fewer people play midweek, everybody gets a little better with time."""
    moment = _noon(anchor, ago)
    mood = 1.2 if moment.weekday() >= 5 else 0.9
    today = [person for person in crowd if _plays(person, ago, mood, random)]
    coins = {person.id: 10 * max(1, round(random.gauss(14, 5) * person.skill)) for person in today}
    points = {person.id: max(5, round(random.gauss(120, 45) * person.skill)) for person in today}
    laps = {person.id: _lap(person, ago, random) for person in today if random.random() < 0.4}
    with clock.frozen(moment):
        for board, results in ((COINS, coins), (WEEKLY_SCORE, points), (BEST_LAP, laps)):
            if results:
                scores.submit_many(board.slug, results, at=moment)


def _plays(person: Person, ago: int, mood: float, random: Random) -> bool:
    """Whether it is one of the person's days; everybody has one that is certain, so that nobody is missing."""
    is_keen = random.random() < person.diligence * mood
    return person.joined_days_ago >= ago and (is_keen or person.joined_days_ago % DAYS == ago)


def _lap(person: Person, ago: int, random: Random) -> Decimal:
    """Seconds around the harbour: 58 for the best, and a few more for rust and traffic."""
    seconds = 58 + 9 / person.skill + ago / 60 + random.expovariate(0.4)
    return Decimal(round(seconds * 100)).scaleb(-2)


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
