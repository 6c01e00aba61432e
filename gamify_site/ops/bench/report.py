"""The page of figures, docs/benchmarks.md, and its plots in a folder beside it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gamify_site.ops.bench import goals, plots, strangers
from gamify_site.ops.bench.goals import shards
from gamify_site.ops.bench.side_by_side import KINDS, NAMES

Stages = Sequence[Mapping[str, Any]]
INTRODUCTION = """\
# Benchmarks

How the cost of a board depends on its size: boards from a thousand players to {most}, on one shard and on several,
all on one server. The command below writes this page. It runs its own embedded data store with the append-only file
on; client, web processes and server share the machine.
"""
MISSED = """\
Why some goals may be missed: **Score updates** on ten million players wait for memory, as plain `ZINCRBY` does.
**Sixteen shards** on one server are asked one after the other; they are meant for several servers, one shard for one.
**Three nodes at once** share cores and caches with each other and with their client if there are few cores; in turns
they do not. A **ratio of two measurements**, such as the page of two boards, varies by up to a quarter from run to
run on a shared machine. **One plain command** of a package is faster than a script that checks limits, ties, windows
and hidden players.
"""
READS = """\
## Reading

Service time: how long a caller of `leaderboards.services.ranking` on the same machine waits, with one client, and
players and ranks drawn from the whole board. *Server* is the server's CPU time for it. All shards are asked at once,
and the caller merges their replies, so more shards cost more on one server: they are meant for several.
"""
PAGE = """\
## The page

The board page of a logged-in player in the middle of the board, with 50 top rows and the rows around the player: over
HTTP, one connection, through all of Django; the best of five runs.
"""
WRITES = """\
## Writing

Score updates per second in batches of 500, for players drawn from the whole board; `submit_many` takes scores,
`events.record` whole events. For comparison, in turns, redis-py pipelines of bare `ZINCRBY` on the same sorted sets,
without feeds, windows, or when players were last seen. *µs* is the server's CPU time for each update.
"""
MEMORY = """\
## Memory

Bytes per player: an entry on one board; what is stored for every player (when last seen, and the id in the search
index); a profile with a name and a country, which is also found by name.
"""
BESIDE = """\
## Compared with the Python package leaderboard

The same sorted set of {players} players, the same queries, one client each, in turns; the best of three runs. The
package ranks either each player separately (*unique*) or equal scores alike (*shared*), as Gamify does. It is a thin
interface of the sorted set: a score is one `ZADD`, and returns nothing. Gamify runs one script that also handles
limits, windows, segments, ties, seasons and moderation, returns the ranks before and after, and writes feed entries.
Client and server are on the same machine here, where a round trip costs next to nothing; *trips* are the round trips
of Gamify and of the package with shared ranks, for networks where they matter.
"""
BEHIND = """\
If the ratio is below 1, the package sends one or two plain commands and leaves the rest to its caller. Every call of
Gamify costs about 50 µs in Python and in the server's Lua: it checks the version of the definitions, limits, ties and
hidden players. That is less than one more round trip over most networks.
"""


CLUSTER = """\
## Three nodes

Whole events of {players} existing players in batches of 500 on {shards} shards, one client, on three nodes of a
cluster, on one node, and on a server without a cluster: the CPU time of all servers per event. They took turns,
{turns} short ones each; the table shows the median, and the goal the median of three nodes compared with one in the
same round. *At once*: players are drawn from all, so that all nodes work on each batch at the same time. *By turns*:
each batch is for the players of one node, so that nodes work one after the other, as if each had its own core. The
shares of the three nodes were {at_once} at once, and {in_turn} by turns.

If there are fewer cores than processes, they displace each other from cores and caches, and everything takes more
time. *The plainest script* shows how much, for a script that needs hardly any memory of its own: it adds to two
numbers of a player and to three ranked sets and does nothing else, in batches of the same size, on three servers
without a cluster, compared with one. Scripts that need much of Lua's memory, as whole events do, seem to suffer more.
"""


def write(file: Path, figures: Mapping[str, Any]) -> None:
    """Writes the page, and the plots into the folder of the same name beside it."""
    folder = file.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawn in drawings(figures["scale"]["stages"]).items():
        (folder / f"{name}.svg").write_text(drawn, "utf-8")
    file.write_text(text(figures, folder.name), "utf-8")


def text(figures: Mapping[str, Any], folder: str) -> str:
    """The page, in Markdown; its plots are in `folder`."""
    stages: Stages = figures["scale"]["stages"]
    aims = [*goals.of_scale(figures["scale"]), *goals.of_cluster(figures.get("cluster"))]
    parts = [
        INTRODUCTION.format(most=_count(stages[-1]["players"])),
        _table(["", ""], figures["surroundings"].items()),
        "## Goals\n",
        _table(["goal", "limit", "found", ""], ((it.name, it.bound(), it.found(), it.verdict()) for it in aims)),
        *([] if all(it.met for it in aims) else [MISSED]),
        *_reads(stages, folder),
        *_page(stages, folder),
        *_writes(stages, folder),
        *_memory(stages, folder),
        *(part for stage in stages for part in _beside(stage)),
        *_cluster(figures.get("cluster")),
        *_events(figures.get("events")),
        *_api(figures.get("api")),
    ]
    return "\n".join(parts)


def drawings(stages: Stages) -> dict[str, str]:
    """The plots: file name without its ending → SVG."""
    found = {}
    for number, some in _by_shards(stages).items():
        series = {name: [(it["players"], it["reads"][name]["p99_ms"]) for it in some] for name in some[0]["reads"]}
        title = f"Service time at p99, {shards(number)}"
        found[_file("reads", number)] = plots.lines(title, "milliseconds", series, log=True)
    found["page"] = _drawn_by_shards("The page of the board over HTTP, p50", "milliseconds", stages, ("page", "p50_ms"))
    found["memory"] = _drawn_by_shards("Memory of an entry", "bytes", stages, ("memory", "board"))
    one = _by_shards(stages)[stages[0]["shards"]]
    ways = {
        f"{name}, {clients.replace('_', ' ')}": [
            (it["players"], it["writes"][clients][way]["per_second"]) for it in one
        ]
        for way, name in (("bare", "ZINCRBY"), ("submit_many", "submit_many"))
        for clients in ("one_client", "two_clients")
    }
    found["writes"] = plots.lines(f"Score updates, {shards(one[0]['shards'])}", "updates per second", ways)
    return found


def _drawn_by_shards(title: str, unit: str, stages: Stages, path: tuple[str, str]) -> str:
    series = {
        shards(number): [(it["players"], it[path[0]][path[1]]) for it in some]
        for number, some in _by_shards(stages).items()
    }
    return plots.lines(title, unit, series)


def _reads(stages: Stages, folder: str) -> Iterable[str]:
    yield READS
    for number, some in _by_shards(stages).items():
        yield f"![Service time, {shards(number)}]({folder}/{_file('reads', number)}.svg)\n"
        yield _table(
            [shards(number), "players", "p50 ms", "p99 ms", "server ms"],
            (
                (
                    name,
                    _count(it["players"]),
                    *(_ms(it["reads"][name][part]) for part in ("p50_ms", "p99_ms", "server_ms")),
                )
                for name in some[0]["reads"]
                for it in some
            ),
        )


def _page(stages: Stages, folder: str) -> Iterable[str]:
    yield PAGE
    yield f"![The page over HTTP]({folder}/page.svg)\n"
    yield _table(
        ["players", "shards", "p50 ms", "p99 ms"],
        ((_count(it["players"]), it["shards"], _ms(it["page"]["p50_ms"]), _ms(it["page"]["p99_ms"])) for it in stages),
    )


def _writes(stages: Stages, folder: str) -> Iterable[str]:
    yield WRITES
    yield f"![Score updates per second]({folder}/writes.svg)\n"
    names = ("bare", "submit_many", "events")
    yield _table(
        ["players", "shards", "clients", "`ZINCRBY`", "µs", "`submit_many`", "µs", "`events.record`", "µs"],
        (
            (
                *(_count(it["players"]), it["shards"], clients.partition("_")[0]),
                *(part for name in names for part in _rate(it["writes"][clients][name])),
            )
            for it in stages
            for clients in ("one_client", "two_clients")
        ),
    )


def _memory(stages: Stages, folder: str) -> Iterable[str]:
    yield MEMORY
    yield f"![Memory of an entry]({folder}/memory.svg)\n"
    yield _table(
        ["players", "shards", "entry", "known player", "profile"],
        (
            (
                _count(it["players"]),
                it["shards"],
                *(f"{it['memory'][name]:.0f}" for name in ("board", "known", "profile")),
            )
            for it in stages
        ),
    )


def _beside(stage: Mapping[str, Any]) -> Iterable[str]:
    if "beside" in stage:
        yield BESIDE.format(players=_count(stage["players"]))
        yield _table(
            ["p50, ms", "ours", "unique", "ratio", "shared", "ratio", "trips"],
            ((name, *_compared(stage["beside"][operation])) for operation, name in NAMES.items()),
        )
        if any(goals.ratio(row, kind) < 1 for row in stage["beside"].values() for kind in KINDS):
            yield BEHIND
    if "beside_server" in stage:
        ours, other = (stage["beside_server"][who] for who in ("ours", "other"))
        ratio = ours["requests_per_second"] / max(1, other["requests_per_second"])
        yield "## Compared with another server\n\nOne increment per request, over HTTP, 8 connections.\n"
        yield _table(
            ["", "requests/s", "p50 ms", "p99 ms"],
            (
                (name, _count(found["requests_per_second"]), _ms(found["p50_ms"]), _ms(found["p99_ms"]))
                for name, found in (("ours", ours), ("the other", other))
            ),
        )
        yield f"Ratio: {ratio:.1f}\n"


def _compared(row: Mapping[str, Any]) -> Iterable[str]:
    yield _ms(row["ours"]["p50_ms"])
    for kind in KINDS:
        yield _ms(row[kind]["p50_ms"])
        yield f"{goals.ratio(row, kind):.1f}"
    yield f"{row['ours']['trips']:.0f} : {row['shared']['trips']:.0f}"


def _cluster(found: Mapping[str, Any] | None) -> Iterable[str]:
    if found:
        names = {"three_nodes": "three nodes", "one_node": "one node", "server": "a server"}
        ways = {"at_once": "events, at once", "in_turn": "events, by turns", strangers.WAY: "the plainest script"}
        shares = {way: ", ".join(f"{share:.0%}" for share in found[way]["three_nodes"]["shares"]) for way in ways}
        yield CLUSTER.format(players=_count(found["players"]), shards=found["shards"], turns=found["turns"], **shares)
        yield _table(
            ["", "a second", "server µs each", "least", "most"],
            (
                (f"{how}, {name}", _count(one["per_second"]), *(f"{one[it]:.1f}" for it in ("us", "least", "most")))
                for way, how in ways.items()
                for key, name in names.items()
                if (one := found[way].get(key))
            ),
        )


def _events(found: Mapping[str, Any] | None) -> Iterable[str]:
    if found:
        yield "## Events\n\nWhole events compared with bare `ZINCRBY`, in batches of 500 (`bench events`).\n"
        yield _table(
            ["per second", "1 client", "2 clients"],
            (
                (name, _count(found[figure]), _count(found["two_clients"][figure]))
                for name, figure in (
                    ("bare `ZINCRBY`", "bare_writes_per_second"),
                    ("events for one board", "score_events_per_second"),
                    ("events for 2 achievements and 3 windows, with ids", "full_events_per_second"),
                )
            ),
        )


def _api(found: Mapping[str, Any] | None) -> Iterable[str]:
    if found:
        yield "## The HTTP API\n\nThrough HTTP, JSON and keys (`bench api`).\n"
        rows = [
            (f"events in batches of 500, {name}", _count(found[name]["per_second"]), _ms(found[name]["p99_ms"]))
            for name in ("score", "full")
        ]
        rows += [
            (name, _count(found[key]["requests_per_second"]), _ms(found[key]["p99_ms"]))
            for name, key in (("single events", "single"), ("single increments", "increments"))
        ]
        yield _table(["", "per second", "p99 ms of a request"], rows)


def _by_shards(stages: Stages) -> dict[int, list[Mapping[str, Any]]]:
    return {
        number: [it for it in stages if it["shards"] == number] for number in sorted({it["shards"] for it in stages})
    }


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |\n" for line in lines)


def _file(name: str, number: int) -> str:
    return f"{name}-{shards(number).replace(' ', '-')}"


def _rate(found: Mapping[str, float]) -> tuple[str, str]:
    return _count(found["per_second"]), f"{found['server_us']:.1f}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _ms(value: float) -> str:
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"
