"""The services beside the Python package `leaderboard`, on the same sorted set, one client each, in turns."""

import json
import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings

from gamify_site.ops.bench.filling import BOARD, SPREAD, player
from gamify_site.ops.bench.measuring import BATCH, ROUNDS, say
from gamify_site.ops.bench.reading import cursor_in_the_middle, times
from gamify_site.store import embedded, keys
from gamify_site.store.connection import client
from leaderboards.services import boards, ranking, scores

SCRIPT = Path(__file__).with_name("leaderboard_package.py")
KINDS = ("unique", "shared")  # ranks among equal scores; ours are shared
PAGE = 25
NAMES = {
    "rank": "rank and score of a player",
    "around": "21 rows around a player",
    "first_page": "the first page, 25 rows",
    "middle_page": "a page in the middle, 25 rows",
    "one": "one score",
    "one_told": "one score, and the ranks before and after",
    "many": f"{BATCH} scores at once",
}
Ask = Callable[[str, str, float], Any]


def measure(python: str, players: int, seconds: float) -> dict[str, Any]:
    """Milliseconds (p50, p99) of each operation, of ours and of both kinds of boards that the package has.

    `python` is an interpreter that has the package. Raises `RuntimeError` where the package finds other ranks than we.
    """
    boards.define(replace(boards.get(BOARD), combine="last"))  # a score replaces the one before, as there
    ours = _ours(players)
    with _package(python, players) as ask:
        _agree(ask("shared", "check", 0), players)
        found = {operation: _in_turns(operation, ours[operation], ask, seconds / ROUNDS) for operation in NAMES}
    for operation, name in NAMES.items():
        own, unique, shared = (found[operation][who]["p50_ms"] for who in ("ours", *KINDS))
        say(f"{name}: {own} ms; leaderboard {unique} ms, with shared ranks {shared} ms")
    return found


def _in_turns(operation: str, ours: Callable[[], object], ask: Ask, seconds: float) -> dict[str, Any]:
    """The best of a few turns each, so that a busy moment of the machine does not fall on one alone."""
    turns: dict[str, list[dict[str, float]]] = {"ours": [], **{kind: [] for kind in KINDS}}
    for _ in range(ROUNDS):
        turns["ours"].append(_summary(lambda: times(ours, seconds)))
        for kind in KINDS:
            turns[kind].append(_summary(lambda kind=kind: ask(kind, operation, seconds)))  # type: ignore[misc]
    return {who: min(found, key=lambda it: it["p50_ms"]) for who, found in turns.items()}


def _summary(measured: Callable[[], list[float]]) -> dict[str, float]:
    """Median and 99th percentile of sorted times, and how often the server was asked for each."""
    before = _server_reads()
    found = measured()
    trips = (_server_reads() - before - 1) / len(found)  # one was to ask for the reads
    return {
        "p50_ms": round(found[len(found) // 2], 3),
        "p99_ms": round(found[len(found) * 99 // 100], 3),
        "trips": round(trips, 1),
    }


def _server_reads() -> int:
    """How often the server has read from a connection: once for each short request."""
    return int(client().info("stats")["total_reads_processed"])


def _ours(players: int) -> dict[str, Callable[[], object]]:
    dice = random.Random(4)  # noqa: S311
    cursor = cursor_in_the_middle(players)

    def anybody() -> str:
        return player(dice.randrange(players))

    def one() -> object:
        return scores.submit(BOARD, anybody(), dice.randrange(SPREAD))

    return {
        "rank": lambda: ranking.standing(BOARD, anybody()),
        "around": lambda: ranking.around_player(BOARD, anybody(), 10),
        "first_page": lambda: ranking.page(BOARD, limit=PAGE),
        "middle_page": lambda: ranking.page(BOARD, after=cursor, limit=PAGE),
        "one": one,
        "one_told": one,
        "many": lambda: scores.submit_many(BOARD, [(anybody(), dice.randrange(SPREAD)) for _ in range(BATCH)]),
    }


@contextmanager
def _package(python: str, players: int) -> Iterator[Ask]:
    """The package in a process of its own; gives what asks it."""
    socket = str(embedded.socket_path(settings.GAMIFY_DATA_DIR))
    command = [python, str(SCRIPT), socket, keys.board(0, BOARD, "all"), str(players)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdin and process.stdout  # noqa: S101  (for the type checker)
        lines_in, lines_out = process.stdin, process.stdout

        def ask(*what: object) -> Any:
            lines_in.write(json.dumps(what) + "\n")
            lines_in.flush()
            return answer()

        def answer() -> Any:
            line = lines_out.readline()
            if not line:
                raise RuntimeError(f"{python} could not run the package leaderboard; its message is above.")
            return json.loads(line)

        answer()
        yield ask
        lines_in.close()


def _agree(theirs: dict[str, Any], players: int) -> None:
    mine = ranking.standing(BOARD, player(players // 3))
    if mine is None or (mine.rank, mine.score) != (theirs["rank"], theirs["score"]):
        raise RuntimeError(f"The package says {theirs}, we say {mine}.")
