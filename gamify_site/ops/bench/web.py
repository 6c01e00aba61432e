"""The web process under load, for the suites that measure pages."""

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.cache import SessionStore

from gamify_site.ops.bench.measuring import say

CONNECTIONS = 8
WORKERS = 2


def report(what: str, figures: dict[str, Any], goal: int) -> None:
    """Prints what `load` found."""
    rate, p50, p99 = figures["requests_per_second"], figures["p50_ms"], figures["p99_ms"]
    say(f"{what}: {rate:,} requests/s (goal: {goal:,}), p50 {p50} ms, p99 {p99} ms, answers {figures['statuses']}")


def cookie_of(player: str) -> str:
    """The header of a player who is logged in."""
    account = get_user_model().objects.create_user(username=player, password=None)
    session = SessionStore()
    session[SESSION_KEY] = account.pk
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.create()
    return f"Cookie: {settings.SESSION_COOKIE_NAME}={session.session_key}"


@contextmanager
def serving() -> Iterator[tuple[int, int]]:
    """The web and the live process as `serve` starts them, on free ports."""
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        port, live_port = one.getsockname()[1], two.getsockname()[1]
    command = [sys.executable, "manage.py", "serve", "--port", str(port), "--workers", str(WORKERS)]
    command += ["--live-port", str(live_port)]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        _wait(port)
        yield port, live_port
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


def etag_of(port: int, path: str, headers: Sequence[str]) -> str:
    """The ETag that an address answers with."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    for header in headers:
        name, _, value = header.partition(": ")
        request.add_header(name, value)
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return str(answer.headers["ETag"])


def load(port: int, path: str, seconds: float, headers: Sequence[str]) -> dict[str, Any]:
    """What `bench.load` measures of an address."""
    return send(port, [("GET", path, "")], seconds, headers)


def send(
    port: int,
    requests: Sequence[tuple[str, str, str]],
    seconds: float,
    headers: Sequence[str],
    connections: int = CONNECTIONS,
) -> dict[str, Any]:
    """What `bench.load` measures of requests that are sent in turns, each (method, path, body)."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(requests, file)
        file.flush()
        command = [sys.executable, "-m", "gamify_site.ops.bench.load", str(port), file.name, str(seconds)]
        command += [str(connections), *headers]
        finished = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    figures: dict[str, Any] = json.loads(finished.stdout)
    return figures
