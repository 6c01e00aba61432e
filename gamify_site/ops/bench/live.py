"""Streams: what an idle one takes, and how long a change is on its way to a thousand viewers."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gamify_site.ops.bench import web
from gamify_site.ops.bench.measuring import say
from gamify_site.ops.bench.readers import CYCLE
from leaderboards.definitions import Board
from leaderboards.services import boards, scores

BOARD = "bench-live"
IDLE = (1000, 5000)  # streams
VIEWERS = (100, 1000)
UPDATES = 200  # a second
SETTLE = 1.0  # seconds
PLAYERS = 1000
CLOCK = "clock"  # a player whose score is the time, so that it can be told how old it is when it arrives


def run(_players: int, seconds: float) -> dict[str, Any]:
    """Measures memory with idle streams, then delays with viewers of a board that changes all the time."""
    boards.define(Board(BOARD, "Live", combine="last", news_top=0))
    scores.submit_many(BOARD, {f"player-{number}": number for number in range(PLAYERS)} | {CLOCK: 2 * CYCLE})
    figures: dict[str, Any] = {}
    with web.serving() as (_port, live_port):
        worker = _worker()
        before = _memory(worker)
        for count in IDLE:
            figures[f"idle_{count}"] = _idle(live_port, worker, before, count, seconds)
        for count in VIEWERS:
            figures[f"viewers_{count}"] = _viewers(live_port, worker, count, seconds)
    return figures


def _idle(port: int, worker: Path, before: int, count: int, seconds: float) -> dict[str, float]:
    """`before` is the memory without any stream: what was freed is used again."""
    with _readers(port, f"board={BOARD}", count) as ask:
        ask(SETTLE)
        if len(list((worker / "fd").iterdir())) < count:
            raise RuntimeError(f"there are fewer than {count:,} streams")
        took, cpu = (_memory(worker) - before) / count, _cpu(worker)
        ask(seconds)
        busy = (_cpu(worker) - cpu) / seconds
    say(f"{count:,} idle streams: {took:.1f} KB each (goal: 40 KB), {busy:.1%} of a core for pings")
    return {"kilobytes_a_stream": round(took, 1), "cores": round(busy, 4)}


def _viewers(port: int, worker: Path, count: int, seconds: float) -> dict[str, float]:
    stop = threading.Event()
    writer = threading.Thread(target=_write, args=(stop,), daemon=True)
    with _readers(port, f"board={BOARD}", count) as ask:
        writer.start()
        while not ask(SETTLE)["delays"]:
            pass
        cpu = _cpu(worker)
        told = ask(seconds)
        busy = (_cpu(worker) - cpu) / seconds
        stop.set()
        writer.join()
    delays = told["delays"] or [seconds * 1000]  # nothing has arrived: it takes at least that long
    p50, p99 = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    say(
        f"{count:,} viewers, {UPDATES} updates/s: from write to received p50 {p50:.0f} ms, p99 {p99:.0f} ms "
        f"(goal: 500 ms), {busy:.0%} of a core, {len(delays):,} events, {told['ended']} streams lost"
    )
    return {"p50_ms": round(p50), "p99_ms": round(p99), "cores": round(busy, 3), "events": len(delays)}


def _write(stop: threading.Event) -> None:
    """Writes scores of many players, and the time, at a steady rate."""
    dice = random.Random(3)  # noqa: S311
    while not stop.is_set():
        began = time.monotonic()
        scores.submit(BOARD, CLOCK, 2 * CYCLE + int(time.time() * 1000) % CYCLE)
        for _ in range(UPDATES // 20 - 1):
            scores.submit(BOARD, f"player-{dice.randrange(PLAYERS)}", dice.randrange(10**6))
        stop.wait(max(0.0, began + 0.05 - time.monotonic()))


@contextmanager
def _readers(port: int, query: str, count: int) -> Iterator[Any]:
    """Streams that are open; what is given reads for some seconds and gives what has arrived."""
    command = [sys.executable, "-m", "gamify_site.ops.bench.readers", str(port), query, str(count)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdin  # noqa: S101  (both are pipes)
    assert process.stdout  # noqa: S101
    process.stdout.readline()

    def ask(seconds: float) -> dict[str, Any]:
        assert process.stdin  # noqa: S101
        assert process.stdout  # noqa: S101
        process.stdin.write(f"{seconds}\n")
        process.stdin.flush()
        told: dict[str, Any] = json.loads(process.stdout.readline())
        return told

    try:
        yield ask
    finally:
        process.stdin.close()
        process.wait(30)


def _worker() -> Path:
    """Where Linux tells of the live process's worker: the child of the process that manages it."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_manager = b"gamify_site.ops.live" in (process / "cmdline").read_bytes()
            is_ours = os.environ["GAMIFY_DATA_DIR"].encode() in (process / "environ").read_bytes()
            children = (process / "task" / process.name / "children").read_text().split()
        except OSError:
            continue
        if is_manager and is_ours:
            return Path("/proc") / children[-1]
    raise RuntimeError("the live process is not there; this bench needs Linux")


def _memory(process: Path) -> int:
    """Kilobytes that a process holds."""
    lines = (process / "status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))


def _cpu(process: Path) -> float:
    """Seconds of CPU that a process has used: utime and stime, see proc(5)."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
