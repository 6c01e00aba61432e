"""Removing a player in short steps: a note says that it is under way, and until the last nobody writes for the player.

Whoever comes upon the note may do all the steps again, or beside the one who began: each step asks whether the note is
still the same. So what was broken off is gone on with, and never reaches into what the player does afterwards.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

from django.conf import settings

from gamify_site import clock
from gamify_site.identifiers import POINTS_BOARD
from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import ask

MOST_SETS = 200  # of one script call, which takes its server 1 to 2 ms
MOST_KEYS = 500
MOST_UNLOCKS = 200
MOST_ANSWERS = 50
MOST_IDS = 1000
MOST_BOARDS = 50  # that are asked at once which periods they have
MOST_CALLS = 20  # an answer is awaited for 2 s

T = TypeVar("T")
Rules = dict[str, Any]
Sets = list[tuple[str, str]]  # board and suffix of each


class Note(NamedTuple):
    """What is noted of a deletion: the text, who asked for it, and why."""

    text: str
    by: str
    reason: str


class Over(Exception):
    """Somebody else has done the last step."""


def begin(player: str, by: str, reason: str) -> Note:
    """Notes that a player is being deleted; gives what is noted. Raises `StoreUnavailable`. One round trip."""
    told = json.dumps({"by": by, "reason": reason, "token": uuid4().hex})
    work = [(shards.of(player), told)]
    (found,) = catalog.run("players/begin_deletion", work, lambda it: [player, it], repeatable=True)
    return _note(found)


def under_way(players: Sequence[str] | None = None) -> dict[str, Note]:
    """Those of some players, or else of all, who are being deleted, and what is noted. One round trip."""
    if players is None:
        notes = ask([("hgetall", keys.deletions(shard)) for shard in shards.everyone()])
        return {player.decode(): _note(text) for found in notes for player, text in found.items()}
    texts = ask([("hget", keys.deletions(shards.of(player)), player) for player in players])
    return {player: _note(text) for player, text in zip(players, texts, strict=True) if text is not None}


def leave_boards(player: str, note: Note) -> bool:
    """Takes the player off all boards; False where there was no entry. Raises `Over`, `StoreUnavailable`.

    Two round trips for each 50 boards, and one for each 4,000 periods that they have or had.
    """

    def arguments(some: Sets) -> list[Any]:
        known = {rules["slug"]: rules | {"sets": []} for rules in board_rules()}
        for slug, suffix in some:
            if slug in known:
                known[slug]["sets"].append(suffix)
        return [json.dumps([rules for rules in known.values() if rules["sets"]])]

    return _in_steps("players/delete_entries", player, note, _chunks(_periods(shards.of(player)), MOST_SETS), arguments)


def leave_news(player: str) -> None:
    """Takes the player out of the news of all. Raises `StoreUnavailable`. One round trip, or two."""
    shard = shards.of(player)
    streams = [keys.rank_events(shard), keys.activity(shard)]
    found = ask([("xrange", stream) for stream in streams])
    own = [[entry for entry, told in entries if told.get(b"player") == player.encode()] for entries in found]
    if any(own):
        ask([("xdel", stream, *entries) for stream, entries in zip(streams, own, strict=True) if entries])


def leave_answers(player: str, note: Note) -> None:
    """Takes the player out of the answers to batches that are kept. Raises `Over`, `StoreUnavailable`.

    One round trip for each 50 of them.
    """
    work = [(shards.of(player), player)]
    looked_at: Any = MOST_ANSWERS
    while looked_at == MOST_ANSWERS:
        (looked_at,) = catalog.run(
            "players/forget_answers", work, lambda it: [it, note.text, MOST_ANSWERS], repeatable=True
        )
    if looked_at == b"over":
        raise Over


def leave_ids(player: str) -> None:
    """Forgets the ids of what was reported of the player. Raises `StoreUnavailable`.

    O(ids that are remembered on the player's shard), a round trip for each 1,000 of them.
    """
    shard, now = shards.of(player), int(clock.untravelled().timestamp()) // settings.GAMIFY_EVENT_TTL
    for span in range(now - 3, now + 3):  # of the data store's clock, which is about ours
        key, cursor = keys.event_ids(shard, span), None
        while cursor != 0:
            ((cursor, found),) = ask([("hscan", key, cursor or 0, f"{player} *", MOST_IDS)])
            if found:
                ask([("hdel", key, *found)])


def lose_keys(player: str, note: Note) -> bool:
    """Removes the player's keys that are named by definitions; False where there were none.

    Raises `Over`, `StoreUnavailable`. One round trip for each 10,000 of them.
    """
    names = _named_keys(shards.of(player), player)
    return _in_steps("players/delete_keys", player, note, _chunks(names, MOST_KEYS), list)


def end(player: str, note: Note) -> None:
    """Removes the rest, and the note with it. Raises `Over`, `StoreUnavailable`. A round trip for each 200 unlocks."""
    work = [(shards.of(player), player)]
    answer = b"more"
    while answer == b"more":
        (answer,) = catalog.run(
            "players/delete_player", work, lambda it: [it, note.text, MOST_UNLOCKS], repeatable=True
        )
    if answer == b"over":
        raise Over


def board_rules() -> list[Rules]:
    """What the scripts need to know to move or remove entries, from the definitions as they are stored."""
    stored = {POINTS_BOARD: {"ties": "unlocks"}, **catalog.definitions("board")}
    return [
        {
            "slug": slug,
            "segment_by": fields.get("segment_by", ""),
            "max_entries": int(fields.get("max_entries", 0)),
            "dense": int(fields["ties"] == "dense"),
        }
        for slug, fields in sorted(stored.items())
    ]


def _note(text: bytes) -> Note:
    told = json.loads(text)
    return Note(text.decode(), told["by"], told["reason"])


def _in_steps(
    script: str,
    player: str,
    note: Note,
    steps: Iterable[list[T]],
    arguments: Callable[[list[T]], Sequence[Any]],
) -> bool:
    """Runs all steps, some at once; False where none has found anything."""
    found = False
    for some in _chunks(steps, MOST_CALLS):
        work = [(shards.of(player), step) for step in some]
        replies = catalog.run(script, work, lambda it: [player, note.text, *arguments(it)], repeatable=True)
        if b"over" in replies:
            raise Over
        found = found or any(replies)
    return found


def _chunks(items: Iterable[T], most: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while some := list(islice(iterator, most)):
        yield some


def _periods(shard: int) -> Iterator[tuple[str, str]]:
    """Board and suffix of all periods that have entries, and of those that were closed."""
    for some in _chunks([rules["slug"] for rules in board_rules()], MOST_BOARDS):
        registered = ask([("zrange", keys.board_windows(shard, slug), 0, -1) for slug in some])
        closed = ask([("hkeys", keys.closed_periods(slug)) for slug in some])
        for slug, live, over in zip(some, registered, closed, strict=True):
            yield from ((slug, suffix.decode()) for suffix in sorted({*live, *over}))


def _named_keys(shard: int, player: str) -> Iterator[str]:
    for rules in board_rules():
        yield keys.rank_news_sent(shard, player, rules["slug"])
    for slug, fields in sorted(catalog.definitions("achievement").items()):
        yield keys.streak(shard, player, slug)
        yield keys.days(shard, player, fields.get("action", slug))
        yield keys.moved_days(shard, player, fields.get("action", slug))
        yield keys.collection(shard, player, slug)
