"""Writing scores. Each write is one script per shard, exact, and atomic for all windows and segments of the board."""

import builtins
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Any

from django.core.exceptions import ValidationError

from gamify_site import clock
from gamify_site.identifiers import check_player_id
from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import client, guarded, patiently
from leaderboards import windows
from leaderboards.definitions import Board, Combine, ScoreUpdate
from leaderboards.errors import InsufficientBalance
from leaderboards.services import boards, limits, places

MOST_WRITES_A_CALL = 500  # entries x sets of one script call, which then stays below 5 ms of server time
Score = int | float | str | Decimal


def submit(slug: str, player: str, score: Score, *, at: datetime | None = None) -> ScoreUpdate:
    """Reports a score, which counts by the board's own rule (`combine`). `at` is now unless given.

    Raises `UnknownBoard`, `ValidationError` (a bad score or id; a result out of range changes nothing) and
    `StoreUnavailable`. One round trip with one shard, else 2 (4 on boards with a limit); O(sets × log size).
    """
    return _write_one(slug, player, score, boards.get(slug).combine, at, "score")


def increment(slug: str, player: str, amount: Score, *, at: datetime | None = None) -> ScoreUpdate:
    """Adds to a score, whatever the board's rule; a negative amount takes away. Errors and cost as `submit`."""
    return _write_one(slug, player, amount, "sum", at, "increment")


def set(slug: str, player: str, score: Score, *, at: datetime | None = None) -> ScoreUpdate:  # noqa: A001
    """Replaces a score, in the whole board and in the current windows. Errors and cost as `submit`."""
    return _write_one(slug, player, score, "last", at, "score")


def submit_many(
    slug: str, scores: Mapping[str, Score] | Iterable[tuple[str, Score]], *, at: datetime | None = None
) -> int:
    """Reports many scores, in the order given, a player more than once if need be; gives how many players were written.

    A bad id or score raises `ValidationError` before anything is written. A result out of range leaves that entry out;
    the others are written and the error then names the players left out. One round trip per shard and 500 entries.
    """
    board = boards.get(slug)
    pairs = scores.items() if isinstance(scores, Mapping) else scores
    entries = [(check_player_id(player), board.to_units(score)) for player, score in pairs]
    batches = _batches(board, entries, board.combine, at)
    replies = _send(batches)
    _settle(board, replies)
    refused = [
        batch.entries[index][0] for batch, reply in zip(batches, replies, strict=True) for index in reply.refused
    ]
    if refused:
        names = ", ".join(dict.fromkeys(refused))
        raise ValidationError({"score": f"The result would leave ±{board.greatest_score}; left out: {names}."})
    return len({player for player, _ in entries})


def spend(slug: str, player: str, amount: Score) -> int | Decimal:
    """Takes an amount off the balance, in the window `all` alone, and gives the new balance.

    Other windows go on telling what was earned. Raises `InsufficientBalance` where it would fall below the board's
    floor, `ValidationError`, `UnknownBoard`. One round trip; O(log size).
    """
    board = boards.get(slug)
    units = board.to_units(amount, "amount")
    if units <= 0:
        raise ValidationError({"amount": "The amount must be greater than 0."})
    if "all" not in board.windows or board.order == "asc":
        raise ValidationError({"board": "Spending needs a descending board with the window 'all'."})
    floor = board.to_units(board.floor, "floor")
    (reply,) = _send(_batches(board, [(check_player_id(player), -units)], "sum", None, ("all",), floor))
    if reply.refused:
        raise InsufficientBalance(board.from_units(reply.refused[0]))
    return board.score_of(_order_after(reply))


def remove(slug: str, player: str) -> bool:
    """Takes a player off the board, past periods included; False where there was nothing. One round trip."""
    boards.get(slug)
    work = [(shards.of(check_player_id(player)), player)]
    (removed,) = catalog.run(
        "leaderboards/remove_player", work, lambda name: [boards.get(slug).for_scripts(), name], repeatable=True
    )
    return bool(removed)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Scores for one shard, one script call."""

    shard: int
    entries: list[tuple[str, int]]
    arguments: Callable[[], list[str]]


@dataclass(frozen=True, slots=True)
class _Reply:
    """What the script says of a batch."""

    refused: dict[int, int]  # index in the batch → units held
    entered: list[tuple[str, int]]  # player, order value
    dropped: frozenset[str]
    suffixes: list[str]
    before: places.Place | None
    after: places.Place | None

    @classmethod
    def read(cls, raw: list[Any]) -> "_Reply":
        refused, entered, dropped, suffixes, place = raw
        return cls(
            refused={int(index): places.order_value(units) for index, units in _pairs(refused)},
            entered=[(player.decode(), places.order_value(order)) for player, order in _pairs(entered)],
            dropped=frozenset(player.decode() for player in dropped),
            suffixes=[suffix.decode() for suffix in suffixes],
            before=places.Place.read(place[:3]) if place else None,
            after=places.Place.read(place[3:]) if place else None,
        )


def _write_one(slug: str, player: str, score: Score, how: Combine, at: datetime | None, field: str) -> ScoreUpdate:
    board = boards.get(slug)
    entry = (check_player_id(player), board.to_units(score, field))
    (batch,) = _batches(board, [entry], how, at)
    (reply,) = _send([batch])
    if reply.refused:
        raise ValidationError({field: f"The result would leave ±{board.greatest_score}; nothing was changed."})
    dropped = reply.dropped | _settle(board, [reply])
    rank, previous_rank = places.ranks(board, reply.suffixes[0], batch.shard, [reply.after, reply.before])
    fell_off = player in dropped
    return ScoreUpdate(board.score_of(_order_after(reply)), None if fell_off else rank, previous_rank, fell_off)


def _order_after(reply: _Reply) -> int:
    assert reply.after is not None  # noqa: S101  (for the type checker: what was not refused was written)
    return reply.after.order


def _batches(
    board: Board,
    entries: Sequence[tuple[str, int]],
    how: Combine,
    at: datetime | None,
    only: tuple[str, ...] | None = None,
    floor: int | None = None,
) -> list[_Batch]:
    """Entries by shard, cut so that no script call takes its server for long."""
    moment = at or clock.now()
    if not windows.sets_at(board, moment, only):
        raise ValidationError({"at": f"No season of the board {board.slug!r} holds this day."})
    length = max(1, MOST_WRITES_A_CALL // len(windows.sets_at(board, moment, only)))
    tick = _ticks(board, len(entries))
    batches = []
    for shard, group in shards.group(entries, lambda entry: entry[0]).items():
        for start in range(0, len(group), length):
            chunk = group[start : start + length]
            batches.append(_Batch(shard, chunk, partial(_arguments, board.slug, chunk, how, moment, tick, only, floor)))
            tick += len(chunk)
    return batches


def _arguments(
    slug: str,
    entries: list[tuple[str, int]],
    how: Combine,
    at: datetime,
    tick: int,
    only: tuple[str, ...] | None,
    floor: int | None,
) -> list[str]:
    """ARGV of the script, by the definition as it is known now."""
    board = boards.get(slug)
    now = clock.now()
    request: dict[str, Any] = {
        "how": how,
        "sets": windows.sets_at(board, at, only),
        "entries": list(chain.from_iterable(entries)),
        "tick": tick,
        "seen": int(now.timestamp()),
        "ms": int(now.timestamp() * 1000),
        "lone": int(shards.count() == 1),
        "ranks": int(len(entries) == 1),
    }
    if floor is not None:
        request["floor"] = floor
    return [board.for_scripts(), json.dumps(request)]


def _ticks(board: Board, number: int) -> int:
    """The first of `number` places in the order of writes, for the tie rule `earliest`; one round trip there."""
    if board.ties != "earliest":
        return 0
    with guarded():
        last: int = patiently(lambda: client().hincrby(keys.tie_ticks(), board.slug, number))
    if last > 1 << board.tie_bits:
        raise ValidationError({"board": "This board has numbered all the writes that its tie rule has room for."})
    return last - number


def _send(batches: list[_Batch]) -> list[_Reply]:
    work = [(batch.shard, batch) for batch in batches]
    replies = catalog.run("leaderboards/submit_scores", work, lambda batch: batch.arguments())
    return [_Reply.read(reply) for reply in replies]


def _settle(board: Board, replies: list[_Reply]) -> frozenset[str]:
    """What takes all shards to know: who is over the limit, and who entered the top. Gives those who fell off."""
    if shards.count() == 1:
        return frozenset()
    main = replies[0].suffixes[0] if replies else ""
    dropped: builtins.set[str] = builtins.set()
    if board.max_entries is not None:
        for suffix in {suffix for reply in replies for suffix in reply.suffixes}:
            fallen = limits.enforce(board, suffix)
            dropped |= fallen if suffix == main else frozenset()
    entered = [entry for reply in replies for entry in reply.entered if entry[0] not in dropped]
    if entered:
        _announce(board, main, entered)
    return frozenset(dropped)


def _announce(board: Board, suffix: str, entered: list[tuple[str, int]]) -> None:
    """Tells the news of those who are in the top of all shards. Two round trips."""
    better = places.count_better(board, suffix, [order for _, order in entered])
    news = [(player, count + 1) for (player, _), count in zip(entered, better, strict=True) if count < board.news_top]
    now = str(int(clock.now().timestamp() * 1000))
    catalog.run(
        "leaderboards/announce_ranks",
        list(shards.group(news, lambda item: item[0]).items()),
        lambda group: [board.slug, now, *chain.from_iterable(group)],
    )


def _pairs(flat: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(flat[::2], flat[1::2], strict=True))
