"""Periods that are over: who won them, and keeping that before their data expires: of each window the latest 100."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from gamify_site import clock
from gamify_site.identifiers import check_player_id
from gamify_site.players import services as players
from gamify_site.store import catalog, keys, shards, versions
from gamify_site.store.connection import ask, kept_locked
from leaderboards import windows
from leaderboards.definitions import Board, Row
from leaderboards.errors import UnknownBoard
from leaderboards.services import archive, boards, closings, due, places, sets

KEPT = 100  # players of each shard
ARCHIVED = 100  # closed periods of each window of a board
STEP = 100  # closed periods that are forgotten at once
LOCK_LIFE = 5.0  # seconds that a closing which died keeps the others out


@dataclass(frozen=True, slots=True)
class PastPeriod:
    """A period that is over: first day and first day after, how many were on it, and the first of them.

    `final_from` is when it takes nothing more. `is_final`: it has been closed since, and its winners are kept.
    `is_kept`: all its rows can still be read.
    """

    window: str
    period: str
    first: date
    after: date
    size: int
    winners: tuple[Row, ...]
    final_from: datetime
    is_final: bool
    is_kept: bool

    @property
    def last(self) -> date:
        """The last day."""
        return self.after - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FinalRank:
    """Where a player came in, in a period that was closed: out of `size`; first day, and first day after."""

    board: Board
    window: str
    period: str
    first: date
    after: date
    rank: int
    score: int | Decimal
    size: int


class Closed(NamedTuple):
    """A period that has just been closed."""

    board: str
    suffix: str
    size: int


def close_due() -> list[Closed]:
    """Closes every period that is final: its winners and everybody's final rank are kept.

    That is when its end and the board's grace have passed; from then on it takes nothing more. Each period is closed
    once, also where two do this at the same time; a closing that died or was interrupted is done again, and so is one
    of a period that was opened again. Raises `StoreUnavailable`. Four round trips where nothing is due, else some ten a
    period, and some three for each 60 players who were on it.
    """
    return [closed for slug, suffixes in due.find().items() for closed in close_due_of(slug, suffixes)]


def close_due_of(slug: str, suffixes: Iterable[str]) -> Iterator[Closed]:
    """The same for the periods of one board that are due, one at a time; what else was due there is done as well."""
    board, other, closed = boards.find(slug), [], False
    marks = closings.marks(slug)
    for suffix in suffixes:
        if board is None or not _is_due(board, suffix, marks.get(suffix)):
            other.append(suffix)
            continue
        with kept_locked(keys.closing(slug, suffix), LOCK_LIFE) as live_on:
            found = _close(slug, suffix, live_on) if live_on else None
        if found:
            closed = True
            yield found
    if other:
        due.settle(slug, other)
    if board is not None and closed:
        _thin_archive(board)


def past(slug: str, *, limit: int = 30, winners: int = 3) -> list[PastPeriod]:
    """The latest periods that are over, with their winners, latest first.

    Raises `UnknownBoard`. Five round trips, two more where a winner has been hidden since; O(periods × winners).
    """
    board = boards.get(slug)
    marks, kept = closings.marks(slug), set(_registered(board))
    closed = {suffix: mark for suffix, mark in marks.items() if mark.holds or suffix not in kept}
    over = sorted(
        (period for suffix in {*closed, *kept} if (period := _over(board, suffix))), key=_latest, reverse=True
    )[:limit]
    live = [it for it in over if it.suffix not in closed]
    tops = dict(zip(live, _live_tops(board, live, winners), strict=True))
    tops |= dict(
        zip([it for it in over if it.suffix in closed], _final_tops(board, over, closed, winners), strict=True)
    )
    return [
        PastPeriod(
            *(it.window, it.period, it.first, it.after, *tops[it]),
            windows.final_from(board, it.window, it.period),
            it.suffix in closed,
            it.suffix in kept,
        )
        for it in over
    ]


def final_ranks(player: str, limit: int = 10) -> list[FinalRank]:
    """The latest final ranks of a player, latest period first; none for one whom staff have taken off the boards.

    Raises `ValidationError`, `StoreUnavailable`. One round trip; O(100).
    """
    shard = shards.of(check_player_id(player))
    kept, is_off, is_away = ask(
        [
            ("hgetall", keys.final_ranks(shard, player)),
            ("sismember", keys.hidden(shard), player),
            ("zscore", keys.away(shard), player),
        ]
    )
    return latest_ranks({} if is_off and is_away is None else kept, limit)


def latest_ranks(kept: Mapping[bytes, bytes], limit: int = 10) -> list[FinalRank]:
    """The same out of what has been read. No round trip."""
    found = [rank for name, value in kept.items() if (rank := _final_rank(name.decode(), value.decode()))]
    return sorted(found, key=lambda it: (it.after, it.first, it.board.slug), reverse=True)[:limit]


def _final_rank(name: str, value: str) -> FinalRank | None:
    """None where the board is gone, or has no such period any more."""
    slug, _, suffix = name.partition(":")
    board = boards.find(slug)
    over = board and _over(board, suffix)
    if not board or not over:
        return None
    rank, order, size = value.split(":")
    score = board.score_of(places.order_value(order.encode()))
    return FinalRank(board, over.window, over.period, over.first, over.after, int(rank), score, int(size))


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


def _is_due(board: Board, suffix: str, mark: closings.Mark | None) -> bool:
    """Of what is closed again the data may have gone meanwhile: what was kept of it is then all there is."""
    if (mark and mark.holds) or not closings.is_final(board, suffix):
        return False
    return mark is None or bool(due.with_data(board.slug, [suffix]))


def _close(slug: str, suffix: str, live_on: Callable[[], None]) -> Closed | None:
    """Keeps what is to be kept, then marks the period as closed: one that died before is done again as a whole."""
    try:
        closing = closings.begin(boards.get(slug), suffix)
        mark = closings.marks(slug).get(suffix)
        if mark and mark.holds:
            return None
        size = _keep(boards.get(slug), suffix, closing, live_on)
        closing.finish(size)
    except (
        UnknownBoard,
        closings.Interrupted,
    ):  # deleted, opened again or replaced meanwhile: what is due is done next
        return None
    return Closed(slug, suffix, size)


def _keep(board: Board, suffix: str, closing: closings.Closing, live_on: Callable[[], None]) -> int:
    """Keeps the first of each shard and everybody's final rank; gives how many were on it."""
    work = [(shard, suffix) for shard in shards.everyone()]
    now = int(clock.now().timestamp())
    size = sum(catalog.run("leaderboards/close_period", work, lambda it: [boards.get(board.slug).slug, it, KEPT, now]))

    def go_on() -> None:
        live_on()
        closing.check()

    archive.write(board, suffix, min(size, board.max_entries or size), go_on)
    return int(size)


def _thin_archive(board: Board) -> None:
    """Forgets the earliest closed periods of each window where more than the latest 100 are archived, once their data
    have gone: their winners first, so that one that broke off is done again."""
    version, kept = catalog.current_version(), set(_registered(board))
    windows_of: dict[str, list[str]] = {}
    for suffix in sorted(closings.marks(board.slug), key=partial(_end, board), reverse=True):
        windows_of.setdefault(windows.read_suffix(board, suffix)[0], []).append(suffix)
    old = [it for suffixes in windows_of.values() for it in suffixes[ARCHIVED:] if it not in kept]
    for start in range(0, len(old), STEP):
        some = old[start : start + STEP]
        for shard in shards.everyone():
            tops = [keys.final_top(shard, board.slug, suffix) for suffix in some]
            versions.write_if(version, keys.shard(shard), "UNLINK", *tops)
        versions.write_if(version, keys.site(), "HDEL", keys.closed_periods(board.slug), *some)


def _end(board: Board, suffix: str) -> tuple[float, str]:
    """What periods are ordered by; those that the board has no more are the first."""
    final = closings.final_from(board, suffix)
    return 0.0 if final is None else final.timestamp(), suffix


def _registered(board: Board) -> list[str]:
    return sorted({suffix for shard in shards.everyone() for suffix in sets.suffixes(shard, board.slug)})


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
    board: Board, over: Sequence[_Over], closed: Mapping[str, closings.Mark], winners: int
) -> list[tuple[int, tuple[Row, ...]]]:
    """What was kept of closed periods, without those whom staff have hidden since and whose entries are gone."""
    final = [it for it in over if it.suffix in closed]
    found = _kept_tops(board, final, winners)
    if off := _hidden({entry.player for entries in found for entry in entries}):
        found = _kept_tops(board, final, KEPT)
        off |= _hidden({entry.player for entries in found for entry in entries})
    found = [[entry for entry in entries if entry.player not in off][:winners] for entries in found]
    known = players.get_many({entry.player for entries in found for entry in entries})
    named = [[places.Entry(it.order, it.player, *_shown(known.get(it.player))) for it in entries] for entries in found]
    return [
        (closed[it.suffix].size, tuple(places.rows(board, entries, 0, 0, 0)))
        for it, entries in zip(final, named, strict=True)
    ]


def _kept_tops(board: Board, final: Sequence[_Over], most: int) -> list[list[places.Entry]]:
    everyone = list(shards.everyone())
    asked = [
        ("zrevrange", keys.final_top(shard, board.slug, it.suffix), 0, most - 1, True)
        for it in final
        for shard in everyone
    ]
    replies = iter(ask(asked) if asked else [])
    return [
        places.merge_all(
            [[places.Entry(int(order), player.decode()) for player, order in next(replies)] for _ in everyone]
        )
        for _ in final
    ]


def _hidden(names: set[str]) -> set[str]:
    """Those whom staff have taken off the boards. One round trip."""
    listed = sorted(names)
    asked = [
        question
        for player in listed
        for question in (
            ("sismember", keys.hidden(shards.of(player)), player),
            ("zscore", keys.away(shards.of(player)), player),
        )
    ]
    answers = ask(asked) if asked else []
    told = zip(listed, answers[::2], answers[1::2], strict=True)
    return {player for player, is_off, is_away in told if is_off and is_away is None}


def _shown(player: "players.Player | None") -> tuple[str, str]:
    return (player.name, player.avatar) if player else ("", "")
