"""What the owner of an account sees of what happened to it, in words."""

from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from gamify_site import audit

MOST_SHOWN = 20
WORDS = {
    "logged_in": _("Logged in"),
    "login_failed": _("Log-in failed"),
    "password_changed": _("Password changed"),
    "password_reset": _("Password reset"),
    "promoted": _("Made staff"),
    "demoted": _("Staff rights removed"),
    "player_changed": _("Player changed"),
}


class Activity(NamedTuple):
    """One thing that happened: in words, when, and the address it came from or who did it."""

    what: str
    at: datetime | None
    source: str


def recent(player: str) -> list[Activity]:
    """Return the latest activity of a player's account, latest first. Raises `StoreUnavailable`. One round trip."""
    return [
        Activity(str(WORDS.get(entry.what, entry.what)), entry.at, entry.after.get("address", entry.by))
        for entry in audit.activity(player, MOST_SHOWN)
    ]
