"""Writing scores. Each write is one script per shard, exact, and atomic for all windows and segments of the board."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Literal, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from gamify_site import clock
from gamify_site.identifiers import check_event_id, check_player_id
from gamify_site.store import catalog, shards
from leaderboards import windows
from leaderboards.definitions import BatchUpdate, Board, ScoreUpdate, Withdrawal, exact_number
from leaderboards.errors import InsufficientBalance
from leaderboards.services import away, boards, closings, limits, places, rank_news

MOST_NAMES = 20  # players named in an error
MOST_CALLS_A_PIPELINE = 40  # an answer is awaited for 2 s; forty calls take 0.1 to 0.2
MOST_WRITES_A_CALL = 500  # entries x sets of one script call, which then stays below 5 ms of server time
Score = int | float | str | Decimal
Scores = Mapping[str, Score] | Iterable[tuple[str, Score] | tuple[str, Score, str | None]]
How = Literal["sum", "set"]  # whatever the board's rule


def submit(slug: str, player: str, score: Score, *, at: datetime | None = None, id: str | None = None) -> ScoreUpdate:  # noqa: A002
    """Reports a score, which counts by the board's own rule (`combine`). `at` is now unless given.

    With an `id` it counts once for the player, as an event does; a repeat returns the current state as a `duplicate`.

    Raises `UnknownBoard`, `ValidationError` (a bad score or id; a result out of range changes nothing) and
    `StoreUnavailable`. One round trip with one shard, else 2 to 4, more on boards with a limit; O(sets × log size).
    """
    return _write_one(slug, _entry(player, score, id), None, at, "score")


def increment(
    slug: str,
    player: str,
    amount: Score,
    *,
    at: datetime | None = None,
    id: str | None = None,  # noqa: A002
) -> ScoreUpdate:
    """Adds to a score, whatever the board's rule; a negative amount takes away. Ids, errors and cost as `submit`."""
    return _write_one(slug, _entry(player, amount, id), "sum", at, "increment")


def set(slug: str, player: str, score: Score, *, at: datetime | None = None) -> ScoreUpdate:  # noqa: A001
    """Replaces a score, in the whole board and in the current windows. Errors and cost as `submit`."""
    return _write_one(slug, _entry(player, score), "set", at, "score")


def submit_many(slug: str, scores: Scores, *, at: datetime | None = None) -> int:
    """Report many scores as `submit_batch` does, and return how many players were written."""
    return submit_batch(slug, scores, at=at).written


def submit_batch(slug: str, scores: Scores, *, at: datetime | None = None) -> BatchUpdate:
    """Report many scores, in the order given, a player more than once if need be.

    An entry may have an id as its third part, under which it counts once, as in `submit`.
    A bad id or score raises `ValidationError` before anything is written. A result out of range leaves that entry out;
    the others are written and the error then names the players left out. One round trip per 20,000 entries.
    """
    board = _writable(slug)
    given = scores.items() if isinstance(scores, Mapping) else scores
    entries = [_entry(*it) for it in given]
    moment = at or clock.now()
    batches = _batches(board, entries, None, moment)
    replies = _send(batches)
    board = boards.get(slug)  # it may have changed on the way
    suffixes = [suffix for suffix, _ in windows.sets_at(board, moment)]
    settle(board, suffixes, [reply.rise for reply in replies])
    refused = {
        batch.entries[index].player: None
        for batch, reply in zip(batches, replies, strict=True)
        for index in reply.refused
    }
    if refused:
        names = ", ".join(list(refused)[:MOST_NAMES]) + (_(" and others") if len(refused) > MOST_NAMES else "")
        reason = _("The result would leave ±%(most)s; left out: %(names)s.")
        raise ValidationError({"score": reason % {"most": _greatest(board), "names": names}})
    duplicates = sum(len(reply.repeated) for reply in replies)
    written = (
        {
            entry.player
            for batch, reply in zip(batches, replies, strict=True)
            for index, entry in enumerate(batch.entries)
            if index not in reply.repeated
        }
        if duplicates
        else {entry.player for entry in entries}
    )
    return BatchUpdate(len(written), duplicates)


def spend(slug: str, player: str, amount: Score, *, id: str | None = None) -> int | Decimal:  # noqa: A002
    """Take an amount off the balance as `withdraw` does, and return the new balance."""
    return withdraw(slug, player, amount, id=id).balance


def withdraw(slug: str, player: str, amount: Score, *, id: str | None = None) -> Withdrawal:  # noqa: A002
    """Take an amount off the balance, in the window `all` alone; other windows keep what was earned.

    With an `id` it is spent once; a repeat returns the current balance as a `duplicate`. Raises `InsufficientBalance`
    if the balance would fall below the board's floor, `ValidationError`, `UnknownBoard`. One round trip with one
    shard; O(log size).
    """
    board = _writable(slug)
    if board.to_units(amount, "amount") <= 0:
        reason = _("The amount must be greater than 0.")
        if exact_number(amount, "amount") > 0:
            reason = _("The amount must be at least %(least)s.") % {"least": number_format(board.from_units(1))}
        raise ValidationError({"amount": reason})
    if "all" not in board.windows or board.order == "asc":
        raise ValidationError({"board": _("Spending needs a descending board with the window 'all'.")})
    now = clock.now()
    entry = _entry(player, exact_number(amount, "amount").copy_negate(), id)
    (reply,) = _send(_batches(board, [entry], "sum", now, field="amount", is_spending=True))
    if reply.refused:
        raise InsufficientBalance(board.from_units(reply.refused[0]))
    settle(board, ["all"], [reply.rise])
    balance = board.score_of(reply.after.order) if reply.after else board.from_units(0)
    return Withdrawal(balance, duplicate=bool(reply.repeated))


def remove(slug: str, player: str) -> bool:
    """Takes a player off the board, past periods included; False where there was nothing.

    Closed periods that the player was on will be closed again. Two round trips, or four.
    """
    _writable(slug)
    work = [(shards.of(check_player_id(player)), player)]
    (removed,) = catalog.run(
        "leaderboards/remove_player", work, lambda name: [boards.get(slug).for_scripts(), name], repeatable=True
    )
    if removed:
        closings.forget(slug, player)
    return bool(removed)


class _Entry(NamedTuple):
    """One score to write; `id` is empty where it has none."""

    player: str
    score: Score
    id: str = ""


def _entry(player: str, score: Score, id: str | None = None) -> _Entry:  # noqa: A002
    if id is not None:
        check_event_id(id)
    return _Entry(check_player_id(player), score, id or "")


@dataclass(frozen=True, slots=True)
class _Batch:
    """Scores for one shard, one script call."""

    shard: int
    entries: Sequence[_Entry]
    arguments: Callable[[list[away.Rules] | None], list[str]]


@dataclass(frozen=True, slots=True)
class _Reply:
    """What the script says of a batch."""

    refused: dict[int, int]  # index in the batch → units held
    repeated: frozenset[int]  # indexes of those that had counted before under their ids
    rise: rank_news.Rise
    dropped: frozenset[str]
    before: places.Place | None
    after: places.Place | None

    @classmethod
    def read(cls, shard: int, raw: list[Any]) -> "_Reply":
        refused, climbers, dropped, place, _back, first, repeated = raw
        return cls(
            refused={int(index): places.order_value(units) for index, units in _pairs(refused)},
            repeated=frozenset(repeated),
            rise=rank_news.Rise.read(shard, climbers, first),
            dropped=frozenset(player.decode() for player in dropped),
            before=places.Place.read(place[:3]) if place else None,
            after=places.Place.read(place[3:]) if place else None,
        )


def _greatest(board: Board) -> str:
    return number_format(board.greatest_score, force_grouping=True)


def _writable(slug: str) -> Board:
    """The board, if scores may be written to it: those of the built-in one follow from the achievements."""
    board = boards.get(slug)
    if slug == boards.POINTS:
        raise ValidationError({"board": _("This board follows the players' achievements; grant or revoke those.")})
    return board


def _write_one(slug: str, entry: _Entry, how: How | None, at: datetime | None, field: str) -> ScoreUpdate:
    board = _writable(slug)
    moment = at or clock.now()
    (batch,) = _batches(board, [entry], how, moment, field=field)
    (reply,) = _send([batch])
    board = boards.get(slug)  # it may have changed on the way
    if reply.refused:
        reason = _("The result would leave ±%(most)s; nothing was changed.")
        raise ValidationError({field: reason % {"most": _greatest(board)}})
    suffixes = [suffix for suffix, _ in windows.sets_at(board, moment)]
    settle(board, suffixes, [reply.rise])
    main = suffixes[0]
    rank, previous_rank = places.ranks(board, main, batch.shard, [reply.after, reply.before])
    fell_off = reply.after is None or _fell_off(board, main, entry.player, reply)
    score = board.score_of(reply.after.order) if reply.after else board.from_units(board.to_units(entry.score))
    previous_score = board.score_of(reply.before.order) if reply.before else None
    rank = None if fell_off else rank
    return ScoreUpdate(score, rank, previous_rank, fell_off, previous_score, duplicate=bool(reply.repeated))


def _batches(
    board: Board,
    entries: Sequence[_Entry],
    how: How | None,
    at: datetime,
    *,
    field: str = "score",
    is_spending: bool = False,
) -> list[_Batch]:
    """Scores by shard, cut so that no script call takes its server for long; by the board's own rule without `how`."""
    sets = windows.sets_at(board, windows.check_moment(at))
    if not sets:
        raise ValidationError({"at": _("No season of the board “%(board)s” holds this day.") % {"board": board.slug}})
    board.all_to_units([entry.score for entry in entries], field)
    length = max(1, MOST_WRITES_A_CALL // len(sets))
    return [
        _Batch(shard, chunk, partial(_arguments, board.slug, chunk, how, at, field, is_spending))
        for shard, group in shards.group(entries, lambda entry: entry.player).items()
        for chunk in (group[start : start + length] for start in range(0, len(group), length))
    ]


def _arguments(
    slug: str,
    entries: Sequence[_Entry],
    how: How | None,
    at: datetime,
    field: str,
    is_spending: bool,
    all_boards: list[away.Rules] | None,
) -> list[str]:
    """ARGV of the script, all of it by the definition as it is known now: it may have changed since the call began."""
    board = boards.get(slug)
    units = board.all_to_units([entry.score for entry in entries], field)
    now = clock.now()
    request: dict[str, Any] = {
        "how": how or board.combine,
        "sets": windows.sets_at(board, at, ("all",) if is_spending else None),
        "entries": [part for entry, number in zip(entries, units, strict=True) for part in (entry.player, number)],
        "at": int(at.timestamp() * 1000),
        "seen": int(now.timestamp()),
        "ms": int(now.timestamp() * 1000),
        "lone": int(shards.count() == 1),
        "first": rank_news.wanted(board),
        "ranks": int(len(entries) == 1),
    }
    if any(entry.id for entry in entries):
        kind = "spend" if is_spending else how or "score"
        request["ids"] = [entry.id and f"{kind}\t{entry.id}" for entry in entries]
        request["ttl"] = settings.GAMIFY_EVENT_TTL
    if all_boards is not None:
        request["boards"] = all_boards
    if is_spending:
        request["floor"] = board.to_units(board.floor, "floor")
    return [boards.for_scripts(slug), json.dumps(request)]


def _send(batches: list[_Batch]) -> list[_Reply]:
    replies: list[_Reply] = []
    for start in range(0, len(batches), MOST_CALLS_A_PIPELINE):
        work = [(batch.shard, batch) for batch in batches[start : start + MOST_CALLS_A_PIPELINE]]
        found = away.run("leaderboards/submit_scores", work, lambda batch, known: batch.arguments(known))
        for (shard, _batch), raw in zip(work, found, strict=True):
            away.settle(raw[4])
            replies.append(_Reply.read(shard, raw))
    return replies


def settle(board: Board, suffixes: Sequence[str], rises: Sequence[rank_news.Rise]) -> None:
    """What takes all shards to know after a write: who is over the limit, and who entered the top of the first set.

    No round trip with one shard, else one for each set of a board with a limit, and up to three where somebody climbed.
    """
    if shards.count() == 1:
        return
    if board.max_entries is not None:
        for suffix in suffixes:
            limits.enforce(board, suffix)
    if any(rise.climbers for rise in rises):
        rank_news.announce(board, suffixes[0], rises)


def _fell_off(board: Board, suffix: str, player: str, reply: _Reply) -> bool:
    """Whether the writer is over the limit; with more than one shard, anybody may have trimmed since."""
    if board.max_entries is None or shards.count() == 1:
        return player in reply.dropped
    (held,) = places.find([(board, suffix, player)])
    return held.order is None


def _pairs(flat: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(flat[::2], flat[1::2], strict=True))
