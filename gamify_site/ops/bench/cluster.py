"""The same events on one server, one node and three: what they cost the servers, and how that is spread.

On a machine of few cores three servers are no faster than one; the time that they compute for an event is what counts.
It differs by a tenth from one moment to the next, whatever is measured: hence many short turns, and each is compared
with the one beside it. Three servers on two cores also compute longer for anything: `strangers` tells by how much.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from statistics import mean, median
from typing import Any

from django.core.management.base import OutputWrapper

from gamify_site.ops.bench import cluster_turn, goals, strangers
from gamify_site.ops.bench.measuring import Cost, say
from gamify_site.ops.progress import Bar
from gamify_site.store.throwaway import cluster, lone_server

SHARDS = strangers.SHARDS  # of which each of three nodes with even ranges of slots has four
ROUNDS = 40
NAMES = {**cluster_turn.WAYS, strangers.WAY: "the plainest script, no cluster"}
PART = 10  # of the seconds, that a turn takes


def run(players: int, seconds: float) -> dict[str, Any]:
    """Makes the players known to each, then reports events to each in turns of a tenth of the seconds."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gamify-cluster-")))
        addresses = {
            "server": stack.enter_context(lone_server(folder / "server")),
            "one_node": stack.enter_context(cluster(folder / "one", 1)),
            "three_nodes": stack.enter_context(cluster(folder / "three", cluster_turn.NODES)),
        }
        clients = {
            name: stack.enter_context(_client(address, players, seconds / PART)) for name, address in addresses.items()
        }
        measures: dict[tuple[str, str], Callable[[], Cost]] = {
            (way, name): partial(_take_turn, client, way)
            for way, (name, client) in product(cluster_turn.WAYS, clients.items())
        }
        for name, number in (("one_node", 1), ("three_nodes", cluster_turn.NODES)):
            servers = [stack.enter_context(lone_server(folder / f"plain-{name}-{place}")) for place in range(number)]
            measures[strangers.WAY, name] = partial(strangers.Strangers(servers, players).measure, seconds / PART)
        return _say(players, _take_turns(measures))


def _take_turns(measures: Mapping[tuple[str, str], Callable[[], Cost]]) -> dict[str, dict[str, list[Cost]]]:
    turns: dict[str, dict[str, list[Cost]]] = {}
    bar = Bar(OutputWrapper(sys.stdout))
    order = list(measures)
    for number in range(ROUNDS):
        for done, (way, name) in enumerate(order[:: 1 if number % 2 else -1], 1):  # nobody always follows the same one
            turns.setdefault(way, {}).setdefault(name, []).append(measures[way, name]())
            bar(number * len(order) + done, ROUNDS * len(order))
    return turns


@contextmanager
def _client(address: str, players: int, seconds: float) -> Iterator[Any]:
    """A process that takes turns on the servers at an address, to which it has made the players known."""
    environment = os.environ | {"GAMIFY_REDIS_URL": address, "GAMIFY_SHARDS": str(SHARDS), "GAMIFY_PREFIX": "gamify"}
    command = [sys.executable, "-m", cluster_turn.__name__, str(players), str(seconds)]
    with subprocess.Popen(  # noqa: S603
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        _hear(process)
        yield process
        process.communicate()


def _take_turn(process: Any, way: str) -> Cost:
    process.stdin.write(f"{way}\n")
    process.stdin.flush()
    found: Cost = _hear(process)
    return found


def _hear(process: Any) -> Any:
    """What a client prints next; raises `SystemExit` where it has failed, and has said why."""
    line = process.stdout.readline()
    if not line:
        raise SystemExit("A client of the benchmark has failed.")
    return json.loads(line)


def _say(players: int, turns: Mapping[str, Mapping[str, Sequence[Cost]]]) -> dict[str, Any]:
    figures: dict[str, Any] = {"players": players, "shards": SHARDS, "turns": ROUNDS}
    for way, its_name in NAMES.items():
        found = turns[way]
        told = {name: _middle(some) for name, some in found.items()}
        pairs = zip(found["three_nodes"], found["one_node"], strict=True)
        figures[way] = {**told, "more_server_time": round(median(a["us"] / b["us"] for a, b in pairs) - 1, 3)}
        for name, one in told.items():
            say(
                f"{its_name}, {name.replace('_', ' ')}: {one['per_second']:>7,}/s, {one['us']:.2f} µs of "
                f"server time each ({one['least']:.2f} to {one['most']:.2f})"
            )
        spread = ", ".join(f"{share:.0%}" for share in told["three_nodes"]["shares"])
        say(f"spread over the nodes: {spread} (even: 33 %)")
    for goal in goals.of_cluster(figures):
        say(goal.told())
    return figures


def _middle(turns: Sequence[Cost]) -> dict[str, Any]:
    """The median of some turns, and the best and worst of them."""
    costs = [turn["us"] for turn in turns]
    return {
        "per_second": round(median(turn["per_second"] for turn in turns)),
        "us": round(median(costs), 2),
        "least": min(costs),
        "most": max(costs),
        "shares": [round(mean(share), 3) for share in zip(*(turn["shares"] for turn in turns), strict=True)],
    }
