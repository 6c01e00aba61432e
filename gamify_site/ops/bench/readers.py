"""Thousands of streams that are read, as a process of its own, so that it does not share the interpreter with others.

`python -m gamify_site.ops.bench.readers PORT QUERY STREAMS` opens the streams and prints a line when they stand. Then
each line on standard input is a number of seconds to read for. The answer is JSON: how many bytes came, how many
streams have ended, and how old rows were (ms) that hold the player `clock`, whose score is the time at which it
was written: milliseconds of the wall clock, modulo 10^9.
"""

import json
import re
import resource
import selectors
import socket
import sys
import time
from itertools import cycle

TOLD = re.compile(rb'data-player="clock"[^>]*data-score="(\d+)"')
CYCLE = 10**9  # milliseconds
ADDRESSES = [f"127.0.0.{number}" for number in range(1, 9)]  # one address has too few ports for many runs in a row


class Readers:
    """Open streams, and what has arrived on them since they were asked last."""

    def __init__(self, port: int, query: str, count: int) -> None:
        self.selector = selectors.DefaultSelector()
        self.delays: list[float] = []
        self.received = 0
        self.ended = 0
        request = f"GET /live/stream?{query} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.%d.%d.1\r\n\r\n"
        for number, address in zip(range(count), cycle(ADDRESSES), strict=False):
            stream = socket.create_connection(("127.0.0.1", port), source_address=(address, 0))
            stream.sendall((request % (number // 40 // 256, number // 40 % 256)).encode())
            stream.setblocking(False)
            self.selector.register(stream, selectors.EVENT_READ)
            if number % 100 == 0:
                self.read(0)

    def read(self, seconds: float) -> None:
        """Takes what arrives for some time."""
        deadline = time.monotonic() + seconds
        while True:
            for key, _ in self.selector.select(max(0.0, deadline - time.monotonic())):
                stream: socket.socket = key.fileobj  # type: ignore[assignment]
                chunk = stream.recv(262_144)
                if not chunk:
                    self.ended += 1
                    self.selector.unregister(stream)
                now = time.time() * 1000
                self.received += len(chunk)
                for told in TOLD.findall(chunk)[-1:]:
                    self.delays.append((now - int(told)) % CYCLE)
            if time.monotonic() >= deadline:
                return

    def mark(self) -> dict[str, object]:
        """What has arrived since the last mark."""
        told = {"bytes": self.received, "ended": self.ended, "delays": sorted(self.delays)}
        self.received, self.delays = 0, []
        return told


def main() -> None:
    _, port, query, count = sys.argv
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(int(count) + 100, hard)), hard))
    readers = Readers(int(port), query, int(count))
    _say({"open": int(count)})
    for line in sys.stdin:
        readers.read(float(line))
        _say(readers.mark())


def _say(figures: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
