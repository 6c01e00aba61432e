"""The same events on one server, one node and three: what they cost the servers, and how that is spread.

On a machine of few cores three servers are no faster than one; the time that they compute for an event is what counts.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any

import django

from gamify_site.store.throwaway import cluster, lone_server

SHARDS = 12  # of which each of three nodes with even ranges of slots has four
ROUNDS = 3


def run(players: int, seconds: float) -> dict[str, Any]:
    """Reports events to each in turns, and prints the best of each."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gamify-cluster-")))
        addresses = {
            "server": stack.enter_context(lone_server(folder / "server")),
            "one_node": stack.enter_context(cluster(folder / "one", 1)),
            "three_nodes": stack.enter_context(cluster(folder / "three", 3)),
        }
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in addresses}
        for _ in range(ROUNDS):
            for name, address in addresses.items():
                found[name].append(_measure_elsewhere(address, players, seconds / ROUNDS))
    best = {name: min(some, key=lambda it: float(it["server_us"])) for name, some in found.items()}
    return {**best, **_say(best)}


def _say(best: dict[str, dict[str, Any]]) -> dict[str, Any]:
    from gamify_site.ops.bench.measuring import say

    for name, told in best.items():
        say(
            f"full events, {name.replace('_', ' ')}: {told['per_second']:>7,}/s, "
            f"{told['server_us']:.2f} µs of server time each"
        )
    three = best["three_nodes"]
    more = {name: three["server_us"] / best[name]["server_us"] - 1 for name in ("one_node", "server")}
    say(f"three nodes need {more['one_node']:+.0%} server time for an event beside one node (goal: within 15 %)")
    say(f"and {more['server']:+.0%} beside a server that is no cluster")
    say(f"spread over the nodes: {', '.join(f'{share:.0%}' for share in three['shares'])} (even: 33 %)")
    return {"more_server_time": {name: round(value, 3) for name, value in more.items()}}


def _measure_elsewhere(address: str, players: int, seconds: float) -> dict[str, Any]:
    """In a process of its own, which is told the address as any program of the site is."""
    environment = os.environ | {"GAMIFY_REDIS_URL": address, "GAMIFY_SHARDS": str(SHARDS)}
    command = [sys.executable, "-m", __name__, str(players), str(seconds)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _measure(players: int, seconds: float) -> dict[str, Any]:
    """Events a second, microseconds of all servers for each, and each server's share."""
    from achievements.services import events as reported
    from gamify_site.ops.bench import events
    from gamify_site.ops.bench.measuring import BATCH
    from gamify_site.store import connection

    events.define()
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
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gamify_site.settings")
    django.setup()
    sys.stdout.write(json.dumps(_measure(int(sys.argv[1]), float(sys.argv[2]))))
