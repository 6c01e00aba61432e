"""One turn of `bench cluster`, in a process of its own, which is told the address as any program of the site is.

`python -m gamify_site.ops.bench.cluster_turn fill PLAYERS` reports an event of each player,
`… measure PLAYERS SECONDS` events of players drawn from all, and prints the figures as JSON.
"""

import json
import sys
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import django

from achievements.definitions import Event
from achievements.services import events as reported
from gamify_site.ops.bench import events
from gamify_site.ops.bench.measuring import BATCH
from gamify_site.store import connection


def main() -> None:
    django.setup()
    what, players, *seconds = sys.argv[1:]
    events.define()
    if what == "fill":
        fill(int(players))
    else:
        json.dump(measure(int(players), float(seconds[0])), sys.stdout)


def fill(players: int) -> None:
    """Makes all players known: what it costs to get to know somebody falls on no turn."""
    for start in range(0, players, BATCH):
        names = [events.player(number) for number in range(start, min(players, start + BATCH))]
        reported.record([Event(name, events.FULL, id=f"first-{name}") for name in names])


def measure(players: int, seconds: float) -> dict[str, Any]:
    """Events a second, microseconds of all servers for each, and each server's share."""
    way = events.ways(players)[-1]
    for number in range(20):  # scripts are loaded, connections made
        reported.record(way.prepare(-1 - number))
    servers = connection.servers()
    before, began, done = _server_seconds(servers), perf_counter(), 0
    while perf_counter() - began < seconds:
        reported.record(way.prepare(done))
        done += 1
    took = perf_counter() - began
    used = [after - start for after, start in zip(_server_seconds(servers), before, strict=True)]
    return {
        "per_second": round(done * BATCH / took),
        "server_us": round(sum(used) / (done * BATCH) * 1e6, 2),
        "shares": [round(it / sum(used), 3) for it in used],
    }


def _server_seconds(servers: Sequence[Any]) -> list[float]:
    usages = [server.info("cpu") for server in servers]
    return [float(usage["used_cpu_user"] + usage["used_cpu_sys"]) for usage in usages]


if __name__ == "__main__":
    main()
