"""The HTTP API beside the services that it calls, in the same run, and beside another server where one is named."""

import json
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from gamify_site.api import keys
from gamify_site.ops.bench import events, filling, web
from gamify_site.ops.bench.measuring import BATCH, compare, fill, say

BODIES = 200
SENDERS = 2  # connections that send batches: one for each worker
Request = tuple[str, str, str]


def run(players: int, seconds: float, compare_with: str = "") -> dict[str, Any]:
    """Measures batches of events, single events and single increments."""
    ids = [f"player-{number:08}" for number in range(players)]
    events.define()
    fill(ids, ["bench-score", "bench-full"])
    _key, secret = keys.create("bench", "write", by="bench")
    headers = [f"Authorization: Bearer {secret}"]
    _bare, score, full = compare(events.ways(players), seconds)
    figures: dict[str, Any] = {}
    with web.serving() as (port, _live_port):
        for name, action, own in (("score", events.SCORE, score), ("full", events.FULL, full)):
            found = web.send(port, _batches(ids, action), seconds, headers, SENDERS)
            rate = found["requests_per_second"] * BATCH
            share = rate / own.per_second
            say(f"events over HTTP, {name}: {rate:,}/s, {share:.0%} of the service's (goal: at least 70 %)")
            figures[name] = {"per_second": rate, "of_service": round(share, 3), **found}
        figures["single"] = web.send(port, _batches(ids, events.FULL, 1), seconds, headers)
        say(
            f"single events, 8 clients: {figures['single']['requests_per_second']:,}/s, "
            f"p99 {figures['single']['p99_ms']} ms (goal: 25 ms)"
        )
        figures["increments"] = _increments(port, ids, seconds, headers)
    if compare_with:
        figures["other"] = _other(compare_with, ids, seconds)
        ratio = figures["increments"]["requests_per_second"] / max(1, figures["other"]["requests_per_second"])
        say(f"ratio of single increments: {ratio:.1f} (goal: at least 5)")
        figures["ratio"] = round(ratio, 2)
    return figures


def increments(players: int, seconds: float, url: str) -> dict[str, Any]:
    """Single increments over HTTP onto the board that `filling` has filled, beside another server's."""
    ids = [filling.player(number) for number in range(min(players, BODIES))]
    _key, secret = keys.create("bench", "write", by="bench")
    with web.serving() as (port, _live_port):
        ours = _increments(port, ids, seconds, [f"Authorization: Bearer {secret}"], filling.BOARD)
    return {"ours": ours, "other": _other(url, ids, seconds)}


def _increments(
    port: int, ids: Sequence[str], seconds: float, headers: list[str], board: str = "bench-score"
) -> dict[str, Any]:
    body = json.dumps({"increment": 1})
    asked = [("PUT", f"/api/v1/leaderboards/{board}/scores/{player}", body) for player in ids[:BODIES]]
    found = web.send(port, asked, seconds, headers)
    say(f"single increments: {found['requests_per_second']:,}/s, p99 {found['p99_ms']} ms")
    return found


def _other(address: str, ids: Sequence[str], seconds: float) -> dict[str, Any]:
    """Single increments of another server, the demo of redis-py: POST /api/increment."""
    parts = urlsplit(address)
    asked = [
        ("POST", "/api/increment", json.dumps({"player": player, "user": player, "member": player, "amount": 1}))
        for player in ids[:BODIES]
    ]
    urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  (staff name it)
    found = web.send(parts.port or 80, asked, seconds, [])
    say(f"the other server: {found['requests_per_second']:,}/s, p99 {found['p99_ms']} ms, answers {found['statuses']}")
    return found


def _batches(ids: Sequence[str], action: str, size: int = BATCH) -> list[Request]:
    make: Callable[[int], dict[str, Any]] = lambda place: {  # noqa: E731
        "player": ids[place % len(ids)],
        "action": action,
        "amount": 1 + place % 99,
    }
    return [
        ("POST", "/api/v1/events", json.dumps({"events": [make(number * size + place * 7) for place in range(size)]}))
        for number in range(BODIES)
    ]
