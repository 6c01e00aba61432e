"""Client processes that write at the same time: one client alone cannot keep the server busy."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.pool import Pool
from multiprocessing.synchronize import Barrier
from typing import Any

import django

from gamify_site.ops.bench.measuring import Rate, Way, rate

CLIENTS = 2
START_TIMEOUT = 60.0  # seconds
Make = Callable[[int], list[Way]]  # the ways of writing, from the number of players; a function of a module


@contextmanager
def clients(make: Make, players: int) -> Iterator[Callable[[Way, int, float], Rate]]:
    """Two processes that are ready to write. Gives what `measuring.compare` measures by: the sum of what both write.

    Each of them sees all of the server's CPU, so that the microseconds are shared out again.
    """
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(CLIENTS + 1)
    with context.Pool(CLIENTS, _prepare, (make, players, ready)) as pool:
        ready.wait(START_TIMEOUT)
        yield lambda way, first, seconds: _together(pool, (make, players, way.name, first, seconds))


def _prepare(make: Make, players: int, ready: Barrier) -> None:
    django.setup()
    make(players)
    ready.wait(START_TIMEOUT)


def _together(pool: Pool, asked: Sequence[Any]) -> Rate:
    found = pool.starmap(_write, [asked] * CLIENTS, chunksize=1)
    return Rate(sum(one.per_second for one in found), 1 / sum(1 / one.server_us for one in found))


def _write(make: Make, players: int, name: str, first: int, seconds: float) -> Rate:
    """What one of the clients does; a way itself cannot be sent to a process."""
    (way,) = [way for way in make(players) if way.name == name]
    return rate(way, first, seconds)
