"""A small HTTP load generator: a few connections that are kept alive, each asking again as soon as it has its answer.

Run as a process of its own, so that it does not share the interpreter with what it measures:
`python -m gamify_site.ops.bench.load PORT REQUESTS SECONDS CONNECTIONS [HEADER ...]` prints JSON with the requests per
second, the latency in milliseconds and the count of each status. REQUESTS is a file: a JSON list of
[method, path, body], sent in turns.
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path


def measure(port: int, requests: Iterator[bytes], seconds: float, connections: int) -> dict[str, object]:
    """Sends one request after another for some seconds, and until there is an answer.

    Raises `ConnectionError` where the server closes a connection.
    """
    selector = selectors.DefaultSelector()
    started: dict[socket.socket, float] = {}
    received: dict[socket.socket, bytes] = {}
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
        started[connection], received[connection] = time.perf_counter(), b""
        connection.sendall(next(requests))
    statuses: Counter[str] = Counter()
    latencies: list[float] = []
    begin = time.perf_counter()
    while (now := time.perf_counter()) < begin + seconds or not latencies:
        for key, _ in selector.select(timeout=1):
            connection = key.fileobj  # type: ignore[assignment]
            chunk = connection.recv(262_144)
            if not chunk:
                raise ConnectionError("the server closed a connection")
            received[connection] += chunk
            if is_whole(received[connection]):
                now = time.perf_counter()
                statuses[received[connection][9:12].decode()] += 1
                latencies.append(now - started[connection])
                received[connection], started[connection] = b"", now
                connection.sendall(next(requests))
    duration = time.perf_counter() - begin
    for connection in started:
        connection.close()
    latencies.sort()
    return {
        "requests_per_second": round(len(latencies) / duration),
        "p50_ms": round(1000 * latencies[len(latencies) // 2], 2),
        "p99_ms": round(1000 * latencies[int(len(latencies) * 0.99)], 2),
        "statuses": dict(statuses),
    }


def is_whole(answer: bytes) -> bool:
    """Whether all of an answer has arrived, by its Content-Length (RFC 9112, 6.2); a 304 has no body."""
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    if answer.startswith(b"HTTP/1.1 304"):
        return True
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return body.endswith(b"0\r\n\r\n")


def spelled(method: str, path: str, body: str, headers: list[str]) -> bytes:
    """A request as it goes over the line."""
    sized = [f"Content-Length: {len(body.encode())}", "Content-Type: application/json"] if body else []
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *headers, *sized, "", body]).encode()


if __name__ == "__main__":
    _, port, file, seconds, connections, *headers = sys.argv
    asked = [spelled(method, path, body, headers) for method, path, body in json.loads(Path(file).read_text())]
    sys.stdout.write(json.dumps(measure(int(port), cycle(asked), float(seconds), int(connections))))
