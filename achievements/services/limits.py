"""Limits that keep one script call short: how many achievements an event, or an unlock, may have to go through."""

from collections.abc import Callable, Iterable, Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from achievements.definitions import Achievement

# Of published achievements; drafts and archived ones listen to nothing.
MAX_LISTENERS = 200  # of one action; each tier is one
MAX_METAS = 50  # that count the same category, or all achievements
MAX_CHAIN = 50  # each of which waits for the one before
MAX_WAITING = 100  # for one of them, directly or not, so that one unlock may lead to all of them

Items = dict[str, Achievement]


def check(achievement: Achievement, before: Achievement | None, known: Mapping[str, Achievement]) -> None:
    """Raise `ValidationError` with the field where the definition goes beyond a limit that `before` did not touch.

    `known` are the other definitions by the names of what they unlock. No round trip; O(definitions).
    """
    if achievement.status != "published":
        return
    now = before if before and before.status == "published" else None
    if achievement.type == "meta":
        if now is None or now.counts != achievement.counts:
            _check_metas(achievement, known.values())
    elif now is None or now.action != achievement.action or len(now.tiers) < len(achievement.tiers):
        _check_listeners(achievement, known.values())
    if now is None or not set(achievement.prerequisites) <= set(now.prerequisites):
        _check_chain(achievement, known, has_dependents=before is not None)


def _check_listeners(achievement: Achievement, others: Iterable[Achievement]) -> None:
    listening = {it.slug: it for it in others if it.action == achievement.action and it.status == "published"}
    listening[achievement.slug] = achievement
    if sum(len(it.releases()) for it in listening.values()) > MAX_LISTENERS:
        reason = _("“%(action)s” can have %(number)s achievements at most, where each tier counts as one.")
        raise ValidationError({"action": reason % {"action": achievement.action, "number": MAX_LISTENERS}})


def _check_metas(achievement: Achievement, others: Iterable[Achievement]) -> None:
    metas = (it for it in others if it.type == "meta" and it.counts == achievement.counts)
    if _count(achievement, metas) >= MAX_METAS:
        reason = _("Already %(number)s metas count these achievements, which is the most.")
        raise ValidationError({"counts": reason % {"number": MAX_METAS}})


def _count(achievement: Achievement, others: Iterable[Achievement]) -> int:
    """Count the other achievements that are published, each once, however many tiers it has."""
    return len({it.slug for it in others if it.status == "published" and it.slug != achievement.slug})


def _check_chain(achievement: Achievement, known: Mapping[str, Achievement], *, has_dependents: bool) -> None:
    def needed_by(items: Items) -> Items:
        found = [known[name] for item in items.values() for name in item.prerequisites if name in known]
        return {item.slug: item for item in found if item.status == "published"}

    def waiting_for(items: Items) -> Items:
        return {item.slug: item for item in known.values() if item.status == "published" and waits(item, items)}

    def waits(item: Achievement, items: Items) -> bool:
        return any(name in known and known[name].slug in items for name in item.prerequisites)

    above = _steps(achievement, needed_by)
    below = _steps(achievement, waiting_for) if has_dependents else []
    if len(above) + 1 + len(below) > MAX_CHAIN:
        reason = _("A chain of prerequisites has at most %(most)s achievements, and this one would be longer.")
        raise ValidationError({"prerequisites": reason % {"most": MAX_CHAIN}})
    own = {achievement.slug}.union(*below)
    for needed in {slug: item for items in above for slug, item in items.items()}.values():
        if len(own.union(*_steps(needed, waiting_for))) > MAX_WAITING:
            reason = _("At most %(most)s achievements can wait for “%(slug)s”, directly or through others.")
            raise ValidationError({"prerequisites": reason % {"most": MAX_WAITING, "slug": needed.slug}})


def _steps(start: Achievement, following: Callable[[Items], Items]) -> list[Items]:
    """Return what is found step by step; no more than the limit, where definitions of one file form a circle."""
    steps: list[Items] = []
    items = following({start.slug: start})
    while items and len(steps) <= MAX_CHAIN:
        steps.append(items)
        items = following(items)
    return steps
