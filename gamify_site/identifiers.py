"""What names may look like. Checked before Redis is asked, with the field and the reason in the error."""

import re
from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_EVENT_ID_LENGTH = 128  # of an event or score, and of the key of a batch
PLAYER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@|-]{0,63}")
POINTS_BOARD = "achievement-points"  # the built-in board of the players' points
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def check_player_id(value: object, field: str = "player") -> str:
    """The player id, or a `ValidationError` at `field`."""
    if not isinstance(value, str) or not PLAYER_ID.fullmatch(value):
        reason = _("A player id has 1 to 64 letters, digits or _ . : @ | - and begins with a letter or digit.")
        raise ValidationError({field: ValidationError(reason, code="invalid")})
    return value


def check_username(value: str) -> str:
    """The name under which somebody makes an account, or a `ValidationError` at `username`.

    Stricter than a player id: what looks like the id of another platform belongs to whoever plays there.
    """
    if not USERNAME.fullmatch(value):
        reason = _("A username has 1 to 64 letters, digits, '_', '.' or '-', and begins with a letter or digit.")
        raise ValidationError({"username": ValidationError(reason, code="invalid")})
    return value


def check_slug(value: object, field: str = "slug") -> str:
    """The slug of a board, achievement or action, or a `ValidationError` at `field`."""
    if not isinstance(value, str) or not SLUG.fullmatch(value):
        reason = _("A slug has 1 to 64 lower-case letters, digits, '_' or '-', and begins with a letter or digit.")
        raise ValidationError({field: ValidationError(reason, code="invalid")})
    return value


@cache
def timezones() -> frozenset[str]:
    """The names of all timezones; kept, because listing them walks the whole tz database."""
    return frozenset(available_timezones())


def check_timezone(value: object, field: str = "timezone") -> str:
    """The name of a timezone, or a `ValidationError` at `field`."""
    if not isinstance(value, str) or value not in timezones():
        raise ValidationError({field: _("There is no such timezone; an example is Europe/Stockholm.")})
    return value


def is_event_id(value: object) -> bool:
    """Tell whether it may be the id of an event or score, or the key of a batch: printable, and not too long."""
    return isinstance(value, str) and 0 < len(value) <= MAX_EVENT_ID_LENGTH and value.isprintable()


def check_event_id(value: object, field: str = "id") -> None:
    """Raise `ValidationError` at the field where it is no such id."""
    if not is_event_id(value):
        raise ValidationError({field: f"Enter a text of 1 to {MAX_EVENT_ID_LENGTH} characters."})
