"""The same events on one server, one node and three: what they cost the servers, and how that is spread.

On a machine of few cores three servers are no faster than one; the time that they compute for an event is what counts.
It differs by a tenth from one moment to the next, whatever is measured: hence many short turns.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import OutputWrapper

from gamify_site.ops.bench import goals
from gamify_site.ops.bench.measuring import say
from gamify_site.ops.progress import Bar
from gamify_site.store.throwaway import cluster, lone_server

SHARDS = 12  # of which each of three nodes with even ranges of slots has four
ROUNDS = 12


def run(players: int, seconds: float) -> dict[str, Any]:
    """Makes the players known to each, then reports events to each in turns of half of the seconds."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gamify-cluster-")))
        addresses = {
            "server": stack.enter_context(lone_server(folder / "server")),
            "one_node": stack.enter_context(cluster(folder / "one", 1)),
            "three_nodes": stack.enter_context(cluster(folder / "three", 3)),
        }
        for address in addresses.values():
            _turn(address, "fill", players)
        bar = Bar(OutputWrapper(sys.stdout))
        turns: dict[str, list[dict[str, Any]]] = {name: [] for name in addresses}
        for number in range(ROUNDS):
            for name in list(addresses)[:: 1 if number % 2 else -1]:  # nobody always comes after the same one
                turns[name].append(json.loads(_turn(addresses[name], "measure", players, seconds / 2)))
                bar(sum(map(len, turns.values())), ROUNDS * len(addresses))
    return _say(players, {name: _undisturbed(found) for name, found in turns.items()})


def _undisturbed(turns: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The turn that three of four are slower than: what else the machine does can only add to one."""
    ordered = sorted(turns, key=lambda it: float(it["server_us"]))
    return {**ordered[len(ordered) // 4], "server_us_of_turns": [it["server_us"] for it in ordered]}


def _say(players: int, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    for name, told in found.items():
        least, *_, most = told["server_us_of_turns"]
        say(
            f"full events, {name.replace('_', ' ')}: {told['per_second']:>7,}/s, "
            f"{told['server_us']:.2f} µs of server time each ({least:.2f} to {most:.2f})"
        )
    three = found["three_nodes"]
    more = three["server_us"] / found["one_node"]["server_us"] - 1
    figures = {"players": players, "shards": SHARDS, **found, "more_server_time": round(more, 3)}
    for goal in goals.of_cluster(figures):
        say(goal.told())
    say(f"spread over the nodes: {', '.join(f'{share:.0%}' for share in three['shares'])} (even: 33 %)")
    return figures


def _turn(address: str, *what: object) -> str:
    """What a turn prints."""
    environment = os.environ | {"GAMIFY_REDIS_URL": address, "GAMIFY_SHARDS": str(SHARDS)}
    command = [sys.executable, "-m", "gamify_site.ops.bench.cluster_turn", *map(str, what)]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603
