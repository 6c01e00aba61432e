"""Boards beside the bare server: writes in batches, the board page, and its unchanged partial."""

import json
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.cache import SessionStore

from gamify_site.ops.bench.measuring import BATCH, Way, compare, fill, increment_bare, say
from leaderboards.definitions import Board
from leaderboards.services import boards, scores

PAGE = "/leaderboards/bench/?top=50&around=10"
CONNECTIONS = 8


def run(players: int, seconds: float) -> dict[str, Any]:
    """Fills two boards of the same size, then measures both ways of writing in turns, then the pages over HTTP."""
    ids = [f"player-{number:08}" for number in range(players)]
    boards.define(Board("bench", "Bench"))
    fill(ids, ["bench"])
    figures = _writes(ids, seconds)
    figures |= _pages(ids, seconds)
    return figures


def _writes(ids: list[str], seconds: float) -> dict[str, Any]:
    dice = random.Random(2)  # noqa: S311
    batches = [[(dice.choice(ids), dice.randrange(1, 100)) for _ in range(BATCH)] for _ in range(200)]
    bare, ours = compare(
        [
            Way(f"pipelined ZINCRBY, batches of {BATCH}", lambda number: batches[number % 200], increment_bare),
            Way(
                f"scores.submit_many, batches of {BATCH}",
                lambda number: batches[number % 200],
                lambda batch: scores.submit_many("bench", batch),
            ),
        ],
        seconds,
    )
    say(f"ratio: {ours.per_second / bare.per_second:.0%} (goal: at least 60 %)")
    return {
        "bare_writes_per_second": round(bare.per_second),
        "submit_many_writes_per_second": round(ours.per_second),
        "ratio": round(ours.per_second / bare.per_second, 3),
        "server_us_per_write": round(ours.server_us, 2),
    }


def _pages(ids: list[str], seconds: float) -> dict[str, Any]:
    cookie = f"Cookie: {settings.SESSION_COOKIE_NAME}={_session(ids[len(ids) // 2])}"
    htmx = ["HX-Request: true", "HX-Target: rows"]
    with _web() as port:
        etag = _etag(port, cookie, htmx)
        page = _load(port, seconds, [cookie])
        unchanged = _load(port, seconds, [cookie, *htmx, f"If-None-Match: {etag}"])
    _report("board page, top 50 and 21 around", page, 500)
    _report("its unchanged partial (304)", unchanged, 2000)
    return {"page": page, "unchanged_partial": unchanged}


def _report(what: str, figures: dict[str, Any], goal: int) -> None:
    rate, p50, p99 = figures["requests_per_second"], figures["p50_ms"], figures["p99_ms"]
    say(f"{what}: {rate:,} requests/s (goal: {goal:,}), p50 {p50} ms, p99 {p99} ms, answers {figures['statuses']}")


def _session(player: str) -> str:
    """The key of a logged-in session."""
    account = get_user_model().objects.create_user(username=player, password=None)
    session = SessionStore()
    session[SESSION_KEY] = account.pk
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.create()
    return str(session.session_key)


@contextmanager
def _web() -> Iterator[int]:
    """The web process as `serve` starts it, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "manage.py", "serve", "--port", str(port), "--workers", "2"]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the web process did not start")


def _etag(port: int, cookie: str, headers: list[str]) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{PAGE}")
    for header in [cookie, *headers]:
        name, _, value = header.partition(": ")
        request.add_header(name, value)
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return str(answer.headers["ETag"])


def _load(port: int, seconds: float, headers: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "gamify_site.ops.bench.load", str(port), PAGE, str(seconds), str(CONNECTIONS)]
    finished = subprocess.run([*command, *headers], capture_output=True, text=True, check=True)  # noqa: S603
    figures: dict[str, Any] = json.loads(finished.stdout)
    return figures
