"""Definitions as plain JSON values by field name: what is exported, imported and compared.

Fields that are unset or as they would be anyway are left out, and so is the revision. What a field may hold is checked
by the definitions themselves; here only that each field is there, is known, and is of the right kind.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, asdict, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from achievements.definitions import Achievement, Tier
from gamify_site.texts import quoted
from leaderboards.definitions import Board, Season

Kind = Literal["board", "achievement"]
Definition = Board | Achievement
Document = dict[str, Any]

TYPES: Mapping[Kind, type[Definition]] = {"board": Board, "achievement": Achievement}
NOT_EXCHANGED = ("revision", "_releases")
LISTS = ("windows", "seasons", "prerequisites", "items", "tiers")


def write(definition: Definition) -> Document:
    """A definition as plain JSON values. `read` makes an equal one of them."""
    values = {field.name: getattr(definition, field.name) for field in _fields(type(definition))}
    if isinstance(definition, Board):
        values["floor"] = definition.from_units(definition.to_units(definition.floor, "floor"))
    defaults = {field.name: _default(field) for field in _fields(type(definition))}
    return {
        name: _plain(value) for name, value in values.items() if value is not None and not _is(value, defaults[name])
    }


def read(kind: Kind, document: object) -> Definition:
    """The definition that a document says. Raises `ValidationError` with the field."""
    if not isinstance(document, dict):
        raise ValidationError({"": _("Each definition must be an object: {…}.")})
    exchanged = _fields(TYPES[kind])
    needed = [field.name for field in exchanged if _default(field) is MISSING and field.name != "action"]
    _check_names(document, {field.name for field in exchanged}, needed)
    values: dict[str, Any] = {name: _read_list(name, it) if name in LISTS else it for name, it in document.items()}
    if kind == "board":
        return _board(values)
    if not isinstance(values.get("hidden", False), bool):
        raise ValidationError({"hidden": _("Write true or false.")})
    return Achievement(**{"action": None} | values)


def differences(before: Definition, after: Definition) -> tuple[str, ...]:
    """The names of the fields that are not the same, in the order of the definition."""
    was, now = write(before), write(after)
    found = [field.name for field in _fields(type(after))]
    return tuple(name for name in found if _text(was.get(name)) != _text(now.get(name)))


def _fields(kind: type[Definition]) -> list[Field[Any]]:
    return [field for field in fields(kind) if field.name not in NOT_EXCHANGED]


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _is(value: object, default: object) -> bool:
    return default is not MISSING and value == default


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Tier | Season):
        return {name: _plain(it) for name, it in asdict(value).items()}
    return str(value) if isinstance(value, date | Decimal) else value


def _text(value: object) -> str:
    """What tells 1, 1.0 and true apart, which Python does not."""
    return json.dumps(value, sort_keys=True)


def _check_names(document: Mapping[str, object], known: Collection[str], needed: Collection[str], at: str = "") -> None:
    """Unknown names are refused: a name that is misspelt must not be lost silently. `at` is where they are."""
    allowed = ", ".join(sorted(known))
    unknown = {
        at or name: _("There is no “%(name)s”. Allowed: %(allowed)s.") % {"name": name, "allowed": allowed}
        for name in (quoted(it) for it in document if it not in known)
    }
    missing = {at or name: _("“%(name)s” is missing.") % {"name": name} for name in needed if name not in document}
    if unknown or missing:
        raise ValidationError(missing | unknown)


def _read_list(name: str, value: object) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValidationError({name: _("Write a list: […].")})
    if name == "tiers":
        return tuple(Tier(**_part(name, it, Tier)) for it in value)
    if name == "seasons":
        return tuple(_season(_part(name, it, Season)) for it in value)
    return tuple(value)


def _part(name: str, value: object, kind: type[Tier] | type[Season]) -> Document:
    """An object within a list, with all names of its kind and no other; what is said in words is text."""
    known = {field.name: field.type for field in fields(kind)}
    if not isinstance(value, dict):
        raise ValidationError(
            {name: _("Each must be an object with %(allowed)s.") % {"allowed": ", ".join(sorted(known))}}
        )
    _check_names(value, known, known, at=name)
    for part, type_ in known.items():
        if type_ is not int and not isinstance(value[part], str):
            raise ValidationError({name: _("“%(name)s” must be a text.") % {"name": part}})
    return value


def _season(values: Document) -> Season:
    try:
        days = {name: date.fromisoformat(values[name]) for name in ("starts", "ends")}
    except ValueError:
        raise ValidationError({"seasons": _("Write days like 2026-11-01.")}) from None
    return Season(**values | days)


def _board(values: Document) -> Board:
    """A board; its floor as the board's numbers are stored, whichever way it was written."""
    board = Board(**values)
    return replace(board, floor=board.from_units(board.to_units(board.floor, "floor")))
