"""Batches of score updates onto a board that is filled, and the bare server's ZINCRBY onto the same sorted sets."""

import os
import random
from collections.abc import Sequence
from functools import cache
from typing import Any

from achievements.definitions import Event
from achievements.services import events
from gamify_site.ops.bench.clients import clients
from gamify_site.ops.bench.filling import ACTION, BOARD, player
from gamify_site.ops.bench.measuring import BATCH, Rate, Way, compare
from gamify_site.store import keys, shards
from gamify_site.store.connection import client
from leaderboards.services import scores

BATCHES = 200


def measure(players: int, seconds: float) -> dict[str, Any]:
    """Each way of writing in turns, by one client and by two: updates per second and the server's CPU for each."""
    alone = compare(ways(players), seconds)
    with clients(ways, players) as both:
        together = compare(ways(players), seconds, measure=both, who="2 clients")
    return {"one_client": _figures(alone), "two_clients": _figures(together)}


@cache
def ways(players: int) -> list[Way]:
    """The ways of writing; each process draws players of its own, from all of the board."""
    dice = random.Random(os.getpid())  # noqa: S311
    batches = [
        [(player(dice.randrange(players)), dice.randrange(1, 100)) for _ in range(BATCH)] for _ in range(BATCHES)
    ]
    return [
        Way("pipelined ZINCRBY", lambda number: batches[number % BATCHES], _increment_in_place),
        Way(
            "scores.submit_many",
            lambda number: batches[number % BATCHES],
            lambda batch: scores.submit_many(BOARD, batch),
        ),
        Way(
            "events.record",
            lambda number: [Event(it, ACTION, amount) for it, amount in batches[number % BATCHES]],
            events.record,
        ),
    ]


def _increment_in_place(batch: Sequence[tuple[str, int]]) -> None:
    names = [keys.board(shard, BOARD, "all") for shard in shards.everyone()]
    pipeline = client().pipeline(transaction=False)
    for it, amount in batch:
        pipeline.zincrby(names[shards.of(it)], amount, it)
    pipeline.execute()


def _figures(found: Sequence[Rate]) -> dict[str, Any]:
    names = ("bare", "submit_many", "events")
    return {
        name: {"per_second": round(one.per_second), "server_us": round(one.server_us, 2)}
        for name, one in zip(names, found, strict=True)
    }
