"""Events beside the bare server: what a whole event costs, and what it costs to read a player's catalog."""

import multiprocessing
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from multiprocessing.pool import Pool
from multiprocessing.synchronize import Barrier
from typing import Any

import django

from achievements.definitions import Achievement, Event, Tier
from achievements.services import catalog, events, progress
from gamify_site.ops.bench.measuring import BATCH, Rate, Way, compare, fill, increment_bare, rate, say
from gamify_site.store.connection import client
from leaderboards.definitions import Board
from leaderboards.services import boards

SCORE, FULL = "bench_score", "bench_full"  # actions
BATCHES = 200
ACHIEVEMENTS = 200
READS = 2000
CLIENTS = 2  # at once, after one alone
START_TIMEOUT = 60.0  # seconds
Batch = Sequence[tuple[str, int]]


def run(players: int, seconds: float) -> dict[str, Any]:
    """Fills two boards of that size, then measures events and the bare server in turns, then reading a catalog."""
    ids = [f"player-{number:08}" for number in range(players)]
    boards.define(Board("bench-score", "Score", action=SCORE))
    boards.define(Board("bench-full", "Full", action=FULL, windows=("all", "day", "week")))
    for slug, measure in (("bench-sum", "sum"), ("bench-count", "count")):
        catalog.define(_achievement(slug, FULL, 10**9, measure=measure))
    fill(ids, ["bench-score", "bench-full"])
    alone = _figures(*compare(_ways(players), seconds))
    with _clients(players) as pool:
        together = _figures(
            *compare(_ways(players), seconds, measure=partial(_together, pool, players), who="2 clients")
        )
    return {**alone, "two_clients": together, "catalog": _catalog(ids[0])}


@cache
def _ways(players: int) -> list[Way]:
    """The three ways of writing; each process draws players of its own."""
    dice = random.Random(os.getpid())  # noqa: S311
    batches = [
        [(f"player-{dice.randrange(players):08}", dice.randrange(1, 100)) for _ in range(BATCH)] for _ in range(BATCHES)
    ]
    return [
        Way("pipelined ZINCRBY", lambda number: batches[number % BATCHES], increment_bare),
        Way("events for one board", _maker(SCORE, batches, with_ids=False), events.record),
        Way("events for 2 achievements and 3 windows, with ids", _maker(FULL, batches, with_ids=True), events.record),
    ]


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


@contextmanager
def _clients(players: int) -> Iterator[Pool]:
    """Client processes that are ready to write: one client alone cannot keep the server busy."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(CLIENTS + 1)
    with context.Pool(CLIENTS, _prepare, (players, ready)) as pool:
        ready.wait(START_TIMEOUT)
        yield pool


def _prepare(players: int, ready: Barrier) -> None:
    django.setup()
    _ways(players)
    ready.wait(START_TIMEOUT)


def _together(pool: Pool, players: int, way: Way, first: int, seconds: float) -> Rate:
    """The sum of what the clients write at the same time; each of them sees all of the server's CPU."""
    found = pool.starmap(_write, [(players, way.name, first, seconds)] * CLIENTS, chunksize=1)
    return Rate(sum(one.per_second for one in found), 1 / sum(1 / one.server_us for one in found))


def _write(players: int, name: str, first: int, seconds: float) -> Rate:
    """What one of the clients does; a way itself cannot be sent to a process."""
    (way,) = [way for way in _ways(players) if way.name == name]
    return rate(way, first, seconds)


def _maker(action: str, batches: Sequence[Batch], *, with_ids: bool) -> Callable[[int], list[Event]]:
    prefix = os.getpid()  # no two clients make the same id

    def make(number: int) -> list[Event]:
        return [
            Event(player, action, amount, id=f"{prefix}-{number}-{place}" if with_ids else None)
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
    before = _server_reads()
    for _ in range(READS):
        began = time.perf_counter()
        progress.all(player)
        times.append((time.perf_counter() - began) * 1000)
    trips = (_server_reads() - before - 1) / READS  # one was to ask for the reads
    median, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
    told = f"median {median:.2f} ms (goal: 1 ms), p99 {p99:.2f} ms, {trips:.2f} round trips each"
    say(f"catalog of {ACHIEVEMENTS} achievements: {told}")
    return {"median_ms": round(median, 2), "p99_ms": round(p99, 2), "round_trips": round(trips, 2)}


def _server_reads() -> int:
    """How often the server has read from a connection: once for each short request."""
    return int(client().info("stats")["total_reads_processed"])


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
