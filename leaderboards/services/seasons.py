"""Periods that are over: who won them, and keeping that for good before their data expires."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from gamify_site import clock
from gamify_site.players import services as players
from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import ask, client, guarded
from leaderboards import windows
from leaderboards.definitions import Board, Row
from leaderboards.services import boards, places, sets

KEPT = 100  # players of each shard
LATE = timedelta(days=7)  # events may lie so far back, so that a period may still change for as long


@dataclass(frozen=True, slots=True)
class PastPeriod:
    """A period that is over: first day and first day after, how many were on it, and the first of them.

    `is_final`: closed for good, nothing changes it any more. `is_kept`: all its rows can still be read.
    """

    window: str
    period: str
    first: date
    after: date
    size: int
    winners: tuple[Row, ...]
    is_final: bool
    is_kept: bool


class Closed(NamedTuple):
    """A period that has just been closed."""

    board: str
    suffix: str
    size: int


def close_due() -> list[Closed]:
    """Closes every period that no event can change any more: its first 100 of each shard are kept for good.

    That is 7 days after its end, or half of the board's retention where that is shorter. Each period is closed once,
    also where two do this at the same time. Raises `StoreUnavailable`. Two round trips a board, and two a period.
    """
    return [closed for board in boards.all() for closed in _close_due(board)]


def past(slug: str, *, limit: int = 30, winners: int = 3) -> list[PastPeriod]:
    """The latest periods that are over, with their winners, latest first.

    Raises `UnknownBoard`. Four round trips; O(periods × winners).
    """
    board = boards.get(slug)
    closed, kept = _closed(board), set(_registered(board))
    over = sorted(
        (period for suffix in {*closed, *kept} if (period := _over(board, suffix))), key=_latest, reverse=True
    )[:limit]
    live = [it for it in over if it.suffix not in closed]
    tops = dict(zip(live, _live_tops(board, live, winners), strict=True))
    tops |= dict(
        zip([it for it in over if it.suffix in closed], _final_tops(board, over, closed, winners), strict=True)
    )
    return [
        PastPeriod(it.window, it.period, it.first, it.after, *tops[it], it.suffix in closed, it.suffix in kept)
        for it in over
    ]


class _Over(NamedTuple):
    """A period that is over."""

    suffix: str
    window: str
    period: str
    first: date
    after: date


def _latest(period: _Over) -> tuple[date, str]:
    return period.after, period.suffix


def _over(board: Board, suffix: str) -> _Over | None:
    window, period = windows.read_suffix(board, suffix)
    span = None if window == "all" else windows.span(board, window, period)
    if span is None or windows.end(board, window, period) > clock.now():
        return None
    return _Over(suffix, window, period, *span)


def _close_due(board: Board) -> Iterator[Closed]:
    closed = _closed(board)
    for suffix in _registered(board):
        if suffix not in closed and _is_final(board, suffix):
            work = [(shard, suffix) for shard in shards.everyone()]
            sizes = catalog.run("leaderboards/close_period", work, lambda it: [board.slug, it, KEPT], repeatable=True)
            told = json.dumps({"at": int(clock.now().timestamp() * 1000), "size": sum(sizes)})
            with guarded():
                is_ours = client().hsetnx(keys.closed_periods(board.slug), suffix, told)
            if is_ours:
                yield Closed(board.slug, suffix, sum(sizes))


def _is_final(board: Board, suffix: str) -> bool:
    over = _over(board, suffix)
    if over is None:
        return False
    wait = min(LATE, timedelta(days=board.retention_days) / 2)
    return windows.end(board, over.window, over.period) + wait <= clock.now()


def _registered(board: Board) -> list[str]:
    return sorted({suffix for shard in shards.everyone() for suffix in sets.suffixes(shard, board.slug)})


def _closed(board: Board) -> dict[str, dict[str, Any]]:
    (found,) = ask([("hgetall", keys.closed_periods(board.slug))])
    return {suffix.decode(): json.loads(told) for suffix, told in found.items()}


def _live_tops(board: Board, live: Sequence[_Over], winners: int) -> list[tuple[int, tuple[Row, ...]]]:
    answers = places.read_many([places.Asked(board, it.suffix, winners, None) for it in live]) if live else []
    return [
        (
            sum(answer.size for answer in found),
            tuple(places.rows(board, places.merge([answer.top for answer in found])[:winners], 0, 0, 0)),
        )
        for found in answers
    ]


def _final_tops(
    board: Board, over: Sequence[_Over], closed: dict[str, dict[str, Any]], winners: int
) -> list[tuple[int, tuple[Row, ...]]]:
    final = [it for it in over if it.suffix in closed]
    everyone = list(shards.everyone())
    asked = [
        ("zrevrange", keys.final_top(shard, board.slug, it.suffix), 0, winners - 1, True)
        for it in final
        for shard in everyone
    ]
    replies = iter(ask(asked) if asked else [])
    found = [
        places.merge_all(
            [[places.Entry(int(order), player.decode()) for player, order in next(replies)] for _ in everyone]
        )[:winners]
        for _ in final
    ]
    known = players.get_many({entry.player for entries in found for entry in entries})
    named = [[places.Entry(it.order, it.player, *_shown(known.get(it.player))) for it in entries] for entries in found]
    return [
        (closed[it.suffix]["size"], tuple(places.rows(board, entries, 0, 0, 0)))
        for it, entries in zip(final, named, strict=True)
    ]


def _shown(player: "players.Player | None") -> tuple[str, str]:
    return (player.name, player.avatar) if player else ("", "")
