"""What the suites share: filling boards, and measuring ways of writing beside the bare server."""

import random
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypedDict

from gamify_site.store.connection import client
from leaderboards.services import scores

BATCH = 500
ROUNDS = 3
BARE = "bench:bare"  # a sorted set of the same size, written to by redis-py alone


class Rate(NamedTuple):
    """Writes per second, and microseconds of the server's CPU for each."""

    per_second: float
    server_us: float


def say(text: str) -> None:
    """Prints a line of the report."""
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()


def fill(ids: Sequence[str], slugs: Sequence[str]) -> None:
    """Writes a score for each player to some boards, and to the bare sorted set."""
    dice = random.Random(1)  # noqa: S311
    began = time.perf_counter()
    for start in range(0, len(ids), 5000):
        values = {player: dice.randrange(1_000_000) for player in ids[start : start + 5000]}
        for slug in slugs:
            scores.submit_many(slug, values)
        client().zadd(BARE, values)
        if sys.stdout.isatty():
            sys.stdout.write(f"\r  filling {start * 100 // len(ids)} %")
    say(f"\r{len(ids):,} players filled in {time.perf_counter() - began:.0f} s")


def increment_bare(batch: Sequence[tuple[str, int]]) -> None:
    """What the bare server does with a batch: one pipeline of ZINCRBY."""
    pipeline = client().pipeline(transaction=False)
    for player, amount in batch:
        pipeline.zincrby(BARE, amount, player)
    pipeline.execute()


class Way(NamedTuple):
    """A way of writing: `prepare(number)` makes a batch, which is not measured, and `write` writes it."""

    name: str
    prepare: Callable[[int], Any]
    write: Callable[[Any], object]


def rate(way: Way, first: int, seconds: float) -> Rate:
    """Writes batch after batch, numbered from `first`, until the writing alone has taken some seconds."""
    done, duration, server = 0, 0.0, server_seconds()
    while duration < seconds:
        batch = way.prepare(first + done)
        began = time.perf_counter()
        way.write(batch)
        duration += time.perf_counter() - began
        done += 1
    return Rate(done * BATCH / duration, (server_seconds() - server) / (done * BATCH) * 1e6)


def compare(
    ways: Sequence[Way], seconds: float, *, measure: Callable[[Way, int, float], Rate] = rate, who: str = "1 client"
) -> list[Rate]:
    """Measures ways of writing batches, `prepare` gets numbers that never come again. Gives and prints the best rates.

    They take turns, so that a busy moment of the machine does not fall on one of them alone.
    """
    best = [Rate(0.0, 0.0) for _ in ways]
    for turn in range(ROUNDS):
        for place, way in enumerate(ways):
            best[place] = max(best[place], measure(way, turn * 1_000_000, seconds / ROUNDS))
    for way, found in zip(ways, best, strict=True):
        say(f"{way.name}, {who}: {found.per_second:>9,.0f}/s, {found.server_us:.2f} µs of server time each")
    return best


def server_seconds() -> float:
    """The CPU time that the server has used."""
    usage = client().info("cpu")
    return float(usage["used_cpu_user"] + usage["used_cpu_sys"])


class Cost(TypedDict):
    """Writes per second, microseconds of all servers' CPU for each, and each server's share of those."""

    per_second: float
    us: float
    shares: list[float]


def cost_on(servers: Sequence[Any], write: Callable[[], object], number: int, seconds: float) -> Cost:
    """What writing costs some servers, which do nothing else; each call of `write` makes that many writes."""
    before, began, done = _used(servers), time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        write()
        done += number
    took = time.perf_counter() - began
    used = [after - start for after, start in zip(_used(servers), before, strict=True)]
    return Cost(per_second=done / took, us=round(sum(used) / done * 1e6, 2), shares=[it / sum(used) for it in used])


def _used(servers: Sequence[Any]) -> list[float]:
    usages = [server.info("cpu") for server in servers]
    return [float(usage["used_cpu_user"] + usage["used_cpu_sys"]) for usage in usages]
