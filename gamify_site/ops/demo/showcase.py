"""The showcase: Tidewick, a small game with all there is; and the scenario with nothing in it."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random

from achievements.definitions import Event
from achievements.services import catalog, unlocks
from gamify_site.ops.demo import achievements, history, people, writing
from gamify_site.ops.demo.history import DAYS, Life
from gamify_site.ops.demo.people import Person
from gamify_site.ops.demo.writing import KEPT_FOR, REPORTED_WITHIN, SEED, Progress, happened, noon
from leaderboards.definitions import Board
from leaderboards.services import boards

REGATTA_ENDED = 45  # days ago; who was there keeps it

COINS = Board(
    slug="coins",
    name="Coins",
    description="Every coin collected counts.",
    action="coin_collected",
    combine="sum",
    windows=("all", "day", "week", "month"),
    segment_by="country",
    retention_days=KEPT_FOR,
    grace_hours=REPORTED_WITHIN,
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
    grace_hours=REPORTED_WITHIN,
)


def make(number: int, anchor: date, progress: Progress) -> None:
    """Boards, achievements, and 90 days of play up to noon of the anchor day, through the engine as a game would."""
    define()
    crowd = people.make(number, Random(SEED))  # noqa: S311  (sample data must come out the same each time)
    total = len(crowd) + DAYS
    for done, person in enumerate(crowd):
        writing.join([person], anchor)
        progress(done, total)
    lives = [history.begin(person, SEED) for person in crowd]
    for ago in _live(lives, anchor):
        if ago == REGATTA_ENDED:
            catalog.archive(achievements.REGATTA)
        progress(total - ago, total)
    writing.befriend(crowd)
    _pin_proudest(people.ALICE)


def define() -> None:
    """The showcase's boards and achievements."""
    for board in (COINS, BEST_LAP, WEEKLY_SCORE):
        boards.define(board)
    for achievement in achievements.all_of_them():
        catalog.define(achievement)


def make_empty(_number: int, anchor: date, progress: Progress) -> None:
    """Nothing but alice: for those who want to make boards of their own, and to see how empty pages look."""
    writing.join([people.ALICE], anchor)
    progress(1, 1)


def _pin_proudest(person: Person) -> None:
    """Pins the three unlocks that gave most points, each of an achievement without tiers."""
    found = [it for it in unlocks.for_player(person.id) if not catalog.find(it.achievement).tiers]
    for unlock in sorted(found, key=lambda it: (-it.points, it.achievement))[:3]:
        unlocks.pin(person.id, unlock.achievement)


def _live(lives: Sequence[Life], anchor: date) -> Iterator[int]:
    """Plays day after day and gives how many days ago each was, up to noon of the anchor day."""
    waiting = []
    for ago in reversed(range(DAYS)):
        waiting += [event for life in lives for event in history.day(life, anchor, ago)]
        for until in _moments(anchor, ago):
            due, waiting = _split(waiting, until)
            writing.record(due, until)
        yield ago


def _split(waiting: Sequence[Event], until: datetime) -> tuple[list[Event], list[Event]]:
    """What has happened by then, and what has not yet."""
    later = [event for event in waiting if happened(event) > until]
    return [event for event in waiting if happened(event) <= until], later


def _moments(anchor: date, ago: int) -> list[datetime]:
    """When a game would report: here at noon, and on the last day every hour, so that the latest news is in order."""
    return [noon(anchor, ago) - timedelta(hours=hours) for hours in reversed(range(1 if ago else 24))]
