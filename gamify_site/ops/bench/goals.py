"""What boards of all sizes and a cluster are to reach, and whether they do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gamify_site.ops.bench import strangers
from gamify_site.ops.bench.cluster_turn import WAYS
from gamify_site.ops.bench.side_by_side import KINDS, NAMES

USUAL = 1_000_000  # players of a board that score updates are told of, besides the greatest
MOST_BYTES = 90
LEAST_UPDATES = 100_000
MOST_GROWTH = 1.3
MOST_OF_CLUSTER = 1.15  # times the server time of an event on one node
SLOWEST = {"rank": 1.0, "around ±10": 1.0, "top 100": 5.0}  # ms at p99


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure, what it is to be at least or at most, and the unit of both."""

    name: str
    figure: float
    limit: float
    unit: str
    is_least: bool = False

    @property
    def met(self) -> bool:
        return self.figure >= self.limit if self.is_least else self.figure <= self.limit

    def verdict(self) -> str:
        """Whether it is met, and by how much: the part of the limit that is left, or missing."""
        share = abs(self.figure / self.limit - 1)
        return f"met, {share:.0%} to spare" if self.met else f"missed by {share:.0%}"

    def bound(self) -> str:
        return f"{'at least' if self.is_least else 'at most'} {_number(self.limit)}{self.unit}"

    def found(self) -> str:
        return f"{_number(self.figure)}{self.unit}"

    def told(self) -> str:
        return f"{self.name}: {self.found()} (goal: {self.bound()}): {self.verdict()}"


def of_scale(scale: Mapping[str, Any]) -> list[Goal]:
    """Those of the greatest board on each number of shards, and beside others."""
    stages = scale["stages"]
    found: list[Goal] = []
    for shards in sorted({stage["shards"] for stage in stages}):
        some = sorted((stage for stage in stages if stage["shards"] == shards), key=lambda it: it["players"])
        found += _of_board(some[0], some[-1])
        usual = [stage for stage in some[:-1] if stage["players"] == USUAL]
        found += [_updates(stage) for stage in (*usual, some[-1])]
    for stage in stages:
        if "beside" in stage:
            found += _beside(stage["beside"])
    return found


def of_cluster(found: Mapping[str, Any] | None) -> list[Goal]:
    """What an event costs three nodes beside one, where that was measured; `found` as `cluster.run` gives it."""
    if found is None:
        return []
    name = "server time of an event, three nodes beside one"
    times = {way: 1 + found[way]["more_server_time"] for way in (*WAYS, strangers.WAY)}
    return [
        *(Goal(f"{name}, {how}", times[way], MOST_OF_CLUSTER, " times") for way, how in WAYS.items()),
        Goal(
            f"{name}, {WAYS['at_once']}, beside that of the plainest script ({times[strangers.WAY]:.3} times)",
            times["at_once"] / times[strangers.WAY],
            MOST_OF_CLUSTER,
            " times",
        ),
    ]


def _of_board(smallest: Mapping[str, Any], greatest: Mapping[str, Any]) -> list[Goal]:
    where = f"{greatest['players']:,} players, {shards(greatest['shards'])}"
    growth = greatest["page"]["p50_ms"] / smallest["page"]["p50_ms"]
    return [
        *(
            Goal(f"{name}, p99, {where}", greatest["reads"][name]["p99_ms"], most, " ms")
            for name, most in SLOWEST.items()
        ),
        Goal(f"page over HTTP, p50, {where}, beside {smallest['players']:,} players", growth, MOST_GROWTH, " times"),
        Goal(f"memory of an entry, {where}", greatest["memory"]["board"], MOST_BYTES, " bytes"),
    ]


def _updates(stage: Mapping[str, Any]) -> Goal:
    """The best rate of one client or two; the bare server's own rate says how far it could go."""
    best, bare = (
        max(ways[way]["per_second"] for ways in stage["writes"].values() for way in some)
        for some in (("submit_many", "events"), ("bare",))
    )
    where = f"{stage['players']:,} players, {shards(stage['shards'])}"
    return Goal(f"score updates, {where} (bare `ZINCRBY`: {bare:,}/s)", best, LEAST_UPDATES, "/s", is_least=True)


def _beside(found: Mapping[str, Any]) -> list[Goal]:
    """Ahead on every row: how many times faster we are, at p50."""
    return [
        Goal(f"{name}, beside {kind} ranks", ratio(found[operation], kind), 1.0, " times", is_least=True)
        for operation, name in NAMES.items()
        for kind in KINDS
    ]


def ratio(row: Mapping[str, Mapping[str, float]], kind: str) -> float:
    """How many times as long the package takes."""
    return row[kind]["p50_ms"] / row["ours"]["p50_ms"]


def shards(number: int) -> str:
    return "1 shard" if number == 1 else f"{number} shards"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
