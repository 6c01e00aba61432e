"""Recording events: one event, everything it means, exactly once."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError

from achievements.definitions import Event, Outcome
from achievements.services import applying, checking, compiled
from achievements.services.applying import Chunk
from gamify_site import clock
from gamify_site.identifiers import check_event_id, check_player_id
from gamify_site.store import shards

# Of one script call, so that it stays below 5 ms of server time: events, what they touch by `compiled.weight`, and
# events of a batch with a key, which is cut the same way again whatever the definitions are then.
MOST_EVENTS_A_CALL = 100
MOST_TOUCHED_A_CALL = 200
MOST_KEYED_A_CALL = 25
REASONS = {"out_of_range": "It would leave the range of exact numbers."}


def record(events: Sequence[Event], *, idempotency_key: str | None = None) -> Outcome:
    """Applies events, each to everything that listens to its action or to nothing, and those with an id only once.

    A bad event is reported by its index with the reason; the good ones are applied. Boards of the best or the latest
    score take the `value`, or an `amount` that was given: they are `skipped` where an event has neither, which counts
    for everything else. A period that is final takes nothing more; a board is `skipped`, too, if all its periods at the
    event's time are. An id is one player's; it is known for `GAMIFY_EVENT_TTL` by the data store's clock. Windows,
    streaks, the latest and the earliest go by `at`. With an idempotency key the same batch may be sent again and gets
    the same answer. Raises `StoreUnavailable`, and `ValidationError` for a bad key.
    Cost: one round trip for all shards; about 20 µs of server time an event.
    """
    if idempotency_key is not None:
        check_event_id(idempotency_key, "idempotency_key")
    known, rejected = _known_players(events)
    now = clock.now()
    chunks = [
        _chunk(shard, group[start:end], now, f"{idempotency_key}:{start}" if idempotency_key else "")
        for shard, group in sorted(shards.group(known, lambda item: item[1].player).items())
        for start, end in _cuts([event for _, event in group], is_keyed=idempotency_key is not None)
    ]
    results = applying.apply(chunks)
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
        no_listeners=sorted(
            {event.action for place, event in known if place not in rejected} - compiled.listeners().keys()
        ),
        repeated=tuple(repeated),
    )


def _known_players(events: Sequence[Event]) -> tuple[list[tuple[int, Event]], dict[int, str]]:
    """Events with their places, and those that belong to no shard because their player cannot be one.

    How a batch is cut depends on nothing else, so that one that is sent again is cut the same way.
    """
    known: list[tuple[int, Event]] = []
    rejected: dict[int, str] = {}
    for place, event in enumerate(events):
        try:
            check_player_id(event.player)
        except ValidationError as error:
            rejected[place] = checking.reason(error)
        else:
            known.append((place, event))
    return known, rejected


def _cuts(events: Sequence[Event], *, is_keyed: bool) -> Iterator[tuple[int, int]]:
    """Yield the first event of each script call, and the first after it."""
    if is_keyed:
        yield from ((start, start + MOST_KEYED_A_CALL) for start in range(0, len(events), MOST_KEYED_A_CALL))
        return
    start, touched = 0, 0
    for place, event in enumerate(events):
        weight = compiled.weight(event.action)
        if place > start and (touched + weight > MOST_TOUCHED_A_CALL or place - start == MOST_EVENTS_A_CALL):
            yield start, place
            start, touched = place, 0
        touched += weight
    if events:
        yield start, len(events)


def _chunk(shard: int, group: Sequence[tuple[int, Event]], now: datetime, key: str) -> Chunk:
    checked, refused = [], {}
    for place, event in group:
        try:
            checked.append(checking.check(place, event, now))
        except ValidationError as error:
            refused[place] = checking.reason(error)
    return Chunk(shard, checked, refused, key=key)
