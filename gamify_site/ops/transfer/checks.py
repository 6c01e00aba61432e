"""Checks of what a line says; each gives the value back, or raises `Wrong` with where and why."""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError

from gamify_site.identifiers import PLAYER_ID, SLUG
from leaderboards import windows
from leaderboards.definitions import EXACT
from leaderboards.services import boards

LATEST = 32_503_680_000  # seconds: the year 3000
LATEST_MS = 1000 * LATEST
STREAM_ID = re.compile(r"(\d{1,15})-(\d{1,15})")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
NUMBER = re.compile(r"0|[1-9]\d{0,15}")
FIRST_YEAR, LAST_YEAR = windows.FIRST_YEAR - 1, windows.LAST_YEAR + 1  # by the clocks of other timezones
SUFFIX = re.compile(r"all|\d{4}-\d{2}-\d{2}|\d{4}-W\d{2}|\d{4}-\d{2}|season-[a-z0-9][a-z0-9_-]{0,63}")
LONGEST_TEXT = 10_000
SHOWN = 60  # characters of a wrong value that an error shows


class Wrong(ValueError):
    """Something in a line that cannot be imported."""


def wrong(what: str, value: object, why: str) -> Wrong:
    """The error for a value."""
    shown = ascii(value)
    return Wrong(f"{what}: {shown if len(shown) <= SHOWN else f'{shown[:SHOWN]}…'} {why}")


def fields(thing: object, needed: Collection[str], optional: Collection[str] = ()) -> dict[str, Any]:
    """An object that has all these fields and no others."""
    if not isinstance(thing, dict):
        raise wrong("the line", thing, "is no object")
    for name in thing:
        if name not in needed and name not in optional:
            raise wrong("the line", name, "is no field of it")
    for name in needed:
        if name not in thing:
            raise Wrong(f"the line has no field {name}")
    return thing


def mapping(what: str, value: object) -> dict[str, Any]:
    """An object with whatever fields."""
    if not isinstance(value, dict):
        raise wrong(what, value, "is no object")
    return value


def listed(what: str, value: object, most: int) -> list[Any]:
    """A list."""
    if not isinstance(value, list) or len(value) > most:
        raise wrong(what, value, f"is no list of at most {most}")
    return value


def whole(what: str, value: object, least: int, most: int) -> int:
    """A whole number; true and false are none."""
    if type(value) is not int or not least <= value <= most:
        raise wrong(what, value, f"is no whole number from {least} to {most}")
    return value


def text(what: str, value: object, longest: int = LONGEST_TEXT) -> str:
    """A text that UTF-8 can write."""
    if not isinstance(value, str) or len(value) > longest:
        raise wrong(what, value, f"is no text of at most {longest} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise wrong(what, value, "holds half a character") from None
    return value


def matching(what: str, value: object, pattern: re.Pattern[str], kind: str) -> str:
    """A text of a certain form, which `kind` says in words."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise wrong(what, value, f"is no {kind}")
    return value


def period(what: str, value: object) -> str:
    """A period as keys spell it: `all`, a day, week or month that there is, or `season-<slug>`."""
    found = matching(what, value, SUFFIX, "period")
    if not _is_period(found):
        raise wrong(what, value, "is no period")
    return found


@lru_cache(10_000)
def _is_period(suffix: str) -> bool:
    try:
        window, _ = windows.read_suffix(boards.BUILT_IN, suffix)  # days, weeks and months are those of any board
    except ValidationError:
        return False
    return window in ("all", "season") or FIRST_YEAR <= int(suffix[:4]) <= LAST_YEAR


def board_and_period(what: str, value: object) -> str:
    """A board, of which nobody asks whether it is there still, and a period: `<slug>:<period>`."""
    board, _, suffix = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not SLUG.fullmatch(board):
        raise wrong(what, value, "is no board and period")
    return f"{board}:{period(what, suffix)}"


def player_id(what: str, value: object) -> str:
    """A player id."""
    return matching(what, value, PLAYER_ID, "player id")


def slug(what: str, value: object) -> str:
    """A slug."""
    return matching(what, value, SLUG, "slug")


def known(what: str, value: object, among: Collection[str], kind: str) -> str:
    """One of the texts that the file has defined before."""
    if not isinstance(value, str) or value not in among:
        raise wrong(what, value, f"is no {kind} of this file")
    return value


def number(what: str, value: object, most: int = EXACT) -> int:
    """A whole number from 0 on that is spelled as a text."""
    if not isinstance(value, str) or not NUMBER.fullmatch(value) or int(value) > most:
        raise wrong(what, value, f"is no whole number from 0 to {most} as a text")
    return int(value)


def stream_id(what: str, value: object) -> tuple[int, int]:
    """An id of a stream's entry, `<ms>-<number>`, as the two numbers."""
    found = STREAM_ID.fullmatch(value) if isinstance(value, str) else None
    if found is None or found[0] == "0-0":
        raise wrong(what, value, "is no id of an entry")
    return int(found[1]), int(found[2])


def day(what: str, value: object) -> date:
    """A date, yyyy-mm-dd."""
    try:
        return date.fromisoformat(matching(what, value, DATE, "date"))
    except ValueError:
        raise wrong(what, value, "is no date") from None


def moment(what: str, value: object) -> datetime:
    """A time in ISO 8601 with its zone."""
    try:
        found = datetime.fromisoformat(text(what, value, 64))
    except ValueError:
        raise wrong(what, value, "is no time") from None
    if found.utcoffset() is None:
        raise wrong(what, value, "is a time without a zone")
    return found


def texts(what: str, value: object, longest: int = LONGEST_TEXT) -> Mapping[str, str]:
    """An object whose values are texts."""
    for name, it in mapping(what, value).items():
        text(what, name, 100)
        text(f"{what}, {name}", it, longest)
    return mapping(what, value)
