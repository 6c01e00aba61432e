"""Events beside the bare server: what a whole event costs."""

import os
import random
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from achievements.definitions import Achievement, Event
from achievements.services import catalog, events
from gamify_site.ops.bench.clients import clients
from gamify_site.ops.bench.measuring import BATCH, Rate, Way, compare, fill, increment_bare, say
from leaderboards.definitions import Board
from leaderboards.services import boards

SCORE, FULL = "bench_score", "bench_full"  # actions
BATCHES = 200
Batch = Sequence[tuple[str, int]]


def run(players: int, seconds: float) -> dict[str, Any]:
    """Fills two boards of that size, then measures events and the bare server in turns."""
    ids = [player(number) for number in range(players)]
    define()
    fill(ids, ["bench-score", "bench-full"])
    alone = _figures(*compare(ways(players), seconds))
    with clients(ways, players) as both:
        together = _figures(*compare(ways(players), seconds, measure=both, who="2 clients"))
    return {**alone, "two_clients": together}


def player(number: int) -> str:
    """The id of a player."""
    return f"player-{number:08}"


def define() -> None:
    """A board that listens to scores; one with three windows and two achievements that listen to whole events."""
    boards.define(Board("bench-score", "Score", action=SCORE))
    boards.define(Board("bench-full", "Full", action=FULL, windows=("all", "day", "week")))
    for slug, measure in (("bench-sum", "sum"), ("bench-count", "count")):
        catalog.define(rule(slug, measure))


@cache
def ways(players: int) -> list[Way]:
    """The three ways of writing; each process draws players of its own."""
    dice = random.Random(os.getpid())  # noqa: S311
    batches = [
        [(player(dice.randrange(players)), dice.randrange(1, 100)) for _ in range(BATCH)] for _ in range(BATCHES)
    ]
    return [
        Way("pipelined ZINCRBY", lambda number: batches[number % BATCHES], increment_bare),
        Way("events for one board", _maker(SCORE, batches, with_ids=False), events.record),
        whole(batches),
    ]


def whole(batches: Sequence[Batch]) -> Way:
    """Writing batches of players and amounts as events that count for all there is."""
    return Way("events for 2 achievements and 3 windows, with ids", _maker(FULL, batches, with_ids=True), events.record)


def _figures(bare: Rate, score: Rate, full: Rate) -> dict[str, Any]:
    for name, found, goal in (("one board", score, 50), ("full", full, 20)):
        say(f"ratio, {name}: {found.per_second / bare.per_second:.0%} (goal: at least {goal} %)")
    return {
        "bare_writes_per_second": round(bare.per_second),
        "bare_server_us": round(bare.server_us, 2),
        "score_events_per_second": round(score.per_second),
        "score_server_us": round(score.server_us, 2),
        "score_ratio": round(score.per_second / bare.per_second, 3),
        "full_events_per_second": round(full.per_second),
        "full_server_us": round(full.server_us, 2),
        "full_ratio": round(full.per_second / bare.per_second, 3),
    }


def _maker(action: str, batches: Sequence[Batch], *, with_ids: bool) -> Callable[[int], list[Event]]:
    prefix = os.getpid()  # no two clients make the same id

    def make(number: int) -> list[Event]:
        return [
            Event(player, action, amount, id=f"{prefix}-{number}-{place}" if with_ids else None)
            for place, (player, amount) in enumerate(batches[number % len(batches)])
        ]

    return make


def rule(slug: str, measure: Any) -> Achievement:
    """An achievement that listens to whole events."""
    fields: dict[str, Any] = {"type": "counter", "points": 5, "category": "bench", "status": "published"}
    return Achievement(slug, slug, "", action=FULL, target=10**9, measure=measure, **fields)
