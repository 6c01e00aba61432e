"""Validate reported events: first without the definitions, then against the current ones."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import ValidationError

from achievements.definitions import EXACT, NO_AMOUNT, Achievement, Event
from achievements.services import compiled
from gamify_site import texts
from gamify_site.identifiers import check_event_id, check_slug
from leaderboards import windows
from leaderboards.definitions import Board

OLDEST = timedelta(days=7)
NEWEST = timedelta(minutes=5)


class Checked(NamedTuple):
    """An event that is valid under any definitions. `place` is its index in the batch."""

    place: int
    event: Event
    at: datetime


class Fitted(NamedTuple):
    """What an event means under some definitions.

    `units`: board → its score if that is not the amount, False if it takes nothing; `items`:
    collection → index of the event's item in it.
    """

    units: Mapping[str, int | bool]
    items: Mapping[str, int]


def check(place: int, event: Event, now: datetime) -> Checked:
    """Validate what does not depend on definitions. Raises `ValidationError` with the field. No round trip."""
    check_slug(event.action, "action")
    if event.id is not None:
        check_event_id(event.id)
    if not _is_exact(event.amount) or not isinstance(event.amount, int):
        raise ValidationError({"amount": f"Enter a whole number from 1 to {EXACT}."})
    if event.value is not None and not _is_exact(event.value):
        raise ValidationError({"value": f"Enter a number within ±{EXACT}."})
    return Checked(place, event, now if event.at is None else _check_time(event.at, now))


def fit(event: Event) -> Fitted:
    """Return what an event means under the definitions known now; called again if they have changed.

    Raises `ValidationError` with the field. No round trip.
    """
    rules, listening = compiled.listeners().get(event.action, ([], []))
    least = 1 if rules or not listening else -EXACT  # only boards take corrections
    if event.amount < least:
        raise ValidationError({"amount": f"Enter a whole number from {least} to {EXACT}."})
    units: dict[str, int | bool] = {}
    for board in listening:
        score = _score_for(board, event)
        if score is None:
            units[board.slug] = False
        elif (its_units := board.to_units(score, "value")) != event.amount:
            units[board.slug] = its_units
    return Fitted(units, {} if event.item is None else _items(event.item, rules))


def reason(error: ValidationError) -> str:
    """Return the messages of all fields in one line."""
    return "; ".join(f"{field}: {' '.join(why)}" for field, why in error.message_dict.items())


def _check_time(at: object, now: datetime) -> datetime:
    moment = windows.check_moment(at)
    if not now - OLDEST <= moment <= now + NEWEST:
        raise ValidationError({"at": "The time may lie up to 7 days back and 5 minutes ahead."})
    return moment


def _is_exact(value: object) -> bool:
    """Return whether it is a finite number within the exact range."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return False
    return (isinstance(value, int) or math.isfinite(value)) and -EXACT <= value <= EXACT


def _score_for(board: Board, event: Event) -> int | float | Decimal | None:
    """Return the score for a board: sums take the amount, others the value or an amount that was sent."""
    if board.combine == "sum":
        return event.amount
    if event.value is not None:
        return event.value
    return None if event.amount is NO_AMOUNT else event.amount


def _items(item: str | int, rules: Sequence[Achievement]) -> dict[str, int]:
    """Return collection → index of the event's item in it."""
    collections = [rule for rule in rules if rule.type == "collection"]
    found = {rule.slug: index for rule in collections if (index := _index(item, rule.items)) is not None}
    if collections and not found:
        shown = repr(texts.quoted(item)) if isinstance(item, str) else texts.quoted(item)
        raise ValidationError({"item": f"No collection of this action has the item {shown}."})
    return found


def _index(item: str | int, items: Sequence[str]) -> int | None:
    if isinstance(item, str):
        name = texts.normal(item)
        return items.index(name) if name in items else None
    return item if not isinstance(item, bool) and 0 <= item < len(items) else None
