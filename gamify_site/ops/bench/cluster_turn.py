"""The client of `bench cluster`, a process of its own, which is told the address as any program of the site is.

`python -m gamify_site.ops.bench.cluster_turn PLAYERS SECONDS` reports an event of each player and prints a line; then,
for each line of its input that names one of `WAYS`, it reports events for so long and prints the figures as JSON.
"""

import json
import os
import random
import sys
from itertools import count
from typing import Any

import django

from achievements.definitions import Event
from achievements.services import events as reported
from gamify_site.ops.bench import events
from gamify_site.ops.bench.measuring import BATCH, Cost, Way, cost_on
from gamify_site.store import connection, keys, shards
from gamify_site.store.cluster import slot_of

NODES = 3
SLOTS = 16384
WAYS = {"at_once": "each batch for all nodes at once", "in_turn": "each batch for one node, by turns"}
WARMING_UP = 20  # batches: scripts are loaded, connections made


def main() -> None:
    django.setup()
    players, seconds = int(sys.argv[1]), float(sys.argv[2])
    events.define()
    fill(players)
    ways = {"at_once": events.whole(_batches(players, 1)), "in_turn": events.whole(_batches(players, NODES))}
    numbers = count()
    for way in ways.values():
        for _ in range(WARMING_UP):
            reported.record(way.prepare(next(numbers)))
    _print("ready")
    for line in sys.stdin:
        _print(measure(ways[line.strip()], numbers, seconds))


def fill(players: int) -> None:
    """Makes all players known: what it costs to get to know somebody falls on no turn."""
    for start in range(0, players, BATCH):
        names = [events.player(number) for number in range(start, min(players, start + BATCH))]
        reported.record([Event(name, events.FULL, id=f"first-{name}") for name in names])


def _batches(players: int, parts: int) -> list[events.Batch]:
    """Batches of which each is for the players of a part of all slots, one part after the other."""
    dice = random.Random(os.getpid())  # noqa: S311
    drawn: list[list[tuple[str, int]]] = [[] for _ in range(parts)]
    while min(map(len, drawn)) < events.BATCHES // parts * BATCH:
        name = events.player(dice.randrange(players))
        slot = slot_of(keys.shard(shards.of(name)))
        drawn[slot * parts // SLOTS].append((name, dice.randrange(1, 100)))
    starts = range(0, events.BATCHES // parts * BATCH, BATCH)
    return [part[start : start + BATCH] for start in starts for part in drawn]


def measure(way: Way, numbers: "count[int]", seconds: float) -> Cost:
    """What whole events cost the servers."""
    return cost_on(connection.servers(), lambda: way.write(way.prepare(next(numbers))), BATCH, seconds)


def _print(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
