"""What events cost the server beside many definitions: how long one script call takes, and whether others matter."""

import random
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from uuid import uuid4

from django.conf import settings

from achievements.definitions import Achievement, Event
from achievements.services import catalog, events
from gamify_site.ops.bench.measuring import say
from gamify_site.store import catalog as stored
from gamify_site.store.connection import client
from leaderboards.definitions import Board
from leaderboards.services import boards

GOAL_MS = 5  # of the server for one script call, p99
GOAL_RATIO = 1.2  # an event beside a large catalog, to the same beside nothing
PLAYERS = 1000
BATCH = 100
SINGLES = 3000
ACTION = "bench"
Batches = Iterable[list[Event]]


class Calls(NamedTuple):
    """Milliseconds of the server for a script call, and how many calls there were."""

    p50: float
    p99: float
    longest: float
    mean: float
    number: int


def run(_players: int, _seconds: float) -> dict[str, Any]:
    """Measures each case on data of its own."""
    figures: dict[str, Any] = {}
    for name, define, batches in CASES:
        _begin()
        define()
        found = _measure(batches())
        figures[name] = found._asdict()
        told = f"p50 {found.p50:.2f}, p99 {found.p99:.2f} (goal: {GOAL_MS}), longest {found.longest:.2f} ms"
        say(f"{name}: {told}, {found.number:,} calls")
    return figures | {"large_catalog": _large_beside_small()}


def _begin() -> None:
    """Goes on with no definitions and no players, beside what was."""
    settings.GAMIFY_PREFIX = f"bench-{uuid4().hex}"
    stored.forget()


def _measure(batches: Batches) -> Calls:
    """Records batches, and asks the server how long its script calls took."""
    events.record([Event("warm-up", "warm-up")])  # reads the definitions
    server = client()
    server.config_set("latency-tracking-info-percentiles", "50 99 100")
    server.config_resetstat()
    for batch in batches:
        outcome = events.record(batch)
        if outcome.rejected:
            raise AssertionError(outcome.rejected)
    found = server.info("latencystats")["latency_percentiles_usec_evalsha"]
    calls = server.info("commandstats")["cmdstat_evalsha"]
    p50, p99, longest = (float(found[name]) / 1000 for name in ("p50", "p99", "p100"))
    return Calls(p50, p99, longest, calls["usec_per_call"] / 1000, calls["calls"])


def _large_beside_small() -> dict[str, float]:
    """Single events of a small catalog, and the same events once it is a large one; that twice, the better of each."""
    small, large = [], []
    for _ in range(2):
        _begin()
        _small()
        small.append(_single_events())
        _large()
        large.append(_single_events())
    (few_server, few_caller), (many_server, many_caller) = (
        tuple(min(found) for found in zip(*runs, strict=True)) for runs in (small, large)
    )
    server, caller = many_server / few_server, many_caller / few_caller
    say(
        f"an event beside 1,300 definitions, to one beside 3: server {server:.2f} times, caller {caller:.2f} times "
        f"(goal: {GOAL_RATIO}); {few_server * 1000:.0f} µs and {few_caller * 1000:.0f} µs"
    )
    return {"server_ratio": round(server, 3), "caller_ratio": round(caller, 3)}


def _single_events() -> tuple[float, float]:
    """Milliseconds for an event: the server's mean, the caller's median."""
    took: list[float] = []
    for number in range(PLAYERS):  # who now unlocks what one event is enough for, and gets their entries
        events.record([Event(f"player-{number}", ACTION)])

    def timed() -> Batches:
        for number in range(SINGLES):
            began = time.perf_counter()
            yield [Event(f"player-{number % PLAYERS}", ACTION, 1)]
            took.append(time.perf_counter() - began)

    return _measure(timed()).mean, statistics.median(took) * 1000


# The cases: definitions, and events


def _achievement(slug: str, action: str | None = ACTION, target: int = 1, **fields: Any) -> None:
    given: dict[str, Any] = {"type": "counter", "points": 5, "category": "bench", "status": "published"} | fields
    catalog.define(Achievement(slug=slug, name=slug, description="Do it.", action=action, target=target, **given))


def _launch_day() -> None:
    for number in range(3):
        _achievement(f"streak-{number}", target=5 + number, type="streak")
    for number in range(5):
        _achievement(f"counter-{number}", target=1 + 10 * number)
    for number in range(2):
        boards.define(Board(f"board-{number}", f"Board {number}", action=ACTION, windows=("all", "week")))


def _listeners() -> None:
    for number in range(200):
        _achievement(f"counter-{number}", target=1 + number)


def _metas() -> None:
    for number in range(100):
        _achievement(f"counter-{number}", f"bench-{number}")
    for number in range(50):
        _achievement(f"meta-{number}", None, 1 + 2 * number, type="meta")


def _chain() -> None:
    _achievement("link-0", "key")
    for number in range(1, 50):
        _achievement(f"link-{number}", prerequisites=(f"link-{number - 1}",))


def _boards() -> None:
    for number in range(boards.MAX_WINDOWS):
        boards.define(Board(f"board-{number}", f"Board {number}", action=ACTION))


def _small() -> None:
    _achievement("counter", target=1000)
    _achievement("milestone", type="milestone")
    boards.define(Board("board", "Board", action=ACTION))


def _large() -> None:
    for number in range(900):
        _achievement(f"other-{number}", f"other-{number % 50}", category=f"category-{number % 40}")
    for number in range(100):
        _achievement(f"streak-{number}", "login", 5, type="streak", category=f"category-{number % 40}")
    for number in range(100):
        _achievement(f"meta-{number}", None, 20, type="meta", counts=f"category-{number % 40}")
    for number in range(200):
        segment = "country" if number % 2 else None
        boards.define(Board(f"other-{number}", f"Other {number}", action=f"other-{number % 50}", segment_by=segment))


def _new_players() -> Batches:
    for start in range(0, PLAYERS, BATCH):
        yield [Event(f"player-{start + number}", ACTION) for number in range(BATCH)]


def _every_action() -> Batches:
    for number in range(PLAYERS // 10):
        yield [Event(f"player-{number}", f"bench-{place}") for place in range(100)]


def _work_then_key() -> Batches:
    for number in range(PLAYERS):
        yield [Event(f"player-{number}", ACTION)]
    for number in range(PLAYERS):
        yield [Event(f"player-{number}", "key")]


def _one_by_one() -> Batches:
    dice = random.Random(1)  # noqa: S311
    for number in range(PLAYERS):
        yield [Event(f"player-{number}", ACTION, dice.randrange(1, 1000))]


CASES: list[tuple[str, Callable[[], None], Callable[[], Batches]]] = [
    ("launch day, 1,000 new players, 3 streaks, 5 counters, 2 boards", _launch_day, _new_players),
    ("200 listeners, 1,000 new players", _listeners, _new_players),
    ("50 metas, 100 achievements each unlocked by an event", _metas, _every_action),
    ("a chain of 50 prerequisites, unlocked by one event", _chain, _work_then_key),
    (f"{boards.MAX_WINDOWS} boards of one action, one event", _boards, _one_by_one),
]
