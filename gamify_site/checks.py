"""Checks of plain values that definitions share; each raises `ValidationError` with the field."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

T = TypeVar("T")


def check_integer(field: str, value: object, least: int, most: int) -> None:
    """A whole number from `least` to `most`; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValidationError(
            {field: _("Enter a whole number from %(least)s to %(most)s.") % {"least": least, "most": most}}
        )


def unchecked(kind: type[T], values: Mapping[str, Any]) -> T:
    """Make a definition of values that were stored under older rules, without its checks."""
    made = object.__new__(kind)
    for field in fields(kind):  # type: ignore[arg-type]
        default = field.default if field.default_factory is MISSING else field.default_factory()
        object.__setattr__(made, field.name, values.get(field.name, default))
    return made


def problem_of(definition: Any) -> str:
    """Return which of today's rules a definition breaks that was stored under older ones; empty if none."""
    try:
        replace(definition)
    except ValidationError as error:
        return "; ".join(f"{field}: {' '.join(why)}" for field, why in error.message_dict.items())
    return ""
