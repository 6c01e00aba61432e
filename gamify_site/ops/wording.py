"""What the audit log is called on pages: kinds of changes, what was changed, and its values before and after."""

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from achievements import wording as achievements
from gamify_site.audit import OF_PLAYERS, Entry
from gamify_site.players import activity
from leaderboards import wording as leaderboards

Kind = Literal["achievement", "board", "player", ""]

WHAT = {
    "achievement_saved": gettext_lazy("Achievement saved"),
    "achievement_deleted": gettext_lazy("Achievement deleted"),
    "board_saved": gettext_lazy("Board saved"),
    "board_deleted": gettext_lazy("Board deleted"),
    "board_recounted": gettext_lazy("Board recounted"),
    "catalog_imported": gettext_lazy("Achievements imported"),
    "granted": gettext_lazy("Achievement granted"),
    "revoked": gettext_lazy("Achievement revoked"),
    "score_changed": gettext_lazy("Score changed"),
    "score_removed": gettext_lazy("Score removed"),
    "player_hidden": gettext_lazy("Player hidden"),
    "player_shown": gettext_lazy("Player shown again"),
    "player_deleted": gettext_lazy("Player deleted"),
    "key_created": gettext_lazy("API key created"),
    "key_revoked": gettext_lazy("API key revoked"),
    "clock_moved": gettext_lazy("Clock moved"),
    "tick_run": gettext_lazy("What was due has been done"),
    "key_refused": gettext_lazy("API key refused"),
    **activity.WORDS,
}


class Group(NamedTuple):
    """Kinds of changes that one looks for together."""

    name: Promise
    all: Promise
    words: tuple[str, ...]


GROUPS = {
    "definitions": Group(
        gettext_lazy("Definitions"),
        gettext_lazy("All definitions"),
        (
            *("achievement_saved", "achievement_deleted", "board_saved", "board_deleted", "board_recounted"),
            "catalog_imported",
        ),
    ),
    "unlocks": Group(gettext_lazy("Unlocks"), gettext_lazy("All unlocks"), ("granted", "revoked")),
    "scores": Group(gettext_lazy("Scores"), gettext_lazy("All scores"), ("score_changed", "score_removed")),
    "players": Group(
        gettext_lazy("Players"),
        gettext_lazy("All about players"),
        ("player_changed", "player_hidden", "player_shown", "player_deleted"),
    ),
    "accounts": Group(
        gettext_lazy("Accounts"),
        gettext_lazy("All about accounts"),
        ("logged_in", "login_failed", "password_changed", "password_reset", "promoted", "demoted"),
    ),
    "keys": Group(gettext_lazy("Keys"), gettext_lazy("All keys"), ("key_created", "key_revoked", "key_refused")),
    "other": Group(gettext_lazy("Other"), gettext_lazy("All other"), ("clock_moved", "tick_run")),
}
FIELDS = {
    "achievement": gettext_lazy("Achievement"),
    "board": gettext_lazy("Board"),
    "score": gettext_lazy("Score"),
    "name": gettext_lazy("Name"),
    "scope": gettext_lazy("Scope"),
    "wrong": gettext_lazy("Entries that were wrong"),
    "new": gettext_lazy("New"),
    "changed": gettext_lazy("Changed"),
    "days ahead": gettext_lazy("Days ahead"),
    "closed": gettext_lazy("Periods closed"),
    "left": gettext_lazy("Players who left the boards"),
    "counted": gettext_lazy("Days counted"),
    "address": gettext_lazy("Address"),
}
NOT_TOLD = {"revision"}  # a number that says nothing
OF_DEFINITIONS: dict[str, tuple[Callable[[str], str], Callable[[str, str | None], str]]] = {
    "achievement_saved": (achievements.field, achievements.stored_value),
    "achievement_deleted": (achievements.field, achievements.stored_value),
    "board_saved": (leaderboards.field, leaderboards.stored_value),
    "board_deleted": (leaderboards.field, leaderboards.stored_value),
}


def what(word: str) -> str:
    """What a kind of change is called; its own word where it has no other."""
    return str(WHAT.get(word, word))


def kind(word: str) -> Kind:
    """What the subject of such a change is, where there is a page for it."""
    if word.startswith("achievement_"):
        return "achievement"
    if word.startswith("board_"):
        return "board"
    return "player" if word in OF_PLAYERS else ""


def changes(entry: Entry) -> list[tuple[str, str, str]]:
    """What is different in words, as (name, before, after); what was not set and is not is left out."""
    field, value = OF_DEFINITIONS.get(entry.what, (_field, _value))
    told = [
        (field(name), _told(value, name, before), _told(value, name, after))
        for name, before, after in entry.changes
        if name not in NOT_TOLD
    ]
    return [(name, before, after) for name, before, after in told if (before, after) != ("-", "-")]


def _told(tell: Callable[[str, Any], str], name: str, value: Any) -> str:
    if value is not None and not isinstance(value, str):
        return _value(name, value)
    try:
        return tell(name, value)
    except (ValueError, TypeError, KeyError):  # the log outlives the way in which definitions are stored
        return str(value)


def _field(name: str) -> str:
    return str(FIELDS.get(name, name))


def _value(name: str, value: Any) -> str:
    if value in (None, ""):
        return "-"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return leaderboards.number(value)
    if name == "score":
        return _score(str(value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _score(text: str) -> str:
    """A score of a board with decimals, which the log holds as text."""
    try:
        return leaderboards.number(Decimal(text))
    except InvalidOperation:
        return text
