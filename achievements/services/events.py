"""Recording events: one event, everything it means, exactly once."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from django.core.exceptions import ValidationError

from achievements.definitions import Event, Outcome
from achievements.services import applying, checking, compiled
from achievements.services.applying import Chunk, Result
from gamify_site import clock
from gamify_site.identifiers import check_event_id, check_player_id
from gamify_site.store import shards

# Of one script call, so that it stays below 5 ms of server time: events, and what they touch by `compiled.weight`.
MOST_EVENTS_A_CALL = 100
MOST_TOUCHED_A_CALL = 450
Placed = tuple[int, Event]  # with its index in the batch

REASONS = {"out_of_range": "It would leave the range of exact numbers."}


def record(events: Sequence[Event], *, idempotency_key: str | None = None) -> Outcome:
    """Applies events, each to everything that listens to its action or to nothing, and those with an id only once.

    A bad event is reported by its index with the reason; the good ones are applied. Boards of the best or the latest
    score take the `value`, or an `amount` that was given: they are `skipped` where an event has neither, which counts
    for everything else. A period that is final takes nothing more; a board is `skipped`, too, if all its periods at the
    event's time are. An id is one player's; it is known for `GAMIFY_EVENT_TTL` by the data store's clock. Windows,
    streaks, the latest and the earliest go by `at`. With an idempotency key the same batch may be sent again and gets
    the same answer. Raises `StoreUnavailable`, and `ValidationError` for a bad key. Cost: one round trip for all
    shards, two for a batch with a key that takes several script calls; about 20 µs of server time an event.
    """
    if idempotency_key is not None:
        check_event_id(idempotency_key, "idempotency_key")
    known, rejected = _known_players(events)
    now = clock.now()
    groups = dict(sorted(shards.group(known, lambda item: item[1].player).items()))
    if idempotency_key is None:
        results = applying.apply(
            [
                _chunk(shard, group[start:end], now)
                for shard, group in groups.items()
                for start, end in pairwise([*_cuts(group), len(group)])
            ]
        )
    else:
        results = _apply_once(groups, now, idempotency_key)
    for result in results:
        rejected |= {place: REASONS.get(why, why) for place, why in result.refused.items()}
    repeated = sorted(place for result in results for place in result.duplicates)
    uncounted = {*rejected, *repeated}
    skipped = {place: boards for result in results for place, boards in result.skipped.items()}
    return Outcome(
        accepted=len(events) - len(uncounted),
        duplicates=len(repeated),
        rejected=dict(sorted(rejected.items())),
        skipped={place: boards for place, boards in sorted(skipped.items()) if place not in uncounted},
        unlocked=[unlock for result in results for unlock in result.unlocked],
        no_listeners=sorted({action for result in results for action in result.no_listeners}),
        repeated=tuple(repeated),
    )


def _known_players(events: Sequence[Event]) -> tuple[list[Placed], dict[int, str]]:
    """Events with their places, and those that belong to no shard because their player cannot be one.

    Nothing else decides which shard gets which, so that a batch that is sent again is divided the same way.
    """
    known: list[Placed] = []
    rejected: dict[int, str] = {}
    for place, event in enumerate(events):
        try:
            check_player_id(event.player)
        except ValidationError as error:
            rejected[place] = checking.reason(error)
        else:
            known.append((place, event))
    return known, rejected


def _apply_once(groups: Mapping[int, Sequence[Placed]], now: datetime, key: str) -> list[Result]:
    """Apply a batch with a key. One round trip, two where a shard gets several chunks.

    Where a batch is cut depends on the definitions; one that is sent again is cut as it was then, which the answer to
    the first chunk tells.
    """
    firsts = []
    for shard, group in groups.items():
        cuts = list(_cuts(group))
        end = cuts[1] if len(cuts) > 1 else len(group)
        firsts.append(_chunk(shard, group[:end], now, key=f"{key}:0", cuts=cuts))
    found = applying.apply(firsts)
    others = [
        _chunk(shard, group[start:end], now, key=f"{key}:{start}")
        for (shard, group), result in zip(groups.items(), found, strict=True)
        for start, end in pairwise([*result.cuts[1:], len(group)])
    ]
    return found + applying.apply(others)


def _cuts(group: Sequence[Placed]) -> Iterator[int]:
    """Yield the index of the first event of each script call."""
    start, touched = 0, 0
    for index, (_, event) in enumerate(group):
        weight = compiled.weight(event)
        if not index or touched + weight > MOST_TOUCHED_A_CALL or index - start == MOST_EVENTS_A_CALL:
            yield index
            start, touched = index, 0
        touched += weight


def _chunk(shard: int, group: Sequence[Placed], now: datetime, *, key: str = "", cuts: Sequence[int] = ()) -> Chunk:
    checked, refused = [], {}
    for place, event in group:
        try:
            checked.append(checking.check(place, event, now))
        except ValidationError as error:
            refused[place] = checking.reason(error)
    return Chunk(shard, checked, refused, key=key, cuts=cuts)
