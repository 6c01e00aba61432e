"""Filling a board of millions quickly: with the very keys that the services would have written, but by plain ZADD.

A few players go through the services, which registers the board on every shard. The others follow in large commands, of
which one is on its way while the next is made. A test compares the result with what the services write.
"""

import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from django.conf import settings

from gamify_site import clock
from gamify_site.ops.bench.measuring import say
from gamify_site.players.services import upsert_many
from gamify_site.store import embedded, keys, shards
from gamify_site.store.connection import client
from leaderboards.definitions import Board
from leaderboards.services import boards, ranking, scores

BOARD, ACTION = "bench", "bench"
CHUNK = 200_000
SPREAD = 1_000_000  # so many different scores
FIRST = 64  # players that go through the services
PROFILES = 10_000
SMALL = 10_000  # players; what the server has for itself comes and goes by more than a small board takes
TOLD_EVERY = 5.0  # seconds


class Memory(NamedTuple):
    """Bytes: of a player's entry on one board, of what is kept of every known player, of a profile beside those."""

    board: float
    known: float
    profile: float


def player(number: int) -> str:
    """The id of a player, all of the same length."""
    return f"player-{number:08}"


def score(number: int) -> int:
    """A score that says nothing of when the player came; Knuth's multiplicative hash (TAOCP 3, 6.4)."""
    return (number * 2_654_435_761 % 2**32) * SPREAD >> 32


def fill(players: int) -> Memory:
    """Defines the board, writes a score for each player, and profiles for some; says how far it is."""
    with _written_out():
        memory = write(players)
    if players > SMALL:
        return memory
    everyone = list(shards.everyone())
    entries = [keys.board(shard, BOARD, "all") for shard in everyone]
    known = [name(shard) for name in (keys.players, keys.player_names) for shard in everyone]
    return memory._replace(board=_taken_by(entries) / players, known=_taken_by(known) / players)


def _taken_by(names: Sequence[str]) -> int:
    """Bytes of keys as the server counts them, all of their members."""
    return sum(client().memory_usage(name, samples=0) or 0 for name in names)


def write(players: int) -> Memory:
    """The same without a look at the disk."""
    boards.define(Board(BOARD, "Bench", action=ACTION))
    first = min(players, FIRST)
    scores.submit_many(BOARD, [(player(number), score(number)) for number in range(first)])
    others = range(first, players)
    empty = memory_used()
    _stream(_told("scores", others, _scores_written))
    scored = memory_used()
    _stream(_told("players", others[::-1], _players_known))  # each before all others, which the server finds fastest
    known = memory_used()
    named = shown(players)
    upsert_many({it: {"name": f"Player {it[-8:]}", "country": "SE"} for it in named})
    divisor = max(1, len(others))
    return Memory((scored - empty) / divisor, (known - scored) / divisor, (memory_used() - known) / len(named))


def shown(players: int) -> list[str]:
    """Players of whom readers see much: of the top and of the middle of the board; all on a small one."""
    if players <= PROFILES:
        return [player(number) for number in range(players)]
    middle = ranking.around_rank(BOARD, players // 2, 1000)
    found = [row.player for row in (*ranking.top(BOARD, 1000), *middle)]
    return list(dict.fromkeys([*found, *map(player, range(PROFILES))]))[:PROFILES]


def memory_used() -> int:
    """Bytes that the server has for data; what it keeps for connections and its file comes and goes."""
    found = client().info("memory")
    return int(found["used_memory"] - found["mem_clients_normal"] - found["mem_aof_buffer"])


@contextmanager
def _written_out() -> Iterator[None]:
    """Within it nobody waits for the disk; at its end the append-only file is on it, so that no measurement waits."""
    client().config_set("appendfsync", "no")
    yield
    for file in settings.GAMIFY_DATA_DIR.rglob("*.aof"):
        with file.open("ab") as opened:
            os.fsync(opened.fileno())
    client().config_set("appendfsync", "everysec")


def _scores_written(shard: int, numbers: Sequence[int]) -> list[bytes]:
    """In the order of scores, in which the server finds the places twice as fast: each is near the one before."""
    numbers = sorted(numbers, key=score)
    entries = [part for number in numbers for part in (b"%d" % score(number), player(number).encode())]
    return [_spelled(b"ZADD", keys.board(shard, BOARD, "all").encode(), *entries)]


def _players_known(shard: int, numbers: Sequence[int]) -> list[bytes]:
    """What `see_players` in players.lua notes of new players."""
    now = clock.now()
    seen = b"%d" % int(now.timestamp())
    ids = [player(number).encode() for number in numbers]
    found_by = [it.replace(b"-", b" ") + b"\0" + it for it in ids]
    day = keys.daily(shard, now.date().isoformat()).encode()
    count = b"%d" % len(ids)
    return [
        _spelled(b"ZADD", keys.players(shard).encode(), *(part for it in ids for part in (seen, it))),
        _spelled(b"ZADD", keys.player_names(shard).encode(), *(part for it in found_by for part in (b"0", it))),
        _spelled(b"HINCRBY", day, b"active", count),
        _spelled(b"HINCRBY", day, b"new", count),
    ]


def _told(what: str, numbers: range, commands: Callable[[int, Sequence[int]], list[bytes]]) -> Iterator[list[bytes]]:
    """The commands for each chunk of players; says now and then how much is done."""
    began = told = time.monotonic()
    for start in range(0, len(numbers), CHUNK):
        if time.monotonic() - told > TOLD_EVERY:
            told = time.monotonic()
            say(f"{what}: {100 * start // len(numbers)} % of {len(numbers):,}")
        groups = shards.group(numbers[start : start + CHUNK], player)
        yield [it for shard, group in groups.items() for it in commands(shard, group)]
    if len(numbers) >= PROFILES:
        say(f"{what} of {len(numbers):,} players written in {time.monotonic() - began:.0f} s")


def _stream(chunks: Iterable[list[bytes]]) -> None:
    """Sends commands that answer with a number, each chunk while the answers to the one before are on their way.

    By a plain socket that waits as long as it takes: the program's own client gives up after two seconds.
    """
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(embedded.socket_path(settings.GAMIFY_DATA_DIR)))
        unanswered = 0
        for commands in chunks:
            line.sendall(b"".join(commands))
            unanswered = _await(line, unanswered) + len(commands)
        _await(line, unanswered)


def _await(line: socket.socket, unanswered: int) -> int:
    """Reads so many answers, of which only errors matter; gives how many are missing, less than 0 where more came."""
    while unanswered > 0:
        found = line.recv(65_536)
        if not found or b"-" in found:
            raise RuntimeError(f"The data store answered {found.decode(errors='replace')!r}.")
        unanswered -= found.count(b"\n")
    return unanswered


def _spelled(*words: bytes) -> bytes:
    """A command as it goes over the line (the Redis serialization protocol)."""
    return b"".join([b"*%d\r\n" % len(words), *(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)])
