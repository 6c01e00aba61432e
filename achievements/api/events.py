"""Events over HTTP: what a game reports, up to 1,000 at a time."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic import ValidationError as SchemaError
from pydantic_core import to_json

from achievements.definitions import NO_AMOUNT, Event, Outcome
from achievements.services import events
from gamify_site.api import bodies, idempotency
from gamify_site.api.fields import Number, Whole
from gamify_site.api.guard import WRITE
from gamify_site.api.problems import Problem, of_schema
from gamify_site.ops import metrics
from leaderboards.api import WRITE_ERRORS

router = Router(tags=["Events"])

MOST_EVENTS = 1000


class EventIn(BaseModel):
    """A fact that a game reports. With an `id` it counts once, however often it is sent."""

    model_config = ConfigDict(extra="forbid", strict=True)

    player: str
    action: str
    amount: Whole = Field(default_factory=lambda: NO_AMOUNT)
    value: Number | None = None
    item: str | Whole | None = None
    at: AwareDatetime | None = None
    id: str | None = None


class EventsIn(BaseModel):
    """Events, applied in the order given."""

    model_config = ConfigDict(extra="forbid", strict=True)

    events: Annotated[list[EventIn], Field(max_length=MOST_EVENTS)]


class RejectedOut(Schema):
    """An event that was not applied: its index in the batch, and why."""

    index: int
    reason: str


class SkippedOut(Schema):
    """An event that counts, but for these boards, which take a `value` or an `amount` that is given."""

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


BATCH = TypeAdapter(EventsIn)
SCHEMA = EventsIn.model_json_schema()
SCHEMA["properties"]["events"]["items"] = SCHEMA.pop("$defs")["EventIn"]
EXTRA = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": SCHEMA}}},
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": False,
            "description": "The same batch may be sent again under this key and gets the same answer, for a day.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
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
    try:
        batch = BATCH.validate_json(bodies.read(request))  # one pass from bytes to values
    except SchemaError as error:
        bodies.check_json(error)
        return of_schema(error.errors(include_url=False, include_input=False, include_context=False))
    given = [_event(it) for it in batch.events]
    with idempotency.once(request) as key:
        outcome = events.record(given, idempotency_key=key)
    metrics.count_events(outcome)
    return HttpResponse(to_json(_answer(outcome, len(given), detail=detail)), content_type="application/json")


def _event(it: EventIn) -> Event:
    value = Decimal(str(it.value)) if isinstance(it.value, float) else it.value
    return Event(it.player, it.action, it.amount, value, it.item, it.at, it.id)


def _answer(outcome: Outcome, number: int, *, detail: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "accepted": outcome.accepted,
        "duplicates": outcome.duplicates,
        "rejected": [{"index": index, "reason": reason} for index, reason in outcome.rejected.items()],
        "skipped": [{"index": index, "boards": boards} for index, boards in outcome.skipped.items()],
        "unlocked": [
            {"player": it.player, "achievement": it.achievement, "points": it.points} for it in outcome.unlocked
        ],
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
