"""Recording events: one event, everything it means, exactly once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError

from achievements.definitions import EXACT, Achievement, Event, Outcome
from achievements.services import applying, compiled
from achievements.services.applying import Checked, Chunk
from gamify_site import clock, texts
from gamify_site.identifiers import check_player_id, check_slug
from gamify_site.store import shards
from leaderboards import windows
from leaderboards.definitions import Board

OLDEST = timedelta(days=7)
NEWEST = timedelta(minutes=5)
LONGEST_ID = 128
MOST_EVENTS_A_CALL = 100  # of one script call, which then stays below 5 ms of server time where each counts for a lot
REASONS = {"out_of_range": "It would leave the range of exact numbers."}


def record(events: Sequence[Event], *, idempotency_key: str | None = None) -> Outcome:
    """Applies events, each to everything that listens to its action or to nothing, and those with an id only once.

    A bad event is reported by its index with the reason; the good ones are applied. With an idempotency key the same
    batch may be sent again and gets the same answer. Raises `StoreUnavailable`, and `ValidationError` for a bad key.
    Cost: one round trip for all shards; about 20 µs of server time an event.
    """
    if idempotency_key is not None:
        _check_id(idempotency_key, "idempotency_key")
    known, rejected = _known_players(events)
    now = clock.now()
    chunks = [
        _chunk(
            shard,
            group[start : start + MOST_EVENTS_A_CALL],
            now,
            f"{idempotency_key}:{start}" if idempotency_key else "",
        )
        for shard, group in sorted(shards.group(known, lambda item: item[1].player).items())
        for start in range(0, len(group), MOST_EVENTS_A_CALL)
    ]
    results = applying.apply(chunks)
    for result in results:
        rejected |= {place: REASONS.get(why, why) for place, why in result.refused.items()}
    duplicates = sum(len(result.duplicates) for result in results)
    return Outcome(
        accepted=len(events) - len(rejected) - duplicates,
        duplicates=duplicates,
        rejected=dict(sorted(rejected.items())),
        unlocked=[unlock for result in results for unlock in result.unlocked],
        no_listeners=sorted(
            {event.action for place, event in known if place not in rejected} - compiled.listeners().keys()
        ),
        repeated=tuple(sorted(place for result in results for place in result.duplicates)),
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
            rejected[place] = _reason(error)
        else:
            known.append((place, event))
    return known, rejected


def _chunk(shard: int, group: Sequence[tuple[int, Event]], now: datetime, key: str) -> Chunk:
    checked: list[Checked] = []
    refused: dict[int, str] = {}
    for place, event in group:
        try:
            checked.append(_check(place, event, now))
        except ValidationError as error:
            refused[place] = _reason(error)
    return Chunk(shard, checked, refused, key=key)


def _reason(error: ValidationError) -> str:
    return "; ".join(f"{field}: {' '.join(why)}" for field, why in error.message_dict.items())


def _check(place: int, event: Event, now: datetime) -> Checked:
    """The event as the script takes it. Raises `ValidationError` with the field."""
    rules, listening = _listeners(event.action)
    if event.id is not None:
        _check_id(event.id, "id")
    _check_amount(event, correcting=bool(listening) and not rules)
    at = now if event.at is None else _check_time(event.at, now)
    units: dict[str, list[int]] = {}
    for board in listening:
        score = board.to_units(_score_for(board, event), "value")
        if score != event.amount:
            units[board.slug] = [score]
    return Checked(place, event, at, units, {} if event.item is None else _items(event.item, rules))


def _listeners(action: str) -> tuple[list[Achievement], list[Board]]:
    heard = compiled.listeners().get(action) if isinstance(action, str) else None
    if heard is None:
        check_slug(action, "action")
    return heard or ([], [])


def _check_time(at: object, now: datetime) -> datetime:
    moment = windows.check_moment(at)
    if not now - OLDEST <= moment <= now + NEWEST:
        raise ValidationError({"at": "The time may lie up to 7 days back and 5 minutes ahead."})
    return moment


def is_id(value: object) -> bool:
    """Whether it may be the id of an event, or the key of a batch."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value.isprintable()


def _check_id(value: object, field: str) -> None:
    if not is_id(value):
        raise ValidationError({field: f"Enter a text of 1 to {LONGEST_ID} characters."})


def _check_amount(event: Event, *, correcting: bool) -> None:
    least = -EXACT if correcting else 1
    if type(event.amount) is not int or not least <= event.amount <= EXACT:
        raise ValidationError({"amount": f"Enter a whole number from {least} to {EXACT}."})
    if event.value is not None and (type(event.value) not in (int, Decimal) or not -EXACT <= event.value <= EXACT):
        raise ValidationError({"value": f"Enter a number within ±{EXACT}."})


def _score_for(board: Board, event: Event) -> int | Decimal:
    """What an event counts for a board: sums take the amount, others the value where there is one."""
    return event.amount if board.combine == "sum" or event.value is None else event.value


def _items(item: str | int, rules: Sequence[Achievement]) -> dict[str, int]:
    """Collection → index of the event's item in it."""
    collections = [rule for rule in rules if rule.type == "collection"]
    found = {rule.slug: index for rule in collections if (index := _index(item, rule.items)) is not None}
    if collections and not found:
        raise ValidationError({"item": f"No collection of this action has the item {item!r}."})
    return found


def _index(item: str | int, items: Sequence[str]) -> int | None:
    if isinstance(item, str):
        name = texts.normal(item)
        return items.index(name) if name in items else None
    return item if not isinstance(item, bool) and 0 <= item < len(items) else None
