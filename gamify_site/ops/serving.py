"""Runs the web and the live process for `demo` and `serve`: as children, so that everything can be stopped in order."""

import argparse
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NoReturn

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from gamify_site.ops.processes import METRICS_FOLDER
from gamify_site.store import shard_count
from gamify_site.store.errors import StoreUnavailable, WrongShards

START_TIMEOUT = 60.0  # seconds
LOOK_EVERY = 0.5
STOP_TIMEOUT = 10.0
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104


def add_arguments(parser: CommandParser) -> None:
    """The options of commands that serve."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for all")
    parser.add_argument("--port", default=8000, type=port, help="port of the pages")
    parser.add_argument("--live-port", default=8001, type=port, help="port of the streams that keep pages live")


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


def check_ports(host: str, port: int, live_port: int) -> None:
    """Raises `CommandError` with what to do where one of the addresses cannot be listened on."""
    if port == live_port:
        raise CommandError("Pages and streams need a port each: choose another --live-port.")
    _check_port(host, port, "--port")
    _check_port(host, live_port, "--live-port")


def _check_port(host: str, port: int, option: str) -> None:
    try:
        family, kind, _, _, where = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen()
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host}:{port}: {error.strerror}. "
            f"Stop what uses the port, or choose another one: {option} {port + 10 if port < 65_000 else 8010}"
        ) from error


def _check_data() -> None:
    """A data store that is away says so on all pages until it is there; data that is elsewhere would never be found."""
    try:
        shard_count.check()
    except WrongShards:
        raise
    except StoreUnavailable:
        return


def serve(host: str, port: int, live_port: int, workers: int, ready: Callable[[], None], **environment: str) -> None:
    """Runs both processes until an interrupt, and calls `ready` as soon as they answer. Ends them in any case.

    Raises `CommandError` when one ends by itself, `WrongShards` where the data lies on other shards.
    """
    _check_data()
    web = _start("web", host, port, workers, environment)
    live = _start("live", host, live_port, 1, environment)
    try:
        _wait_until_ready(web, host, port, "/healthz")
        _wait_until_ready(live, host, live_port, "/live/healthz")
        ready()
        _wait_for_either(web, live)
    finally:
        web.terminate()
        live.terminate()
        _stop(web)
        _stop(live)


def _start(name: str, host: str, port: int, workers: int, given: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"gamify_site.ops.{name}"]
    command += ["--host", host, "--port", str(port), "--workers", str(workers)]
    # A session of its own: Ctrl-C in the terminal reaches us alone. Its standard input ends when we do, however we end.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(settings.BASE_DIR), *sys.path])} | dict(given)
    environment.pop(METRICS_FOLDER, None)  # the web process makes its own, and the live process has one worker
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, env=environment)  # noqa: S603


def _wait_for_either(web: subprocess.Popen[bytes], live: subprocess.Popen[bytes]) -> NoReturn:
    while True:
        for name, process in (("web", web), ("live", live)):
            with suppress(subprocess.TimeoutExpired):
                raise CommandError(f"The {name} process ended by itself (exit code {process.wait(LOOK_EVERY)}).")


def _wait_until_ready(process: subprocess.Popen[bytes], host: str, port: int, path: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CommandError("The server did not start.")
        connection = http.client.HTTPConnection(ANYWHERE.get(host, host), port, timeout=5)
        try:
            connection.request("GET", path)
            connection.getresponse()
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()
    raise CommandError(f"The server did not answer within {START_TIMEOUT:.0f} seconds.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
