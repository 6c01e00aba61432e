"""What readers ask of a board: how long a caller of the services waits, and how long the page takes over HTTP."""

import random
import time
from collections.abc import Callable
from typing import Any

from gamify_site.ops.bench import web
from gamify_site.ops.bench.filling import BOARD, player
from gamify_site.ops.bench.measuring import say, server_seconds
from leaderboards.services import ranking

ROWS = 50
PAGE = f"/leaderboards/{BOARD}/?top=50&around=10"
LEAST_CALLS = 30
TURNS = 5


def services(players: int, seconds: float) -> dict[str, Any]:
    """Each question for some seconds, by one client: milliseconds that the caller waits, and those of the server."""
    figures = {}
    for name, ask in _questions(players).items():
        found = figures[name] = service_time(ask, seconds)
        told = f"p50 {found['p50_ms']:.2f} ms, p99 {found['p99_ms']:.2f} ms, server {found['server_ms']:.2f} ms"
        say(f"{name}: {told}")
    return figures


def page(players: int, seconds: float) -> dict[str, Any]:
    """The page of the board for a player in its middle who is logged in, over one connection: the best of some turns.

    What a moment of the machine does to a page is more than what the size of the board does.
    """
    cookie = web.cookie_of(in_the_middle(players))
    with web.serving() as (port, _live_port):
        asked = [("GET", PAGE, "")]
        web.send(port, asked, seconds / 5, [cookie], connections=2 * web.WORKERS)  # warms all workers up
        turns = [web.send(port, asked, seconds / TURNS, [cookie], connections=1) for _ in range(TURNS)]
    found = min(turns, key=lambda it: float(it["p50_ms"]))
    say(f"page over HTTP: p50 {found['p50_ms']:.2f} ms, p99 {found['p99_ms']:.2f} ms, answers {found['statuses']}")
    return found


def in_the_middle(players: int) -> str:
    """The player at the middle rank."""
    return ranking.around_rank(BOARD, players // 2, 0)[0].player


def cursor_in_the_middle(players: int) -> str:
    """The cursor behind the player at the middle rank."""
    return ranking.cursor_behind(ranking.around_rank(BOARD, players // 2, 0)[0], BOARD)


def _questions(players: int) -> dict[str, Callable[[], object]]:
    dice = random.Random(3)  # noqa: S311
    cursor = cursor_in_the_middle(players)
    return {
        "rank": lambda: ranking.standing(BOARD, player(dice.randrange(players))),
        "top 100": lambda: ranking.top(BOARD, 100),
        "around ±10": lambda: ranking.around_player(BOARD, player(dice.randrange(players)), 10),
        "page from the middle": lambda: ranking.page(BOARD, after=cursor, limit=ROWS),
        "around a rank": lambda: ranking.around_rank(BOARD, dice.randrange(players) + 1, 10),
    }


def service_time(ask: Callable[[], object], seconds: float) -> dict[str, float]:
    """Median and 99th percentile of a call in milliseconds, and the server's CPU time for one."""
    times(ask, 0.0)
    server = server_seconds()
    found = times(ask, seconds)
    server = 1000 * (server_seconds() - server) / len(found)
    return {
        "p50_ms": round(found[len(found) // 2], 3),
        "p99_ms": round(found[len(found) * 99 // 100], 3),
        "server_ms": round(server, 3),
    }


def times(ask: Callable[[], object], seconds: float) -> list[float]:
    """How long calls take one after another, in milliseconds, shortest first; at least 30 of them."""
    found: list[float] = []
    deadline = time.perf_counter() + seconds
    while len(found) < LEAST_CALLS or time.perf_counter() < deadline:
        began = time.perf_counter()
        ask()
        found.append(1000 * (time.perf_counter() - began))
    return sorted(found)
