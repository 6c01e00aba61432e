"""A player's catalog of 200 achievements of all types: what it costs to read, and as a page."""

import statistics
import time
from typing import Any

from achievements.definitions import Achievement, Event, Tier
from achievements.services import catalog, events, progress
from gamify_site.ops.bench import web
from gamify_site.ops.bench.measuring import say
from gamify_site.store.connection import client

ACHIEVEMENTS = 200
READS = 2000
PLAYER = "bench-player"
PAGE = "/achievements/"


def run(_players: int, seconds: float) -> dict[str, Any]:
    """Measures the service, then the page over HTTP."""
    for number in range(ACHIEVEMENTS):
        catalog.define(_sample(number))
    events.record([Event(PLAYER, f"bench_{number}", 5, item=0) for number in range(ACHIEVEMENTS)])
    cookie = web.cookie_of(PLAYER)
    figures: dict[str, Any] = {"service": _service()}
    with web.serving() as (port, _live_port):
        figures["page"] = web.load(port, PAGE, seconds, [cookie])
    web.report(f"page of {ACHIEVEMENTS} achievements", figures["page"], 150)
    return figures


def _service() -> dict[str, float]:
    times = []
    before = _server_reads()
    for _ in range(READS):
        began = time.perf_counter()
        progress.all(PLAYER)
        times.append((time.perf_counter() - began) * 1000)
    trips = (_server_reads() - before - 1) / READS  # one was to ask for the reads
    median, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
    told = f"median {median:.2f} ms (goal: 1 ms), p99 {p99:.2f} ms, {trips:.2f} round trips each"
    say(f"reading {ACHIEVEMENTS} achievements: {told}")
    return {"median_ms": round(median, 2), "p99_ms": round(p99, 2), "round_trips": round(trips, 2)}


def _server_reads() -> int:
    """How often the server has read from a connection: once for each short request."""
    return int(client().info("stats")["total_reads_processed"])


def _sample(number: int) -> Achievement:
    slug, action = f"sample-{number}", f"bench_{number}"
    target = 5 if number % 2 else 50
    kind = number % 10
    if kind == 0:
        return _achievement(slug, action, 3, type="collection", items=("cup", "ring", "hat"))
    if kind == 1:
        tiers = tuple(Tier(level, level, place + 1, 1) for place, level in enumerate(("a", "b", "c")))
        return _achievement(slug, action, 3, type="tiered", points=0, tiers=tiers)
    if kind == 2:
        return _achievement(slug, action, target, type="streak")
    if kind == 3:
        return _achievement(slug, None, target, type="meta")
    return _achievement(slug, action, target)


def _achievement(slug: str, action: str | None, target: int, **fields: Any) -> Achievement:
    given: dict[str, Any] = {"type": "counter", "points": 5, "category": "bench", "status": "published"} | fields
    return Achievement(slug=slug, name=slug, description="Do it often.", action=action, target=target, **given)
