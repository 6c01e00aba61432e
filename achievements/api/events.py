"""Events over HTTP: what a game reports, up to 1,000 at a time."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import Field, TypeAdapter
from pydantic import ValidationError as SchemaError

from achievements.definitions import NO_AMOUNT, Event, Outcome, Unlock
from achievements.services import events
from gamify_site.api import bodies, idempotency
from gamify_site.api.answers import dump
from gamify_site.api.fields import Item, Moment, Number, Strict, Whole
from gamify_site.api.guard import WRITE
from gamify_site.api.problems import Problem, of_fields, reasons
from gamify_site.identifiers import MAX_EVENT_ID_LENGTH
from gamify_site.ops import metrics
from leaderboards.api import WRITE_ERRORS

router = Router(tags=["Events"])

MOST_EVENTS = 1000
MAX_REJECTION_LENGTH = 500  # of the reason, which may name many fields


class EventIn(Strict):
    """A fact that a game reports. With an `id` it counts once, however often it is sent."""

    player: str
    action: str
    # No default in the document: programs made from it would send it, and boards of the best would take it as a score.
    amount: Whole = Field(default_factory=lambda: NO_AMOUNT, description="Counts as 1 if it is left out.")
    value: Number | None = None
    item: Item | None = None
    at: Moment | None = None
    id: str | None = None


class EventsIn(Strict):
    """Events, applied in the order given. An invalid event is rejected alone."""

    events: Annotated[list[Any], Field(max_length=MOST_EVENTS)]


class RejectedOut(Schema):
    """An event that was not applied: its index in the batch, and why."""

    index: int
    reason: str


class SkippedOut(Schema):
    """An event that counts, except on these boards: they need a `value` or an `amount`, and neither was sent."""

    index: int
    boards: list[str]


class UnlockedOut(Schema):
    """What a player has unlocked by these events; a tier as `<slug>_<level>`."""

    player: str
    achievement: str
    points: int


class ResultOut(Schema):
    """What became of one event."""

    index: int
    status: Literal["accepted", "duplicate", "rejected"]


class EventsOut(Schema):
    """What became of a batch. `results` only with `?detail=1`."""

    accepted: int
    duplicates: int
    rejected: list[RejectedOut]
    skipped: list[SkippedOut]
    unlocked: list[UnlockedOut]
    no_listeners: list[str]
    results: list[ResultOut] | None = None


EVENT = TypeAdapter(EventIn)
EVENTS = TypeAdapter(list[EventIn])
SCHEMA = EventsIn.model_json_schema()
SCHEMA["properties"]["events"]["items"] = EventIn.model_json_schema()
EXTRA = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": SCHEMA}}},
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": False,
            "description": "The same batch may be sent again under this key and gets the same answer, for a day; "
            "another one is refused with 422.",
            "schema": {"type": "string", "minLength": 1, "maxLength": MAX_EVENT_ID_LENGTH, "pattern": "^[!-~]+$"},
        }
    ],
}


@router.post(
    "/events",
    auth=WRITE,
    response={200: EventsOut, 409: Problem, **WRITE_ERRORS},
    summary="Report events",
    openapi_extra=EXTRA,
)
def post_events(request: HttpRequest, detail: bool = False) -> Any:
    """Each event is applied to everything that listens to its action, or to nothing; the answer says which were not."""
    body = bodies.read(request)
    try:
        given = EventsIn.model_validate(bodies.parse(body)).events
    except SchemaError as error:
        return of_fields(reasons(error.errors()))
    good, bad = _sorted(given)
    with idempotency.once(request, body) as key:
        outcome = events.record(list(good.values()), idempotency_key=key)
    if bad:
        outcome = _as_sent(outcome, list(good), bad)
    metrics.count_events(outcome)
    return HttpResponse(dump(_answer(outcome, len(given), detail=detail)), content_type="application/json")


def _sorted(given: list[Any]) -> tuple[dict[int, Event], dict[int, str]]:
    """Return the valid events, and the reasons for the others, by index."""
    good: dict[int, Event] = {}
    bad: dict[int, str] = {}
    try:
        return dict(enumerate(map(_event, EVENTS.validate_python(given)))), bad  # in one pass, by far the most common
    except SchemaError:
        pass  # which of them is wrong is found one by one
    for index, it in enumerate(given):
        try:
            good[index] = _event(EVENT.validate_python(it))
        except SchemaError as error:
            bad[index] = _reason(error) if isinstance(it, dict) else "Enter an object with a player and an action."
    return good, bad


def _event(it: EventIn) -> Event:
    return Event(it.player, it.action, it.amount, it.value, it.item, it.at, it.id)


def _reason(error: SchemaError) -> str:
    wrong = reasons(error.errors(), "event")
    return " ".join(f"{place}: {' '.join(why)}" for place, why in wrong.items())[:MAX_REJECTION_LENGTH]


def _as_sent(outcome: Outcome, places: list[int], bad: dict[int, str]) -> Outcome:
    """Return the outcome of the valid events with the indexes of the batch as it was sent."""
    rejected = bad | {places[index]: why for index, why in outcome.rejected.items()}
    skipped = {places[index]: boards for index, boards in outcome.skipped.items()}
    repeated = tuple(places[index] for index in outcome.repeated)
    return replace(outcome, rejected=dict(sorted(rejected.items())), skipped=skipped, repeated=repeated)


def unlocked_out(it: Unlock) -> dict[str, Any]:
    """Return an unlock as JSON has it."""
    return {name: getattr(it, name) for name in UnlockedOut.model_fields}


def _answer(outcome: Outcome, number: int, *, detail: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "accepted": outcome.accepted,
        "duplicates": outcome.duplicates,
        "rejected": [{"index": index, "reason": reason} for index, reason in outcome.rejected.items()],
        "skipped": [{"index": index, "boards": boards} for index, boards in outcome.skipped.items()],
        "unlocked": [unlocked_out(it) for it in outcome.unlocked],
        "no_listeners": outcome.no_listeners,
    }
    if detail:
        repeated = set(outcome.repeated)
        told["results"] = [
            {
                "index": index,
                "status": "rejected" if index in outcome.rejected else "duplicate" if index in repeated else "accepted",
            }
            for index in range(number)
        ]
    return told
