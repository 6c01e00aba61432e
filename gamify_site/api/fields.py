"""The types of what is sent and asked for, with what their documents say of them."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from ninja import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    StrictInt,
    StringConstraints,
    Tag,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from gamify_site import identifiers
from gamify_site.audit import LONGEST_REASON

PLAYER_ID = f"^{identifiers.PLAYER_ID.pattern}$"
SLUG = f"^{identifiers.SLUG.pattern}$"
NOT_BLANK = r"\S"
COUNTRY = "^([A-Z]{2})?$"
PATTERN_REASONS = {NOT_BLANK: "Enter more than spaces", COUNTRY: "Enter two capital letters, such as SE, or nothing"}


MAX_INTEGER_DIGITS = 300  # a float holds as many, so that nothing that calculates with one overflows
# RFC 3339; Java leaves out seconds that are 0, and other programs the colon of the offset.
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


def _checked(check: Callable[[object], str]) -> Callable[[str], str]:
    """Return a validator that refuses what the check refuses, in words: a pattern says little to people."""

    def validate(value: str) -> str:
        try:
            return check(value)
        except ValidationError as error:
            raise PydanticCustomError("identifier", "{reason}", {"reason": " ".join(error.messages)}) from None

    return validate


def _pattern(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


def _whole(value: Any) -> Any:
    """5.0 is a whole number in JSON, which has one kind of numbers."""
    if isinstance(value, Decimal) and value.adjusted() < MAX_INTEGER_DIGITS and value == value.to_integral_value():
        return int(value)
    return value


def _number(value: Any) -> int | Decimal:
    """A number as `bodies.parse` reads it."""
    if type(value) in (int, Decimal):
        return value
    raise PydanticCustomError("number", "Input should be a valid number")


def _item(value: Any) -> str | int:
    """The item of a collection."""
    value = _whole(value)
    if type(value) in (str, int):
        return value
    raise PydanticCustomError("item", "Enter the name of an item, or its index")


def _moment(value: Any) -> datetime:
    """A time in the text of RFC 3339."""
    try:
        if isinstance(value, str) and MOMENT.fullmatch(value):
            return datetime.fromisoformat(value.upper())
    except ValueError:  # the 30th of February
        pass
    raise PydanticCustomError("moment", "Enter a time with its offset from UTC, such as 2026-11-28T12:00:00Z")


Whole = Annotated[StrictInt, BeforeValidator(_whole)]
Number = Annotated[int | Decimal, PlainValidator(_number), WithJsonSchema({"type": "number"})]
Item = Annotated[str | int, PlainValidator(_item), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}]})]
Moment = Annotated[datetime, PlainValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Score = Annotated[int | Decimal, WithJsonSchema({"type": "number"})]  # as it is answered
PlayerId = Annotated[str, AfterValidator(_checked(identifiers.check_player_id)), _pattern(PLAYER_ID)]
Slug = Annotated[str, AfterValidator(_checked(identifiers.check_slug)), _pattern(SLUG)]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=identifiers.MAX_EVENT_ID_LENGTH)]
Reason = Annotated[str, Field(min_length=1, description=f"1 to {LONGEST_REASON} characters")]
PlayerInPath = Annotated[PlayerId, Path(description="A player's id.")]
SlugInPath = Annotated[Slug, Path(description="A slug.")]


FORM = "form:"  # before the name of the field that tells one form of a body from another


def form(name: str) -> Tag:
    """Mark a form of a body: the one that has this field."""
    return Tag(f"{FORM}{name}")


def either(*names: str) -> Discriminator:
    """Choose the form of a body by the one of these fields that it has, so that errors speak of that form alone."""

    def choose(body: Any) -> str | None:
        found = [name for name in names if isinstance(body, dict) and name in body]
        return f"{FORM}{found[0]}" if len(found) == 1 else None

    return Discriminator(choose, custom_error_type="either", custom_error_message=f"Send either {' or '.join(names)}.")


class Strict(BaseModel):
    """A body: only the names that there are, and values of their own type."""

    model_config = ConfigDict(extra="forbid", strict=True)
