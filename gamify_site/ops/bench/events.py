"""Events beside the bare server: what a whole event costs, and what it costs to read a player's catalog."""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from achievements.definitions import Achievement, Event, Tier
from achievements.services import catalog, events, progress
from gamify_site.ops.bench.measuring import BATCH, Way, compare, fill, increment_bare, say
from leaderboards.definitions import Board
from leaderboards.services import boards

SCORE, FULL = "bench_score", "bench_full"  # actions
BATCHES = 200
ACHIEVEMENTS = 200
READS = 2000
Batch = Sequence[tuple[str, int]]


def run(players: int, seconds: float) -> dict[str, Any]:
    """Fills two boards of that size, then measures events and the bare server in turns, then reading a catalog."""
    ids = [f"player-{number:08}" for number in range(players)]
    boards.define(Board("bench-score", "Score", action=SCORE))
    boards.define(Board("bench-full", "Full", action=FULL, windows=("all", "day", "week")))
    for slug, measure in (("bench-sum", "sum"), ("bench-count", "count")):
        catalog.define(_achievement(slug, FULL, 10**9, measure=measure))
    fill(ids, ["bench-score", "bench-full"])
    return {**_writes(ids, seconds), "catalog": _catalog(ids[0])}


def _writes(ids: Sequence[str], seconds: float) -> dict[str, Any]:
    dice = random.Random(2)  # noqa: S311
    batches = [[(dice.choice(ids), dice.randrange(1, 100)) for _ in range(BATCH)] for _ in range(BATCHES)]
    bare, score, full = compare(
        [
            Way("pipelined ZINCRBY", lambda number: batches[number % BATCHES], increment_bare),
            Way("events for one board", _maker(SCORE, batches, with_ids=False), events.record),
            Way(
                "events for 2 achievements and 3 windows, with ids", _maker(FULL, batches, with_ids=True), events.record
            ),
        ],
        seconds,
    )
    for name, rate, goal in (("one board", score, 50), ("full", full, 20)):
        say(f"ratio, {name}: {rate.per_second / bare.per_second:.0%} (goal: at least {goal} %)")
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
    def make(number: int) -> list[Event]:
        return [
            Event(player, action, amount, id=f"{number}-{place}" if with_ids else None)
            for place, (player, amount) in enumerate(batches[number % len(batches)])
        ]

    return make


def _achievement(slug: str, action: str | None, target: int, **fields: Any) -> Achievement:
    given: dict[str, Any] = {"type": "counter", "points": 5, "category": "bench", "status": "published"} | fields
    return Achievement(slug=slug, name=slug, description="", action=action, target=target, **given)


def _catalog(player: str) -> dict[str, float]:
    """A player's whole catalog of 200 achievements of all types, half of them unlocked."""
    for number in range(ACHIEVEMENTS):
        catalog.define(_sample(number))
    batch = [Event(player, f"bench_{number}", 5, item=0) for number in range(ACHIEVEMENTS)]
    events.record(batch)
    times = []
    for _ in range(READS):
        began = time.perf_counter()
        progress.all(player)
        times.append((time.perf_counter() - began) * 1000)
    median, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
    say(f"catalog of {ACHIEVEMENTS} achievements: median {median:.2f} ms (goal: 1 ms), p99 {p99:.2f} ms")
    return {"median_ms": round(median, 2), "p99_ms": round(p99, 2)}


def _sample(number: int) -> Achievement:
    slug, action = f"sample-{number}", f"bench_{number}"
    target = 5 if number % 2 else 50
    kind = number % 10
    if kind == 0:
        return _achievement(slug, action, 3, type="collection", items=("cup", "ring", "hat"))
    if kind == 1:
        tiers = tuple(Tier(level, level, place + 1, 1) for place, level in enumerate(("a", "b", "c")))
        return _achievement(slug, action, 3, type="tiered", points=0, tiers=tiers)
    if kind == 2:
        return _achievement(slug, action, target, type="streak")
    if kind == 3:
        return _achievement(slug, None, target, type="meta")
    return _achievement(slug, action, target)
