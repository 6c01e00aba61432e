"""Runs the web process for `demo` and `serve`: started as a child, so that everything can be stopped in order."""

import argparse
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

START_TIMEOUT = 60.0  # seconds
STOP_TIMEOUT = 10.0
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104


def add_arguments(parser: CommandParser) -> None:
    """The options of commands that serve."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for all")
    parser.add_argument("--port", default=8000, type=port, help="port of the pages")
    parser.add_argument(
        "--live-port",
        default=8001,
        type=port,
        help="port of the live process; there is none yet: nothing listens here, and pages poll for now",
    )


def port(text: str) -> int:
    """A port number, for argparse."""
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def workers(text: str) -> int:
    """A number of worker processes, for argparse."""
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of workers from 1 to 256")
    return int(text)


def address(host: str, port: int) -> str:
    """What to open in a browser on this machine."""
    name = ANYWHERE.get(host, host)
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/"


def check_port(host: str, port: int) -> None:
    """Raises `CommandError` with what to do where the address cannot be listened on."""
    try:
        family, kind, _, _, where = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen()
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host}:{port}: {error.strerror}. "
            f"Stop what uses the port, or choose another one: --port {port + 10 if port < 65_000 else 8010}"
        ) from error


def serve(host: str, port: int, workers: int, ready: Callable[[], None]) -> None:
    """Runs the web process until an interrupt, and calls `ready` as soon as it answers. Ends it in any case.

    Raises `CommandError` when it ends by itself.
    """
    command = [sys.executable, "-m", "gamify_site.ops.web"]
    command += ["--host", host, "--port", str(port), "--workers", str(workers)]
    # A session of its own: Ctrl-C in the terminal reaches us alone. Its standard input ends when we do, however we end.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(settings.BASE_DIR), *sys.path])}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, env=environment)  # noqa: S603
    try:
        _wait_until_ready(process, host, port)
        ready()
        raise CommandError(f"The web process ended by itself (exit code {process.wait()}).")
    finally:
        _stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], host: str, port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CommandError("The web process did not start.")
        connection = http.client.HTTPConnection(ANYWHERE.get(host, host), port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse()
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()
    raise CommandError(f"The web process did not answer within {START_TIMEOUT:.0f} seconds.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
