"""The one way to the script that changes what players have: chunks in, what became of them out."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError

from achievements.definitions import Unlock
from achievements.services import catalog, checking, compiled, days
from achievements.services.checking import Checked, Fitted
from gamify_site import clock
from gamify_site.store import keys, shards
from gamify_site.store.connection import ask
from leaderboards import windows
from leaderboards.definitions import Board
from leaderboards.services import away, boards, rank_news, scores

MOST_CALLS_A_PIPELINE = 40  # an answer is awaited for 2 s; forty calls take 0.2 at most
ZONES = b"zones"


class Order(NamedTuple):
    """A change that is not an event: `what` is add, set, grant or revoke; of the last two `release` is the award.

    With an `id` it counts once for the player and the achievement.
    """

    player: str
    what: str
    achievement: str
    release: str
    value: int
    at: datetime
    id: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one script call applies on one shard: events, or orders, or a backfill of players of some `achievements`.

    `refused` are the events that are out already: place → reason. `key` names the chunk, so that it is applied once;
    the first one of a batch remembers the `cuts`, where the chunks of that batch begin. In a backfill those lose
    the achievement `strict` who do not reach it.
    """

    shard: int
    events: Sequence[Checked] = ()
    refused: Mapping[int, str] = field(default_factory=dict)
    orders: Sequence[Order] = ()
    backfill: Sequence[str] = ()
    achievements: frozenset[str] = frozenset()
    key: str = ""
    cuts: Sequence[int] = ()
    strict: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a chunk: by the place of an event in its batch, or of an order in its chunk."""

    refused: dict[int, str]
    duplicates: list[int]
    skipped: dict[int, list[str]]
    unlocked: list[Unlock]
    no_listeners: list[str]
    cuts: list[int]


def apply(chunks: Sequence[Chunk]) -> list[Result]:
    """Applies chunks and settles what takes all shards to know. One round trip for 40 chunks; `StoreUnavailable`.

    The days of streaks are told by the players' timezones as far as they are known; where the script knows better it
    applies nothing and the chunk is sent again, one more round trip. Where a shard gets several chunks, which must not
    overtake each other, one more round trip may see to it that none has to be sent again. Where somebody was away and
    comes back four more.
    """
    replies: list[list[Any]] = [[]] * len(chunks)
    zones = _look_ahead(chunks) if len({chunk.shard for chunk in chunks}) < len(chunks) else {}
    waiting = list(range(len(chunks)))
    while waiting:
        for start in range(0, len(waiting), MOST_CALLS_A_PIPELINE):
            some = waiting[start : start + MOST_CALLS_A_PIPELINE]
            work = [(chunks[index].shard, chunks[index]) for index in some]
            found = away.run(
                "achievements/apply_events", work, partial(_arguments, zones=zones), prepare=compiled.write
            )
            for index, reply in zip(some, found, strict=True):
                replies[index] = reply
        waiting = [index for index in waiting if replies[index][0] == ZONES]
        for index in waiting:
            zones |= {player.decode(): zone.decode() for player, zone in _by(replies[index][1:], 2)}
    compiled.written().update(chunk.shard for chunk in chunks)
    _settle(chunks, replies)
    for reply in replies:
        away.settle(reply[5])
    return [_result(reply) for reply in replies]


def _look_ahead(chunks: Sequence[Chunk]) -> dict[str, str]:
    """Write the rules where they are missing, and return the timezones of players whose events count for a streak.

    One round trip; none where the rules are known to be there and no event counts for a streak.
    """
    streaks = {
        action for action, (rules, _) in compiled.listeners().items() if any(rule.type == "streak" for rule in rules)
    }
    players = {
        item.event.player: chunk.shard for chunk in chunks for item in chunk.events if item.event.action in streaks
    }
    numbers = sorted({chunk.shard for chunk in chunks} - compiled.written())
    asked: list[tuple[str, ...]] = [("hget", keys.rules(number), "version") for number in numbers]
    asked += [("hmget", keys.player(shard, player), "timezone", "zones_before") for player, shard in players.items()]
    told = ask(asked) if asked else []
    versions, found = told[: len(numbers)], told[len(numbers) :]
    current = compiled.version().encode()
    if missing := [number for number, version in zip(numbers, versions, strict=True) if version != current]:
        compiled.write(missing)
    return {
        player: days.told(*((part or b"").decode() for part in parts))
        for player, parts in zip(players, found, strict=True)
    }


def _result(reply: Sequence[Any]) -> Result:
    _, refused, duplicates, unlocked, _news, _back, skipped, no_listeners, cuts, *_ = reply
    boards_skipped: dict[int, list[str]] = defaultdict(list)
    for place, board in _by(skipped, 2):
        boards_skipped[place].append(board.decode())
    return Result(
        {place: why.decode() for place, why in _by(refused, 2)},
        list(duplicates),
        boards_skipped,
        [
            Unlock(player.decode(), release.decode(), points, datetime.fromtimestamp(int(at) / 1000, UTC))
            for player, release, points, at in _by(unlocked, 4)
        ],
        [action.decode() for action in no_listeners],
        list(cuts),
    )


def _settle(chunks: Sequence[Chunk], replies: Sequence[Sequence[Any]]) -> None:
    """Settles each board once, however many shards and chunks have written to it."""
    if shards.count() == 1:
        return
    moments: dict[str, set[datetime]] = {}
    rises: dict[str, list[rank_news.Rise]] = {}
    for chunk, reply in zip(chunks, replies, strict=True):
        pairs = reply[9] if len(reply) > 9 else ()  # not told again with the answer to a batch that is known
        first = dict(zip(pairs[::2], pairs[1::2], strict=True))
        for name, climbers, _dropped in _by(reply[4], 3):
            slug = name.decode()
            moments.setdefault(slug, set()).update({item.at for item in chunk.events} or {clock.now()})
            rises.setdefault(slug, []).append(rank_news.Rise.read(chunk.shard, climbers, first.get(name)))
    for slug, found in rises.items():
        board = boards.find(slug)
        if board is None:  # deleted since the batch was applied, which may have been long ago
            continue
        suffixes = {it.suffix: None for at in sorted(moments[slug], reverse=True) for it in windows.sets_at(board, at)}
        if suffixes:
            scores.settle(board, list(suffixes), found)


def _arguments(chunk: Chunk, all_boards: list[away.Rules] | None, *, zones: Mapping[str, str]) -> list[str]:
    """ARGV of the script, by the definitions as they are known now. Raises `UnknownAchievement`."""
    for slug in {*chunk.achievements, *(order.achievement for order in chunk.orders)}:
        catalog.get(slug)
    refused = dict(chunk.refused)
    events: list[tuple[Checked, Fitted]] = []
    for item in chunk.events:
        try:
            events.append((item, checking.fit(item.event)))
        except ValidationError as error:
            refused[item.place] = checking.reason(error)
    actions = frozenset(item.event.action for item, _ in events)
    heard = [compiled.listeners()[action] for action in actions if action in compiled.listeners()]
    listening = [board for _, found in heard for board in found]
    zoned = {rule.action for rules, _ in heard for rule in rules if rule.type == "streak"}
    buckets = {bucket: index for index, bucket in enumerate({_bucket(item.at): None for item, _ in events}, 1)}
    now = clock.now()
    batch = {
        "actions": sorted(actions & compiled.listeners().keys()),
        "events": _flat(events, buckets, zoned, zones),
        "orders": [[*order[:-2], _milliseconds(order.at), order.id] for order in chunk.orders],
        "refused": list(chain.from_iterable(refused.items())),
        "skipped": [
            part
            for item, fitted in events
            for board, units in fitted.units.items()
            if units is False
            for part in (item.place, board)
        ],
        "no_listeners": sorted(actions - compiled.listeners().keys()),
        "cuts": chunk.cuts,
        "backfill": chunk.backfill,
        "checked": sorted(chunk.achievements),
        "strict": chunk.strict,
        "periods": [{board.slug: windows.sets_at(board, _moment(bucket)) for board in listening} for bucket in buckets],
        "zones": {
            item.event.player: zones.get(item.event.player, days.UTC_NAME)
            for item, _ in (events if zoned else ())
            if item.event.action in zoned
        },
        "mains": _mains(listening, now),
        "seen": int(now.timestamp()),
        "ms": _milliseconds(now),
        "date": now.date().isoformat(),
        "lone": int(shards.count() == 1),
        "ttl": settings.GAMIFY_EVENT_TTL,
        "key": chunk.key,
    }
    if all_boards is not None:
        batch["all_boards"] = all_boards
    return [compiled.version(), json.dumps(batch)]


def _mains(listening: Sequence[Board], now: datetime) -> dict[str, tuple[str, int]]:
    """Of each board that has one the main set now, and how many of its first order values are to be told."""
    points = boards.find(boards.POINTS)
    return {
        board.slug: (sets[0].suffix, rank_news.wanted(board))
        for board in [*listening, *([points] if points else [])]
        if (sets := windows.sets_at(board, now))
    }


def _flat(
    events: Sequence[tuple[Checked, Fitted]],
    buckets: Mapping[int, int],
    zoned: AbstractSet[str | None],
    zones: Mapping[str, str],
) -> list[Any]:
    """The fields of all events one after another: that is what the script reads fastest."""
    flat: list[Any] = []
    for (place, event, at), (units, items) in events:
        bucket = _bucket(at)
        value, player = event.value, event.player
        flat += (
            *(place, player, event.action, event.amount, False if value is None else int(value), items or False),
            _milliseconds(at),
            event.action in zoned and days.tell(zones.get(player, days.UTC_NAME), int(at.timestamp())),
            *(buckets[bucket], event.id or "", units or False),
        )
    return flat


def _bucket(at: datetime) -> int:
    return int(at.timestamp()) // days.QUARTER


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _moment(bucket: int) -> datetime:
    return datetime.fromtimestamp(bucket * days.QUARTER, UTC)


def _by(flat: Sequence[Any], length: int) -> list[Sequence[Any]]:
    return [flat[start : start + length] for start in range(0, len(flat), length)]
