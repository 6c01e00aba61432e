"""What the site counts and times, for Prometheus.

With several web workers each writes its numbers to files of its own in PROMETHEUS_MULTIPROC_DIR, and whichever is asked
adds them up; `web.py` makes that folder. Without it the numbers are those of this process.
"""

import logging
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from gamify_site.ops.processes import METRICS_FOLDER
from gamify_site.store import connection, scripts

if TYPE_CHECKING:
    from achievements.definitions import Outcome

__all__ = ["CONTENT_TYPE", "RequestMetrics", "count_events", "exposition"]

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
SLOW = 0.5  # seconds after which a request is worth a line in the log
LOOK_EVERY = 1.0  # seconds between two looks at the connections
LIVE_GAUGE = re.compile(r"gauge_live[a-z]+_(\d+)\.db")

REQUESTS = Counter("gamify_requests", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "gamify_request_seconds",
    "Time from a request to its answer.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
EVENTS = Counter("gamify_events", "Events reported over the API and in the game, by what became of them.", ["outcome"])
UNLOCKS = Counter("gamify_unlocks", "Achievements and tiers that these events unlocked.")
SCRIPT_SECONDS = Histogram(
    "gamify_script_seconds",
    "Time of a Lua script, with the way to the data store and back.",
    ["script"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
)
CONNECTIONS = Gauge(
    "gamify_redis_connections",
    "Connections of the pool to the data store: created, and of them in use.",
    ["state"],
    multiprocess_mode="livesum",
)

logger = logging.getLogger("gamify")

# Looking a label up costs more than counting; there are no more of them than routes, methods, statuses and scripts.
_requests = cache(REQUESTS.labels)
_request_seconds = cache(REQUEST_SECONDS.labels)
_events = cache(EVENTS.labels)
_script_seconds = cache(SCRIPT_SECONDS.labels)


class RequestMetrics:
    """Counts and times every request by its route; one that is slow gets a line in the log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.look_at = 0.0

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = perf_counter()
        response = self.get_response(request)
        now = perf_counter()
        method = request.method if request.method in METHODS else "other"
        route = route_of(request)
        _requests(method, route, response.status_code).inc()
        _request_seconds(route).observe(now - began)
        if now - began > SLOW:
            logger.warning(
                "Slow request: %s %s %d took %d ms", method, route, response.status_code, (now - began) * 1000
            )
        if now > self.look_at:
            self.look_at = now + LOOK_EVERY
            _look_at_connections()
        return response


def route_of(request: HttpRequest) -> str:
    """The pattern that an address has matched, never the address itself: whoever asks could make up any number."""
    if request.resolver_match is not None:
        return f"/{request.resolver_match.route}"
    return "(static)" if request.path_info.startswith(settings.STATIC_URL) else "(none)"


def count_events(outcome: "Outcome") -> None:
    """Counts what became of a batch of events. One that is sent again under its idempotency key counts again."""
    for name, number in (
        ("accepted", outcome.accepted),
        ("duplicate", outcome.duplicates),
        ("rejected", len(outcome.rejected)),
    ):
        if number:
            _events(name).inc(number)
    if outcome.unlocked:
        UNLOCKS.inc(len(outcome.unlocked))


def exposition() -> bytes:
    """All numbers in Prometheus' text format: of all workers where they share a folder, else of this process."""
    _look_at_connections()
    folder = os.environ.get(METRICS_FOLDER)
    if not folder:
        return generate_latest(REGISTRY)
    _drop_gauges_of_the_dead(Path(folder))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _drop_gauges_of_the_dead(folder: Path) -> None:
    """A worker that was replaced holds no connections any more; what it has counted stays."""
    for file in folder.iterdir():
        found = LIVE_GAUGE.fullmatch(file.name)
        if found and not _is_alive(int(found[1])):
            mark_process_dead(int(found[1]), str(folder))  # type: ignore[no-untyped-call]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _look_at_connections() -> None:
    created, in_use = connection.connections()
    CONNECTIONS.labels("created").set(created)
    CONNECTIONS.labels("in_use").set(in_use)


def _time_script(name: str, seconds: float) -> None:
    _script_seconds(name).observe(seconds)


scripts.observers.append(_time_script)
