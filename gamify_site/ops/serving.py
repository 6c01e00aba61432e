"""Runs the web and the live process for `demo` and `serve`: as children, so that everything can be stopped in order."""

import argparse
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import NoReturn

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from gamify_site.ops.processes import METRICS_FOLDER
from gamify_site.ops.supervision import Supervised
from gamify_site.store import embedded, shard_count
from gamify_site.store.errors import StoreUnavailable, WrongAddress, WrongShards

START_TIMEOUT = 60.0  # seconds
LOOK_EVERY = 0.25
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
    """Raise `WrongShards` or `WrongAddress`, which waiting does not mend; while the store is away, all pages say so."""
    try:
        shard_count.check()
    except (WrongAddress, WrongShards):
        raise
    except StoreUnavailable:
        return


def serve(host: str, port: int, live_port: int, workers: int, ready: Callable[[], None], **environment: str) -> None:
    """Runs both processes until an interrupt, and calls `ready` as soon as they answer. Ends them in any case.

    Whatever dies later, also the embedded data store, is started again. Raises `CommandError` when one does not start,
    `WrongShards` where the data lies on other shards, `WrongAddress` where the address does not lead to data.
    """
    _check_data()
    web = _Child("web", host, port, workers, environment)
    live = _Child("live", host, live_port, 1, environment)
    try:
        _wait_until_ready(web.process, host, port, "/healthz")
        _wait_until_ready(live.process, host, live_port, "/live/healthz")
        ready()
        _look_after([Supervised(f"{child.name} process", child.is_alive, child.start) for child in (web, live)])
    finally:
        web.process.terminate()
        live.process.terminate()
        _stop(web.process)
        _stop(live.process)


class _Child:
    """The web or the live process, as it is now."""

    def __init__(self, name: str, host: str, port: int, workers: int, given: Mapping[str, str]) -> None:
        self.name = name
        self.command = [sys.executable, "-m", f"gamify_site.ops.{name}"]
        self.command += ["--host", host, "--port", str(port), "--workers", str(workers)]
        path = os.pathsep.join([str(settings.BASE_DIR), *sys.path])
        self.environment = os.environ | {"PYTHONPATH": path} | dict(given)
        self.environment.pop(METRICS_FOLDER, None)  # the web process makes its own, and the live process has one worker
        self.start()

    def start(self) -> None:
        """Start it, in the place of one that has ended."""
        # A session of its own: Ctrl-C in the terminal reaches us alone. Its standard input ends when we do, however we
        # end.
        self.process = subprocess.Popen(  # noqa: S603
            self.command, stdin=subprocess.PIPE, start_new_session=True, env=self.environment
        )

    def is_alive(self) -> bool:
        """Return whether it runs; its standard input is closed if it does not."""
        if self.process.poll() is None:
            return True
        if self.process.stdin is not None:
            self.process.stdin.close()
        return False


def _look_after(supervised: list[Supervised]) -> NoReturn:
    folder = settings.GAMIFY_DATA_DIR
    if settings.GAMIFY_EMBEDDED:
        store = Supervised(
            "embedded data store", partial(embedded.is_running, folder), partial(embedded.revive, folder)
        )
        supervised = [store, *supervised]
    while True:
        for each in supervised:
            each.look_after()
        time.sleep(LOOK_EVERY)


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
