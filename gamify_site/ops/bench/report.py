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

What grows with a board, and what does not: boards from a thousand players to {most}, on one shard and on several, all
of them on one server. This page is written by the command below. It runs a data store of its own, the embedded one,
with the append-only file on; client, web processes and server share the machine.
"""
MISSED = """\
Why some are missed, where they are: **score updates** on ten million players wait for memory, plain `ZINCRBY` as long.
**Sixteen shards** of one server are asked one after the other; they are for several servers, and one shard is for one.
**Three nodes at once** share the cores and the caches with each other and with their client, where those are few; by
turns they do not. What is told as a **ratio of two moments**, such as the page of two boards, moves by up to a quarter
from run to run on a machine that others share. **One plain command** of a package is faster than a script that checks
limits, ties, windows and who is hidden.
"""
READS = """\
## Reading

Service time: how long a caller of `leaderboards.services.ranking` waits in the same machine, one client, players and
ranks drawn from the whole board. *Server* is the CPU time that the server uses for it. All shards are asked at once,
and what they give is put together by the caller, so that more shards cost more on one server: they are for several.
"""
PAGE = """\
## The page

The page of the board with 50 top rows and the rows around a player in the middle of it who is logged in: over HTTP, one
connection, through all of Django; the best of five turns.
"""
WRITES = """\
## Writing

Score updates per second in batches of 500, for players drawn from the whole board; `submit_many` takes scores,
`events.record` whole events. Beside them, in turns, redis-py's pipelines of bare `ZINCRBY` on the same sorted sets,
which know no news, no windows, and not who was seen when. *µs* is the CPU time of the server for each update.
"""
MEMORY = """\
## Memory

Bytes for each player: an entry on one board; what is kept of every known player (last seen, and by which id to find
them); a profile with a name and a country (also found by name), if there is one.
"""
BESIDE = """\
## Beside the Python package leaderboard

The same sorted set of {players} players, the same questions, one client each, in turns; the best of three turns. The
package ranks either each player for itself (*unique*) or equal scores alike (*shared*), as we do. It is a plain
interface of the sorted set: a score is one `ZADD`, and tells nothing. Ours is one script that also knows limits,
windows, segments, ties, seasons and staff's decisions, gives the ranks before and after, and tells the news. Client and
server are on the same machine here, where a round trip costs next to nothing; *trips* are those of ours and of theirs
with shared ranks, for when it does.
"""
BEHIND = """\
Where the ratio is below 1 the package sends one or two plain commands and leaves the rest to its caller. A call of ours
costs some 50 µs of Python and of the server's Lua, whatever is asked: it checks the catalog's version and looks at
limits, ties and those whom staff have hidden. That is less than one more round trip costs over most networks.
"""


CLUSTER = """\
## Three nodes

Whole events of {players} known players in batches of 500 on {shards} shards, one client, on three nodes of a cluster,
on one, and on a server that is no cluster: the CPU time of all servers for an event. They took turns, {turns} short
ones each; the median of them is told, and of the goal the median of what three nodes took beside one in the same round.
*At once*: players are drawn from all, so that all nodes work on each batch at the same time. *By turns*: each batch is
for the players of one node, so that nodes work one after the other, as if each had a core of its own. The three had
{at_once} of it at once, and {in_turn} by turns.

Where there are fewer cores than processes, these push each other off them and out of the caches, and all that they do
takes more time. *The plainest script* tells how much that is for a script that needs hardly any memory of its own: it
adds to two numbers of a player and to three ranked sets and does nothing else, in batches of as many events, on three
servers that are no cluster, beside one. Scripts that need much of Lua's memory, as whole
events do, seem to suffer more.
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
        yield "## Beside another server\n\nOne increment a request, over HTTP, 8 connections.\n"
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
        yield "## Events\n\nWhole events beside bare `ZINCRBY`, in batches of 500 (`bench events`).\n"
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
