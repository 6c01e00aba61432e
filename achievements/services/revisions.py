"""What an achievement was before each edit, and how it becomes that again."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from achievements.definitions import Achievement
from achievements.services import catalog
from gamify_site import audit
from gamify_site.store import catalog as stored

NOT_OF_THE_RULE = {"revision", "position"}


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision: who made it, when and why, and what it changed, as (field, before, after) of the stored texts."""

    number: int
    at: datetime
    by: str
    reason: str
    achievement: Achievement
    changes: list[tuple[str, str | None, str | None]]


def history(slug: str) -> list[Revision]:
    """The revisions that are kept of an achievement, up to 200, latest first.

    Raises `UnknownAchievement`. One round trip.
    """
    catalog.get(slug)
    found: list[Revision] = []
    before: dict[str, str] = {}
    for number, text in sorted(stored.history(catalog.KIND, slug).items()):
        told = json.loads(text)
        fields = {name: value for name, value in told["fields"].items() if name not in NOT_OF_THE_RULE}
        changes = audit.Entry("", "", "", "", *audit.changed(before, fields)).changes
        at = datetime.fromtimestamp(told["at"] / 1000, UTC)
        found.append(Revision(number, at, told["by"], told["reason"], Achievement.as_stored(told["fields"]), changes))
        before = fields
    return found[::-1]


def find(slug: str, number: int) -> Revision:
    """One revision. Raises `UnknownAchievement`, `ValidationError` at `revision`. One round trip."""
    for revision in history(slug):
        if revision.number == number:
            return revision
    raise ValidationError({"revision": _("There is no revision %(number)s any more.") % {"number": number}})


def as_it_was(slug: str, number: int) -> Achievement:
    """The achievement as an earlier revision had it, with today's status and place; not saved yet. As `find`."""
    now = catalog.get(slug)
    today = {name: str(getattr(now, name)) for name in ("status", "position", "revision")}
    return Achievement.as_stored(find(slug, number).achievement.to_fields() | today)


def published_since(slugs: Collection[str]) -> dict[str, datetime]:
    """When each of some achievements was published first, as far as its kept revisions tell; others are left out.

    Raises `StoreUnavailable`. One round trip; O(revisions).
    """
    asked = sorted(set(slugs))
    found: dict[str, datetime] = {}
    for slug, kept in zip(asked, stored.histories(catalog.KIND, asked) if asked else [], strict=True):
        told = (json.loads(text) for _, text in sorted(kept.items()))
        first = next((it["at"] for it in told if it["fields"]["status"] == "published"), None)
        if first is not None:
            found[slug] = datetime.fromtimestamp(first / 1000, UTC)
    return found


def move(slug: str, step: int, *, by: str) -> None:
    """Moves an achievement within its category, `step` places down (up where negative); nothing beyond the ends.

    Raises `UnknownAchievement`. Three round trips for each achievement whose place changes.
    """
    moved = catalog.get(slug)
    order = [item.slug for item in catalog.all(moved.category)]
    place = order.index(slug)
    other = min(max(place + step, 0), len(order) - 1)
    order.insert(other, order.pop(place))
    for position, each in enumerate(order):
        item = catalog.get(each)
        if item.position != position:
            catalog.define(replace(item, position=position), by=by, expected=item.revision)
