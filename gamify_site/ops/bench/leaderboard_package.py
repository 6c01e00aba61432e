"""Times the Python package `leaderboard`, by an interpreter that has it; needs nothing of this project.

`PYTHON leaderboard_package.py SOCKET KEY PLAYERS` works on the sorted set KEY of a server. Each line on standard input
is JSON: [which ranks (`unique` or `shared`), operation, seconds]; the answer is a line of JSON: how long calls took, in
milliseconds, shortest first. The operation `check` answers score and rank of one player instead.
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import TYPE_CHECKING, Any

from leaderboard.competition_ranking_leaderboard import CompetitionRankingLeaderboard
from leaderboard.leaderboard import Leaderboard, Redis

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES = {"unique": Leaderboard, "shared": CompetitionRankingLeaderboard}
SPREAD = 1_000_000
BATCH = 500
AROUND = 21
PAGE = 25
LEAST_CALLS = 30


def main() -> None:
    socket, key, players = sys.argv[1], sys.argv[2], int(sys.argv[3])
    boards = {
        name: kind(key, page_size=PAGE, redis_connection=Redis(unix_socket_path=socket))
        for name, kind in CLASSES.items()
    }
    say("ready")
    for line in sys.stdin:
        name, operation, seconds = json.loads(line)
        if operation == "check":
            say(boards[name].score_and_rank_for(player(players // 3)))
        else:
            say(times(operations(boards[name], players)[operation], seconds))


def player(number: int) -> str:
    return f"player-{number:08}"


def operations(board: Any, players: int) -> dict[str, Callable[[], object]]:
    dice = random.Random()  # noqa: S311

    def anybody() -> str:
        return player(dice.randrange(players))

    def score() -> int:
        return dice.randrange(SPREAD)

    def one_told() -> None:
        who = anybody()
        board.score_and_rank_for(who)
        board.rank_member(who, score())
        board.score_and_rank_for(who)

    return {
        "rank": lambda: board.score_and_rank_for(anybody()),
        "around": lambda: board.around_me(anybody(), page_size=AROUND),
        "first_page": lambda: board.leaders(1),
        "middle_page": lambda: board.leaders(players // PAGE // 2),
        "one": lambda: board.rank_member(anybody(), score()),
        "one_told": one_told,
        "many": lambda: board.rank_members([part for _ in range(BATCH) for part in (anybody(), score())]),
    }


def times(ask: Callable[[], object], seconds: float) -> list[float]:
    found: list[float] = []
    deadline = time.perf_counter() + seconds
    while len(found) < LEAST_CALLS or time.perf_counter() < deadline:
        began = time.perf_counter()
        ask()
        found.append(1000 * (time.perf_counter() - began))
    return sorted(found)


def say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
