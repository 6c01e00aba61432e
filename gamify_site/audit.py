"""The audit log: who changed what, when, why, and how it was before and is after. Written by the services, once each.

What was changed is told by a word of `WHAT` and named by `subject`: a slug, a player id, the name of a key.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from gamify_site import clock, texts
from gamify_site.store import keys
from gamify_site.store.connection import ask, client, guarded

WHAT = (
    *("achievement_saved", "achievement_deleted", "board_saved", "board_deleted", "board_recounted"),
    *("granted", "revoked", "score_changed", "score_removed", "player_changed", "player_hidden", "player_shown"),
    *("player_deleted", "password_reset", "key_created", "key_revoked", "catalog_imported", "clock_moved"),
    *("tick_run", "logged_in", "login_failed", "password_changed", "promoted", "demoted", "key_refused"),
)
BY_STAFF = {
    *("granted", "revoked", "score_changed", "score_removed", "player_changed", "player_hidden", "player_shown"),
    *("password_reset", "promoted", "demoted"),
}
OF_PLAYERS = BY_STAFF | {"logged_in", "login_failed", "password_changed"}
# What is in the program's log too, and how loud.
LOGGED = {
    **dict.fromkeys(("logged_in", "password_changed", "password_reset", "promoted", "demoted"), logging.INFO),
    **dict.fromkeys(("player_changed", "player_deleted", "key_created", "key_revoked"), logging.INFO),
    **dict.fromkeys(("login_failed", "key_refused"), logging.WARNING),
}
MOST_ENTRIES = 100_000
MOST_OF_AN_ACCOUNT = 50
ACTIVITY_KEPT = 90 * 86_400  # seconds
STEP = 500
LONGEST_REASON = 500

Values = Mapping[str, Any]

logger = logging.getLogger("gamify.security")


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. `before` and `after` hold what is different, by name; either may be empty. `id` grows."""

    what: str
    subject: str
    by: str
    reason: str = ""
    before: Values = field(default_factory=dict)
    after: Values = field(default_factory=dict)
    at: datetime | None = None
    id: str = ""

    @property
    def changes(self) -> list[tuple[str, Any, Any]]:
        """What is different by name, as (name, before, after); None where there was, or is, nothing."""
        names = sorted({*self.before, *self.after})
        return [(name, self.before.get(name), self.after.get(name)) for name in names]

    def to_fields(self) -> dict[str, str]:
        """The entry as the stream holds it; the time is the program's."""
        return {
            "what": self.what,
            "subject": self.subject,
            "by": self.by,
            "reason": self.reason,
            "before": json.dumps(dict(self.before), default=str),
            "after": json.dumps(dict(self.after), default=str),
            "at": str(int(clock.now().timestamp() * 1000)),
        }


def record(*entries: Entry, owner: str = "") -> None:
    """Adds entries, also to the recent activity of an account that belongs to the player `owner`.

    Raises `StoreUnavailable`. One round trip.
    """
    with guarded():
        pipeline = client().pipeline(transaction=True)
        for entry in entries:
            pipeline.xadd(keys.audit(), entry.to_fields(), maxlen=MOST_ENTRIES)
            if owner:
                pipeline.xadd(keys.account_activity(owner), entry.to_fields(), maxlen=MOST_OF_AN_ACCOUNT)
                pipeline.expire(keys.account_activity(owner), ACTIVITY_KEPT)
        pipeline.execute()
    for entry in entries:
        log(entry)


def log(entry: Entry) -> None:
    """Write a line to the program's log about an entry that concerns who gets in; without reasons and values."""
    if entry.what in LOGGED:
        address = f" from {entry.after['address']}" if "address" in entry.after else ""
        logger.log(LOGGED[entry.what], "%s %s by %s%s", entry.what, entry.subject, entry.by, address)


def activity(owner: str, limit: int) -> list[Entry]:
    """Return what was recorded of a player's account, latest first. Raises `StoreUnavailable`. One round trip."""
    (found,) = ask([("xrevrange", keys.account_activity(owner), "+", "-", limit)])
    return [_entry(entry) for entry in found]


def changed(before: Values, after: Values) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both without what is the same in them."""
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    return {k: before[k] for k in names if k in before}, {k: after[k] for k in names if k in after}


def walk(matches: Callable[[Entry], bool], before: str = "") -> Iterator[Entry]:
    """Entries that match, latest first, older than the id `before`. One round trip for each 500 that are looked at."""
    end = f"({before}" if before else "+"
    while True:
        (found,) = ask([("xrevrange", keys.audit(), end, "-", STEP)])
        yield from (entry for entry in map(_entry, found) if matches(entry))
        if len(found) < STEP:
            return
        end = f"({found[-1][0].decode()}"


def forget(player: str) -> int:
    """Removes the entries about a player; gives how many. Two round trips, and one for each 500 entries of the log."""
    found = [entry.id for entry in walk(lambda entry: entry.what in OF_PLAYERS and entry.subject == player)]
    with guarded():
        client().unlink(keys.account_activity(player))
        if found:
            client().xdel(keys.audit(), *found)
    return len(found)


def pseudonym(player: str) -> str:
    """What the log calls a player who was deleted: whoever knows the id can tell, nobody else."""
    return sha256(player.encode()).hexdigest()[:12]


def check_reason(reason: str, *, least: int = 1) -> str:
    """The reason as it is kept, or a `ValidationError` at `reason`; with `least` 0 there may be none."""
    return texts.clean("reason", reason, least, LONGEST_REASON, lines=True)


def _entry(found: tuple[bytes, Mapping[bytes, bytes]]) -> Entry:
    fields = {name.decode(): value.decode() for name, value in found[1].items()}
    return Entry(
        what=fields["what"],
        subject=fields["subject"],
        by=fields["by"],
        reason=fields["reason"],
        before=json.loads(fields["before"]),
        after=json.loads(fields["after"]),
        at=datetime.fromtimestamp(int(fields["at"]) / 1000, UTC),
        id=found[0].decode(),
    )
