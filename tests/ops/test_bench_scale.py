"""The suite `bench scale`: what it fills is what services write, its page and plots say what was found."""

from contextlib import ExitStack
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from gamify_site.ops.bench import filling, goals, plots, report
from gamify_site.ops.bench.measuring import BATCH
from gamify_site.ops.bench.side_by_side import KINDS, NAMES
from gamify_site.ops.bench.strangers import Strangers
from gamify_site.store import throwaway
from gamify_site.store.connection import client
from gamify_site.store.throwaway import lone_server
from leaderboards.services import scores
from tests.builders import make_board

SVG = "{http://www.w3.org/2000/svg}"


def contents(store) -> dict[str, object]:
    """The ranked sets and what is known of players; not the news, which a board of that size does not tell."""
    found = {}
    for key in sorted(store.keys()):
        if store.redis.type(key) == b"zset":
            found[key] = store.redis.zrange(key, 0, -1, withscores=True)
        elif ":daily:" in key:
            found[key] = store.redis.hgetall(key)
    return found


def test_filled_board_is_what_the_services_write(services_store, clock, monkeypatch):  # noqa: ARG001
    monkeypatch.setattr(filling, "_spelled", lambda *words: words)
    monkeypatch.setattr(
        filling, "_stream", lambda chunks: [client().execute_command(*it) for some in chunks for it in some]
    )
    monkeypatch.setattr(filling, "memory_used", lambda: 0)
    monkeypatch.setattr(filling, "upsert_many", lambda _profiles: None)
    filling.write(300)
    filled = contents(services_store)
    services_store.empty()
    make_board(filling.BOARD, name="Bench", action=filling.ACTION)
    scores.submit_many(filling.BOARD, [(filling.player(number), filling.score(number)) for number in range(300)])
    assert filled == contents(services_store)
    assert sum(len(rows) for key, rows in filled.items() if ":board:" in key) == 300


def test_scores_are_spread_and_say_nothing_of_the_number():
    found = [filling.score(number) for number in range(1000)]
    assert len(set(found)) == 1000
    assert min(found) < 5_000 < 995_000 < max(found) < filling.SPREAD
    assert found != sorted(found)


# Goals


def stage(players: int, shards: int, **fields):
    reads = {"rank": 0.2, "top 100": 6.0, "around ±10": 0.5, "page from the middle": 0.6, "around a rank": 0.7}
    rate = {"per_second": 120_000 - players // 100, "server_us": 8.0}
    return {
        "players": players,
        "shards": shards,
        "memory": {"board": 80.0, "known": 170.0, "profile": 260.0},
        "reads": {name: {"p50_ms": ms / 2, "p99_ms": ms, "server_ms": ms / 4} for name, ms in reads.items()},
        "page": {"p50_ms": 6.0 + players / 1e6, "p99_ms": 9.0},
        "writes": {
            who: dict.fromkeys(("bare", "submit_many", "events"), rate) for who in ("one_client", "two_clients")
        },
        **fields,
    }


def figures() -> dict[str, object]:
    row = {"ours": {"p50_ms": 0.1, "trips": 1.0}} | {kind: {"p50_ms": 0.2, "trips": 2.0} for kind in KINDS}
    stages = [stage(players, shards) for players in (1000, 10_000, 1_000_000) for shards in (1, 16)]
    stages[-2]["beside"] = dict.fromkeys(NAMES, row)
    web = {"requests_per_second": 900, "p50_ms": 1.0, "p99_ms": 2.0}
    stages[-2]["beside_server"] = {"ours": web, "other": web | {"requests_per_second": 300}}
    return {"surroundings": {"Date": "2026-11-21", "Command": "manage.py bench scale"}, "scale": {"stages": stages}}


def test_goals_say_by_how_much_they_are_met_or_missed():
    told = {goal.name: goal for goal in goals.of_scale(figures()["scale"])}
    rank = told["rank, p99, 1,000,000 players, 1 shard"]
    assert rank.told().endswith(": 0.2 ms (goal: at most 1 ms): met, 80% to spare")
    top = told["top 100, p99, 1,000,000 players, 16 shards"]
    assert (top.met, top.verdict()) == (False, "missed by 20%")
    updates = told["score updates, 1,000,000 players, 1 shard (bare `ZINCRBY`: 110,000/s)"]
    assert (updates.met, updates.verdict()) == (True, "met, 10% to spare")
    assert told[f"{NAMES['rank']}, beside shared ranks"].found() == "2 times"


# Plots and page


def test_a_plot_is_plain_svg_with_its_axes_and_series_named():
    drawn = plots.lines("Time", "milliseconds", {"a < b": [(1000, 0.5), (10**6, 2.0)], "c": [(1000, 1.0)]}, log=True)
    root = ElementTree.fromstring(drawn)
    texts = ["".join(it.itertext()) for it in root.iter(f"{SVG}text")]
    assert {
        "Time",
        "milliseconds",
        "players on the board",
        "a < b",
        "c",
        "1 k",
        "10 k",
        "1 M",
        "0.1",
        "1",
        "10",
    } <= set(texts)
    assert not list(root.iter(f"{SVG}script"))
    assert "prefers-color-scheme: dark" in drawn


def test_greater_values_are_drawn_higher_and_more_players_further_right(subtests):
    for log in (True, False):
        with subtests.test(log=log):
            drawn = plots.lines("t", "u", {"a": [(1000, 1.0), (10_000, 3.0), (100_000, 40.0)]}, log=log)
            circles = [it for it in ElementTree.fromstring(drawn).iter(f"{SVG}circle") if it.get("r") == "3.5"]
            across, up = [float(it.get("cx")) for it in circles], [float(it.get("cy")) for it in circles]
            assert len(circles) == 3
            assert across == sorted(set(across))
            assert up == sorted(set(up), reverse=True)
            assert 0 < min(up) < max(up) < plots.HEIGHT


def test_names_of_lines_that_end_at_the_same_height_do_not_cover_each_other():
    drawn = plots.lines("t", "u", {name: [(1000, 1.0), (10_000, 1.0)] for name in "abcde"})
    heights = {
        it.text: float(it.get("y"))
        for it in ElementTree.fromstring(drawn).iter(f"{SVG}text")
        if it.text in set("abcde")
    }
    found = sorted(heights.values())
    assert all(below - above >= plots.LABEL_HEIGHT - 0.1 for above, below in pairwise(found))
    assert found[-1] <= plots.HEIGHT - plots.BOTTOM + plots.LABEL_HEIGHT


def test_the_page_shows_all_that_was_measured_and_its_plots_are_there(tmp_path):
    page = tmp_path / "benchmarks.md"
    report.write(page, figures())
    text = page.read_text("utf-8")
    assert report.BEHIND not in text
    for part in ("2026-11-21", "manage.py bench scale", "missed by 20%", "## Memory", NAMES["many"], "Ratio: 3.0"):
        assert part in text
    assert "## Events" not in text
    for line in text.splitlines():
        if line.startswith("!["):
            assert (tmp_path / line.partition("(")[2].rstrip(")")).exists()
        assert len(line.split("|")) in {1, 4, 6, 7, 8, 9, 11}


def test_events_and_api_are_told_where_they_were_measured():
    rates = {f"{name}_per_second": 1000 for name in ("bare_writes", "score_events", "full_events")}
    web = {"requests_per_second": 900, "per_second": 450_000, "p50_ms": 1.0, "p99_ms": 2.0}
    api = dict.fromkeys(("score", "full", "single", "increments"), web)
    text = report.text(figures() | {"events": rates | {"two_clients": rates}, "api": api}, "benchmarks")
    assert "| events for one board | 1,000 | 1,000 |" in text
    assert "| single increments | 900 | 2.00 |" in text


def test_three_nodes_are_told_beside_one():
    one = {"per_second": 30_000, "us": 24.0, "least": 20.0, "most": 31.0, "shares": [1.0]}
    three = one | {"us": 30.0, "shares": [0.33, 0.35, 0.32]}
    at_once = {"server": one, "one_node": one, "three_nodes": three, "more_server_time": 0.25}
    in_turn = at_once | {"more_server_time": 0.04}
    plain = {"one_node": one | {"us": 1.5}, "three_nodes": three | {"us": 1.8}, "more_server_time": 0.2}
    ways = {"at_once": at_once, "in_turn": in_turn, "plain": plain}
    found = {"players": 100_000, "shards": 12, "turns": 40, **ways}
    text = report.text(figures() | {"cluster": found}, "benchmarks")
    assert "three nodes were 33%, 35%, 32% at once" in text.replace("\n", " ")
    assert "| events, at once, three nodes | 30,000 | 30.0 | 20.0 | 31.0 |" in text
    assert "| the plainest script, three nodes | 30,000 | 1.8 | 20.0 | 31.0 |" in text
    goal = "| server time of an event, three nodes beside one, each batch for"
    assert f"{goal} all nodes at once | at most 1.15 times | 1.25 times | missed by 9% |" in text
    assert f"{goal} one node, by turns | at most 1.15 times | 1.04 times | met, 10% to spare |" in text
    beside = f"{goal} all nodes at once, beside that of the plainest script (1.2 times)"
    assert f"{beside} | at most 1.15 times | 1.04 times | met, 9% to spare |" in text


@pytest.mark.parametrize("number", [1, 3])
def test_plainest_script_counts_every_event_on_all_servers(tmp_path, number):
    with ExitStack() as stack:
        addresses = [stack.enter_context(lone_server(tmp_path / str(place))) for place in range(number)]
        cost = Strangers(addresses, players=50).measure(0.001)  # at least one batch
        servers = [throwaway.client(address) for address in addresses]
        counts = [int(it.hget(key, "count")) for it in servers for key in it.scan_iter("*:player:*")]
        entries = [it.zcard(key) for it in servers for key in it.scan_iter("*:board:day")]
    assert len(counts) == sum(entries) == 50
    assert sum(counts) > 50
    assert sum(counts) % BATCH == 50
    assert len(cost["shares"]) == number
