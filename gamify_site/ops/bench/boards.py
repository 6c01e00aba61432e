"""Boards beside the bare server: writes in batches, the board page, and its unchanged partial."""

import json
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.cache import SessionStore

from gamify_site.store.connection import client
from leaderboards.definitions import Board
from leaderboards.services import boards, scores

BATCH = 500
ROUNDS = 3
BARE = "bench:bare"  # a sorted set of the same size, written to by redis-py alone
PAGE = "/leaderboards/bench/?top=50&around=10"
CONNECTIONS = 8


def run(players: int, seconds: float) -> dict[str, Any]:
    """Fills two boards of the same size, then measures both ways of writing in turns, then the pages over HTTP."""
    ids = [f"player-{number:08}" for number in range(players)]
    boards.define(Board("bench", "Bench"))
    _fill(ids)
    figures = _writes(ids, seconds)
    figures |= _pages(ids, seconds)
    return figures


def _say(text: str) -> None:
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()


def _fill(ids: list[str]) -> None:
    dice = random.Random(1)  # noqa: S311
    began = time.perf_counter()
    for start in range(0, len(ids), 5000):
        values = {player: dice.randrange(1_000_000) for player in ids[start : start + 5000]}
        scores.submit_many("bench", values)
        client().zadd(BARE, values)
        if sys.stdout.isatty():
            sys.stdout.write(f"\r  filling {start * 100 // len(ids)} %")
    _say(f"\rfilled in {time.perf_counter() - began:.0f} s")


def _writes(ids: list[str], seconds: float) -> dict[str, Any]:
    dice = random.Random(2)  # noqa: S311
    batches = [[(dice.choice(ids), dice.randrange(1, 100)) for _ in range(BATCH)] for _ in range(200)]
    ways: dict[str, Callable[[list[tuple[str, int]]], object]] = {
        "bare_zincrby": _bare_batch,
        "submit_many": lambda batch: scores.submit_many("bench", batch),
    }
    best = dict.fromkeys(ways, (0.0, 0.0))
    for _ in range(ROUNDS):  # in turns, so that a busy moment of the machine does not fall on one of them alone
        for name, write in ways.items():
            best[name] = max(best[name], _rate(write, batches, seconds / ROUNDS))
    bare, ours = best["bare_zincrby"], best["submit_many"]
    _say(f"pipelined ZINCRBY, batches of {BATCH}:  {bare[0]:>9,.0f} writes/s, {bare[1]:.2f} µs of server time each")
    _say(f"scores.submit_many, batches of {BATCH}: {ours[0]:>9,.0f} writes/s, {ours[1]:.2f} µs of server time each")
    _say(f"ratio: {ours[0] / bare[0]:.0%} (goal: at least 60 %)")
    return {
        "bare_writes_per_second": round(bare[0]),
        "submit_many_writes_per_second": round(ours[0]),
        "ratio": round(ours[0] / bare[0], 3),
        "server_us_per_write": round(ours[1], 2),
    }


def _bare_batch(batch: list[tuple[str, int]]) -> None:
    pipeline = client().pipeline(transaction=False)
    for player, amount in batch:
        pipeline.zincrby(BARE, amount, player)
    pipeline.execute()


def _rate(write: Callable[[Any], object], batches: list[Any], seconds: float) -> tuple[float, float]:
    """Writes per second, and microseconds of the server's CPU per write."""
    done, server, began = 0, _server_seconds(), time.perf_counter()
    while time.perf_counter() < began + seconds:
        write(batches[done % len(batches)])
        done += 1
    duration = time.perf_counter() - began
    return done * BATCH / duration, (_server_seconds() - server) / (done * BATCH) * 1e6


def _server_seconds() -> float:
    usage = client().info("cpu")
    return float(usage["used_cpu_user"] + usage["used_cpu_sys"])


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
    _say(f"{what}: {rate:,} requests/s (goal: {goal:,}), p50 {p50} ms, p99 {p99} ms, answers {figures['statuses']}")


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
