"""Places on a board that may lie on several shards: asking each shard for its part, and putting the parts together.

A place is an order value and a player id. Better comes first: the greater order value, and among equal ones the player
id that is greater byte by byte, which is Redis's own reverse order.
"""

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gamify_site.store import catalog, shards
from leaderboards.definitions import Board, Row


@dataclass(frozen=True, slots=True)
class Place:
    """Where an order value stands on one shard. `levels` are the better levels, or just their number."""

    order: int
    better: int
    levels: int | frozenset[bytes]

    @classmethod
    def read(cls, raw: Sequence[Any]) -> "Place | None":
        order, better, levels = raw
        if order == b"":
            return None
        return cls(order_value(order), better, levels if isinstance(levels, int) else frozenset(levels))


class Entry(NamedTuple):
    """An entry as a shard gives it."""

    order: int
    player: str
    name: str = ""
    avatar: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The entries around a place on one shard. Indexes count from 0; `better` is of the place's own order value."""

    order: int
    player: str
    better: int
    position: int
    levels: int
    first: int
    first_better: int
    first_levels: int
    entries: list[Entry]

    def better_than(self, order: int) -> int:
        """How many entries of this shard are strictly better than the first entry shown of all shards together."""
        if order == self.order:
            return self.better
        if self.entries and self.entries[0].order == order:
            return self.first_better
        return self.first + sum(entry.order > order for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one shard says of a ranked set."""

    size: int
    version: str
    top: list[Entry]
    around: Surroundings | None
    named: list[Entry]


def order_value(text: bytes) -> int:
    """An order value as Redis writes it: a whole number, at times in the form 1e+15."""
    try:
        return int(text)
    except ValueError:
        return int(float(text))


class HomePlace(NamedTuple):
    """What the one shard that has a player says: how many entries there are, and where the player's is.

    `position` entries come before it, `better` are better and have so many `levels`; `order` is None where it is not.
    """

    size: int
    order: int | None = None
    position: int = 0
    better: int = 0
    levels: int = 0

    @classmethod
    def read(cls, raw: Sequence[Any]) -> "HomePlace":
        size, *place = raw
        return cls(size, order_value(place[0]), *place[1:]) if place else cls(size)


class Asked(NamedTuple):
    """Which part of which ranked set is wanted, also the entries of some players; `place` is as in read_board.lua."""

    board: Board
    suffix: str
    top: int
    place: dict[str, Any] | None
    players: Collection[str] = ()


def read(board: Board, suffix: str, *, top: int, place: dict[str, Any] | None) -> list[Answer]:
    """Asks every shard for its part of a view. One round trip."""
    return read_many([Asked(board, suffix, top, place)])[0]


def read_many(asked: Sequence[Asked]) -> list[list[Answer]]:
    """The answers of every shard to each question. One round trip for all."""
    everyone = list(shards.everyone())
    requests = [_requests(it, everyone) for it in asked]
    replies = iter(_read([work for each in requests for work in each]))
    return [[next(replies) for _ in everyone] for _ in asked]


def read_from(asked: Sequence[tuple[int, Asked]]) -> list[Answer]:
    """The answers of one shard each. One round trip for all."""
    return _read([(shard, _request(it, shard)) for shard, it in asked])


def _read(work: Sequence[tuple[int, str]]) -> list[Answer]:
    """The answers to requests, each for a shard."""
    return [_answer(reply) for reply in catalog.run("leaderboards/read_board", work, lambda it: [it], repeatable=True)]


def find(asked: Sequence[tuple[Board, str, str]]) -> list[HomePlace]:
    """Where players are: board, suffix and player each. One round trip for all."""
    work = [(shards.of(player), (board, suffix, player)) for board, suffix, player in asked]
    return [HomePlace.read(reply) for reply in catalog.run("leaderboards/read_place", work, _find, repeatable=True)]


def _find(asked: tuple[Board, str, str]) -> tuple[str, str, str, int]:
    board, suffix, player = asked
    return board.slug, suffix, player, int(board.ties == "dense")


def _requests(asked: Asked, everyone: Sequence[int]) -> list[tuple[int, str]]:
    """The request for each shard: one for all, but where players are named, of whom each shard knows its own."""
    if asked.players:
        return [(shard, _request(asked, shard)) for shard in everyone]
    text = _request(asked, 0)
    return [(shard, text) for shard in everyone]


def _request(asked: Asked, shard: int) -> str:
    board, suffix, top, place, players = asked
    request: dict[str, Any] = {
        "board": board.slug,
        "suffix": suffix,
        "dense": int(board.ties == "dense"),
        "top": min(top, board.max_entries or top),
    }
    if place is not None:
        request["place"] = place | {"clamp": int(shards.count() == 1 and not place.get("skip"))}
    if players:
        request["players"] = [player for player in players if shards.of(player) == shard]
    return json.dumps(request)


def _answer(reply: list[Any]) -> Answer:
    size, version, profiles, top, around, named = reply
    joined = f"{version.decode()}.{profiles.decode()}"
    return Answer(size, joined, _entries(top), _surroundings(around), _entries(named))


def _surroundings(raw: list[Any] | None) -> Surroundings | None:
    if not raw:
        return None
    order, player, better, position, levels, first, first_better, first_levels, rows = raw
    return Surroundings(
        order_value(order), player.decode(), better, position, levels, first, first_better, first_levels, _entries(rows)
    )


def _entries(flat: list[bytes]) -> list[Entry]:
    if not flat:
        return []
    return [
        Entry(order_value(order), player.decode(), name.decode(), avatar.decode())
        for player, order, name, avatar in zip(flat[::4], flat[1::4], flat[2::4], flat[3::4], strict=True)
    ]


def share(rows: int) -> int:
    """How many of some `rows` of a board one shard has at most, as a rule: players are spread over shards by chance.

    Four standard deviations above the mean of a Poisson distribution, and one more; once in a thousand questions or so
    that is too few, which `has_first` and `has_window` tell.
    """
    mean = rows / shards.count()
    return rows if shards.count() == 1 else min(rows, math.ceil(mean + 4 * math.sqrt(mean)) + 1)


def has_first(answers: Sequence[Answer], count: int) -> bool:
    """Whether the answers hold the first `count` entries of all shards, which have as many."""
    if len(answers) == 1 or count <= 0:
        return True
    entries = merge([answer.top for answer in answers])
    if len(entries) < count:
        return False
    cut = [answer.top for answer in answers if len(answer.top) < answer.size]
    return all(top and top[-1][:2] <= entries[count - 1][:2] for top in cut)


def has_window(answers: Sequence[Answer], first: int, count: int) -> bool:
    """Whether the answers hold the `count` entries from the index `first` on."""
    if len(answers) == 1 or count <= 0:
        return True
    found = [(answer.around, answer.size) for answer in answers if answer.around]
    entries = merge([part.entries for part, _ in found])
    begin = first - sum(part.first for part, _ in found)
    if begin < 0 or len(entries) < begin + count:
        return False
    best, worst = entries[begin][:2], entries[begin + count - 1][:2]
    for part, size in found:
        nearest = part.entries[0][:2] if part.first < part.position else (part.order, part.player)
        if part.first and nearest < best:
            return False
        if part.first + len(part.entries) < size and not (part.entries and part.entries[-1][:2] <= worst):
            return False
    return True


def among(board: Board, answers: Sequence[Answer]) -> list[Row]:
    """The players who were asked for, ranked among themselves."""
    return rows(board, merge_all([answer.named for answer in answers]), 0, 0, 0)


def merge(parts: Sequence[list[Entry]]) -> list[Entry]:
    """The entries of all shards, best first."""
    return parts[0] if len(parts) == 1 else merge_all(parts)


def merge_all(parts: Sequence[list[Entry]]) -> list[Entry]:
    """The same where the parts are in no order."""
    return sorted((entry for part in parts for entry in part), reverse=True)


def rows(board: Board, entries: Sequence[Entry], start: int, better: int, levels: int) -> list[Row]:
    """Entries with their ranks.

    `start` is the index of the first one, `better` how many entries and `levels` how many distinct order values are
    strictly better than it. Equal order values share a rank; the next one counts entries, or with dense ranks levels.
    """
    dense = board.ties == "dense"
    rank = (levels if dense else better) + 1
    found = []
    for index, entry in enumerate(entries):
        if index and entry.order != entries[index - 1].order:
            rank = rank + 1 if dense else start + index + 1
        found.append(Row(rank, entry.player, entry.name or entry.player, board.score_of(entry.order), entry.avatar))
    return found


def count_better(board: Board, suffix: str, orders: Sequence[int]) -> list[int]:
    """How many entries of all shards are strictly better than each order value. One round trip."""
    answers = _ask_better(board, suffix, orders, list(shards.everyone()), levels=False)
    return [sum(answer[index + 1][0] for answer in answers) for index in range(len(orders))]


def count_elsewhere(board: Board, suffix: str, home: int, order: int) -> tuple[int, int]:
    """How many entries the shards but for one have, and how many of them are strictly better. One round trip."""
    others = [shard for shard in shards.everyone() if shard != home]
    answers = _ask_better(board, suffix, [order], others, levels=False)
    return sum(size for size, _ in answers), sum(better for _, (better, _) in answers)


def count_levels(board: Board, suffix: str, order: int) -> int:
    """How many distinct order values of all shards are better than one. One round trip; O(that number)."""
    answers = _ask_better(board, suffix, [order], list(shards.everyone()), levels=True)
    return len({level for answer in answers for level in answer[1][1]})


def ranks(board: Board, suffix: str, home: int, found: Sequence[Place | None]) -> list[int | None]:
    """The ranks of places that one shard, `home`, knows its part of. No round trip with one shard, else one.

    Never beyond the board's limit: what other writers are about to trim does not count.
    """
    others = [shard for shard in shards.everyone() if shard != home]
    orders = [place.order for place in found if place]
    answers = _ask_better(board, suffix, orders, others, levels=board.ties == "dense") if others and orders else []
    elsewhere = iter(zip(*(found for _size, *found in answers), strict=True)) if answers else iter([()] * len(orders))
    return [_rank(board, place, next(elsewhere)) if place else None for place in found]


def _rank(board: Board, place: Place, elsewhere: Sequence[Any]) -> int:
    """A rank from what the place's own shard and the others say: (how many are better, which levels) each."""
    if board.ties != "dense":
        better = place.better + sum(count for count, _ in elsewhere)
    elif isinstance(place.levels, int):
        better = place.levels
    else:
        better = len(place.levels.union(*(levels for _, levels in elsewhere)))
    return min(1 + better, board.max_entries or 1 + better)


def _ask_better(board: Board, suffix: str, orders: Sequence[int], asked: list[int], *, levels: bool) -> list[Any]:
    arguments = [board.slug, suffix, int(levels), *map(str, orders)]
    return catalog.run(
        "leaderboards/count_better", [(shard, arguments) for shard in asked], lambda it: it, repeatable=True
    )
