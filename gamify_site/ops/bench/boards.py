"""Boards beside the bare server: writes in batches, the board page, and its unchanged partial."""

import random
from typing import Any

from gamify_site.ops.bench import web
from gamify_site.ops.bench.measuring import BATCH, Way, compare, fill, increment_bare, say
from leaderboards.definitions import Board
from leaderboards.services import boards, scores

PAGE = "/leaderboards/bench/?top=50&around=10"


def run(players: int, seconds: float) -> dict[str, Any]:
    """Fills two boards of the same size, then measures both ways of writing in turns, then the pages over HTTP."""
    ids = [f"player-{number:08}" for number in range(players)]
    boards.define(Board("bench", "Bench"))
    fill(ids, ["bench"])
    figures = _writes(ids, seconds)
    figures |= _pages(ids, seconds)
    return figures


def _writes(ids: list[str], seconds: float) -> dict[str, Any]:
    dice = random.Random(2)  # noqa: S311
    batches = [[(dice.choice(ids), dice.randrange(1, 100)) for _ in range(BATCH)] for _ in range(200)]
    bare, ours = compare(
        [
            Way(f"pipelined ZINCRBY, batches of {BATCH}", lambda number: batches[number % 200], increment_bare),
            Way(
                f"scores.submit_many, batches of {BATCH}",
                lambda number: batches[number % 200],
                lambda batch: scores.submit_many("bench", batch),
            ),
        ],
        seconds,
    )
    say(f"ratio: {ours.per_second / bare.per_second:.0%} (goal: at least 60 %)")
    return {
        "bare_writes_per_second": round(bare.per_second),
        "submit_many_writes_per_second": round(ours.per_second),
        "ratio": round(ours.per_second / bare.per_second, 3),
        "server_us_per_write": round(ours.server_us, 2),
    }


def _pages(ids: list[str], seconds: float) -> dict[str, Any]:
    cookie = web.cookie_of(ids[len(ids) // 2])
    htmx = [cookie, "HX-Request: true", "HX-Target: rows"]
    with web.serving() as (port, _live_port):
        etag = web.etag_of(port, PAGE, htmx)
        page = web.load(port, PAGE, seconds, [cookie])
        unchanged = web.load(port, PAGE, seconds, [*htmx, f"If-None-Match: {etag}"])
    web.report("board page, top 50 and 21 around", page, 500)
    web.report("its unchanged partial (304)", unchanged, 2000)
    return {"page": page, "unchanged_partial": unchanged}
