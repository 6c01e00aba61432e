"""Equal scores, under each rule for ties.

The boards `shared`, `dense` and `earliest` hold the same scores: three players share the first place, two the fourth
and two the sixth, four the ninth (across the edge of the top 10, alice among them), and below that all come in pairs.
On `earliest` whoever was there first is above; sending the same score again changed nothing. On `all-equal` everybody
has the same. `achievement-points` ranks by `unlocks`: of the players with the same points, whoever made them of more
achievements is above; who has as many as another shares the rank.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain, repeat

from achievements.definitions import Event
from achievements.services import catalog
from gamify_site.ops.demo import writing
from gamify_site.ops.demo.designing import placed, row
from gamify_site.ops.demo.people import Person
from gamify_site.ops.demo.writing import KEPT_FOR, Progress, noon
from leaderboards.definitions import Board
from leaderboards.services import boards

SCORED, STAMPED = "points_scored", "ticket_stamped"
BEST, STEP = 100_000, 25  # the best score, and what each group has less than the one before
EVERYBODYS = 7
GROUPS = (3, 2, 2, 1, 4)  # how many have the same score; then pairs
PAUSE = timedelta(minutes=10)  # between those who reach the same score
ALICES_PLACE = 10  # the eleventh, in the tie for the ninth rank

RULES = (
    Board(
        "shared", "Shared ranks", description="Equal scores share a rank, the next ones are left out.", ties="shared"
    ),
    Board("dense", "Dense ranks", description="Equal scores share a rank, the next one follows.", ties="dense"),
    Board("earliest", "Earliest first", description="Of equal scores, the one reached first.", ties="earliest"),
)
ALL_EQUAL = Board("all-equal", "All equal", STAMPED, description="Everybody has the same.", retention_days=KEPT_FOR)

PRIZES = (
    row("sixty", "Sixty", "One prize of 60 points.", 60, "trophy", action="sixty_won"),
    row("thirty-one", "First Thirty", "The first of two prizes of 30 points.", 30, "star", action="thirty_one_won"),
    row("thirty-two", "Second Thirty", "The second of two prizes of 30 points.", 30, "sun", action="thirty_two_won"),
    row("twenty-one", "First Twenty", "The first of three prizes of 20 points.", 20, "gift", action="twenty_one_won"),
    row("twenty-two", "Second Twenty", "The second of three prizes of 20 points.", 20, "bell", action="twenty_two_won"),
    row(
        "twenty-three", "Third Twenty", "The third of three prizes of 20 points.", 20, "key", action="twenty_three_won"
    ),
    row("ten", "Ten", "A prize of 10 points.", 10, "bolt", action="ten_won"),
)
HANDS = (  # who has which prizes: 60 points three ways, then 30 points two ways
    ("sixty_won",),
    ("thirty_one_won", "thirty_two_won"),
    ("twenty_one_won", "twenty_two_won", "twenty_three_won"),
    ("thirty_one_won",),
    ("twenty_one_won", "ten_won"),
)


def make(number: int, anchor: date, progress: Progress) -> None:
    """Four boards, and achievements that give the same points by one, two or three unlocks."""
    for board in RULES:
        boards.define(replace(board, action=SCORED, combine="best", windows=("all", "week"), retention_days=KEPT_FOR))
    boards.define(ALL_EQUAL)
    for prize in placed({"prizes": PRIZES}):
        catalog.define(prize)
    crowd = writing.old_hands(number)
    writing.join(crowd, anchor)
    # One wave after the other: the order within a report is that of the shards.
    waves = [*_waves(groups(crowd), anchor), list(_prizes(crowd, anchor))]
    for done, wave in enumerate(waves, 1):
        writing.record(wave, max(map(writing.happened, wave)))
        progress(done, len(waves))


def groups(crowd: Sequence[Person]) -> list[list[str]]:
    """The ids of those with the same score, best group first, in the order in which they reach it."""
    ordered = [*crowd[1 : ALICES_PLACE + 1], *crowd[:1], *crowd[ALICES_PLACE + 1 :]]
    waiting = [person.id for person in ordered]
    sizes = chain(GROUPS, repeat(2))
    found = []
    while waiting:
        size = next(sizes)
        found.append(waiting[:size])
        waiting = waiting[size:]
    return found


def _waves(ranked: Sequence[Sequence[str]], anchor: date) -> list[list[Event]]:
    """The first of each group, then the second …, then all who were first once more, with the same score."""
    most = max(map(len, ranked))
    order = [*range(most), 0]
    return [
        [
            Event(group[turn], SCORED, value=BEST - STEP * place, at=noon(anchor) - (len(order) - wave) * PAUSE)
            for place, group in enumerate(ranked)
            if turn < len(group)
        ]
        for wave, turn in enumerate(order)
    ]


def _prizes(crowd: Sequence[Person], anchor: date) -> Iterator[Event]:
    for place, person in enumerate(crowd):
        yield Event(person.id, STAMPED, EVERYBODYS, at=noon(anchor))
        for action in HANDS[place % len(HANDS)]:
            yield Event(person.id, action, at=noon(anchor))
