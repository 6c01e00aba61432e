"""What was applied lately, so that it counts once when it is sent again: ids of events, answers to batches.

They are known on the shard of the event's player, whose name stands before the id. Ids are noted in spans of
`GAMIFY_EVENT_TTL` seconds, and asked for in two: this one and the one before. Where they were noted in longer spans,
they are copied to several.
"""

import math
import zlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from gamify_site import clock
from gamify_site.identifiers import PLAYER_ID, is_event_id
from gamify_site.ops.transfer import answers, checks
from gamify_site.ops.transfer.inventory import Inventory
from gamify_site.ops.transfer.target import Target
from gamify_site.store import keys, shards
from gamify_site.store.connection import ask
from leaderboards.definitions import EXACT

STEP = 500
MOST_SORTED = 500_000  # ids that are held in memory at a time
LONGEST_ANSWER = 10_000_000
MOST_COPIES = 8  # on a shard

Thing = dict[str, Any]


def read_event_ids(_inventory: Inventory) -> Iterator[Thing]:
    """The ids that are asked for now: of this span of time and the one before, some 500 to a line."""
    this_span = _now() // settings.GAMIFY_EVENT_TTL
    for span in (this_span - 1, this_span):
        for shard in shards.everyone():
            for part, ids in enumerate(_sorted_ids(shard, span)):
                yield {"span": span, "shard": shard, "part": part, "ids": ids}


def _sorted_ids(shard: int, span: int) -> Iterator[list[str]]:
    """All ids of a span, sorted a great part at a time, however many there are."""
    key = keys.event_ids(shard, span)
    (number,) = ask([("hlen", key)])
    rounds = number // MOST_SORTED + 1
    for turn in range(rounds):
        found: set[bytes] = set()
        cursor = None
        while cursor != 0:
            ((cursor, some),) = ask([("hscan", key, cursor or 0, None, STEP)])
            found.update(it for it in some if rounds == 1 or zlib.crc32(it) % rounds == turn)
        ids = sorted(it.decode() for it in found)
        yield from (ids[start : start + STEP] for start in range(0, len(ids), STEP))


def place_of_event_ids(thing: Thing) -> tuple[int, int, int]:
    """What lines of ids are ordered by."""
    return thing["span"], thing["shard"], thing["part"]


def make_event_ids(thing: Any, target: Target) -> None:
    """Check ids and keep them for as long as they would have been known, each on its player's shard."""
    checks.fields(thing, ("span", "shard", "part", "ids"))
    span = checks.whole("span", thing["span"], 0, _latest_moment(target) // target.event_ttl + 2)
    checks.whole("shard", thing["shard"], 0, target.shards_there - 1)
    checks.whole("part", thing["part"], 0, EXACT)
    by_shard: dict[int, list[str]] = defaultdict(list)
    for it in checks.listed("ids", thing["ids"], STEP):
        player, _, event_id = it.partition(" ") if isinstance(it, str) else ("", "", "")
        if not PLAYER_ID.fullmatch(player) or not is_event_id(event_id.rpartition("\t")[2]):
            raise checks.wrong("ids", it, "is no player and id of an event")
        by_shard[shards.of(player)] += (it, "1")
    for number, flat in by_shard.items():
        for its_span in spans(span, target.event_ttl):
            key = keys.event_ids(number, its_span)
            life = (its_span - _now() // settings.GAMIFY_EVENT_TTL + 3) * settings.GAMIFY_EVENT_TTL
            target.shard(number).add("HSET", key, *flat)
            target.shard(number).add("EXPIRE", key, life)


def _latest_moment(target: Target) -> int:
    """Until when (s) something may have happened that is in a file: its clock may be ahead of ours, or travelled."""
    return max(_now(), target.made_at + target.ahead)


def spans(span: int, ttl: int) -> list[int]:
    """The spans of today's length in which ids are kept that were noted in a span of `ttl` seconds: until they would
    have been forgotten there, but in 8 spans at most, which is 15 times today's length from now.

    An id is known during its span and the next, so that every second one will do; none is too late.
    """
    known_until, now = (span + 2) * ttl, _now() // settings.GAMIFY_EVENT_TTL
    last = math.ceil(known_until / settings.GAMIFY_EVENT_TTL) - 2
    if last < now - 1:
        return []
    first = min(last, now)
    last = min(last, first + 2 * (MOST_COPIES - 1))
    return [*range(first, last, 2), last]


def read_batches(inventory: Inventory) -> Iterator[Thing]:
    """The answers to batches that were sent with a key of their own."""
    for start in range(0, len(inventory.batches), STEP):
        some = inventory.batches[start : start + STEP]
        for (shard, name), answer in zip(some, ask([("get", keys.batch(*it)) for it in some]), strict=True):
            if answer is not None:
                yield {"shard": shard, "name": name, "answer": answer.decode()}


def make_batch(thing: Any, target: Target) -> None:
    """Checks an answer and keeps it; on another number of shards a batch is cut otherwise, and no answer fits."""
    checks.fields(thing, ("shard", "name", "answer"))
    shard = checks.whole("shard", thing["shard"], 0, target.shards_there - 1)
    name, answer = checks.text("name", thing["name"], 300), checks.text("answer", thing["answer"], LONGEST_ANSWER)
    answers.check(answer)
    if target.shards == target.shards_there:
        target.shard(shard).add("SET", keys.batch(shard, name), answer, "EX", settings.GAMIFY_EVENT_TTL)


def _now() -> int:
    """The real time, by which the data store notes ids, however far the demo's clock has travelled."""
    return int(clock.untravelled().timestamp())
