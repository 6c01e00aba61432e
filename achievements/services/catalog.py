"""Definitions of achievements: written by designers, read by everything else."""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from achievements.definitions import Achievement, Release
from achievements.errors import EditedMeanwhile, UnknownAchievement
from achievements.services import limits
from gamify_site import audit, clock
from gamify_site.store import catalog

KIND = "achievement"

_remembered: dict[str, tuple[Mapping[str, str], Achievement]] = {}


def define(achievement: Achievement, *, by: str = "", reason: str = "", expected: int | None = None) -> Achievement:
    """Creates or replaces a definition and gives it with its new revision; it holds for every event from then on.

    What players have already reached is theirs after `backfill.recompute`. Where `by` is given the change is in the
    audit log; with `expected`, the revision that was edited (0: none), an edit by somebody else in between is not
    overwritten: `EditedMeanwhile`. Raises `ValidationError` with the field: a reason that is no text, a prerequisite
    that is not there, a cycle of them (the path is named), a tier that is spelled like another achievement, a change
    of what players' progress is kept by, or one definition more than `limits` allow. Cost: 3 round trips.
    """
    reason = audit.check_reason(reason, least=0)
    made: list[Achievement] = []

    def make() -> catalog.Change:
        before = _all().get(achievement.slug)
        if expected is not None and expected != (before.revision if before else 0):
            raise EditedMeanwhile(achievement.slug)
        check(achievement, before, owners(_all().values()))
        saved = replace(achievement, revision=before.revision + 1 if before else 1)
        made.append(saved)
        return _change(before, saved, by, reason)

    catalog.change(KIND, achievement.slug, make)
    return made[-1]


def check(achievement: Achievement, before: Achievement | None, known: Mapping[str, Achievement]) -> None:
    """Raises `ValidationError` with the field where a definition cannot take the place of `before` beside others.

    `known` says whose each slug and release is, as `owners` does; those of the achievement itself may be among them.
    No round trip.
    """
    if before is not None and before.status != "draft":
        _check_kept(before, achievement)
    _check_names(achievement, known)
    _check_prerequisites(achievement, known)
    limits.check(achievement, before, known)


def owners(achievements: Iterable[Achievement]) -> dict[str, Achievement]:
    """Whose each slug and each release is. No round trip."""
    return {name: item for item in achievements for name in names(item)}


def names(achievement: Achievement) -> set[str]:
    """All that nothing else may be called: its slug and its releases."""
    return {achievement.slug, *(release.slug for release in achievement.releases())}


def _change(before: Achievement | None, after: Achievement, by: str, reason: str) -> catalog.Change:
    fields = after.to_fields()
    at = int(clock.now().timestamp() * 1000)
    revision = json.dumps({"fields": fields, "at": at, "by": by, "reason": reason}, sort_keys=True)
    old = before.to_fields() if before else {}
    entry = audit.Entry("achievement_saved", after.slug, by, reason, *audit.changed(old, fields))
    return catalog.Change(fields, revision, entry.to_fields() if by else {})


def get(slug: str) -> Achievement:
    """The definition, a draft too. Raises `UnknownAchievement`. No round trip; one where it is not known here yet."""
    if slug not in _all():
        catalog.follow()
    try:
        return _all()[slug]
    except KeyError:
        raise UnknownAchievement(slug) from None


def all(category: str | None = None) -> list[Achievement]:  # noqa: A001  (the public name)
    """All definitions, drafts and archived too, by category, position and name. No round trip, as `get`."""
    found = catalog.derived("ordered achievements", lambda: sorted(_all().values(), key=_place))
    return [item for item in found if category is None or item.category == category]


def _place(item: Achievement) -> tuple[str, int, str, str]:
    return item.category, item.position, item.name.casefold(), item.slug


def archive(slug: str, *, by: str = "") -> Achievement:
    """Keeps an achievement for those who have it; nobody new unlocks it. Raises `UnknownAchievement`."""
    return define(replace(get(slug), status="archived"), by=by)


def delete(slug: str, *, by: str = "") -> None:
    """Removes a draft that nothing waits for. Raises `UnknownAchievement`, `ValidationError`. Three round trips."""

    def make() -> catalog.Change:
        achievement = get(slug)
        if achievement.status != "draft":
            raise ValidationError({"status": _("What has been published can only be archived.")})
        releases = {release.slug for release in achievement.releases()}
        waiting = [other.slug for other in _all().values() if releases & set(other.prerequisites)]
        if waiting:
            raise ValidationError({"slug": _("%(others)s waits for it.") % {"others": ", ".join(sorted(waiting))}})
        entry = audit.Entry("achievement_deleted", slug, by, before=achievement.to_fields())
        return catalog.Change({}, entry=entry.to_fields() if by else {})

    catalog.change(KIND, slug, make)


def find(slug: str) -> Achievement:
    """The achievement with this slug, or the one that a release such as `slayer_gold` belongs to.

    Raises `UnknownAchievement`. No round trip, as `get`.
    """
    if slug not in _owners():
        catalog.follow()
    try:
        return _owners()[slug]
    except KeyError:
        raise UnknownAchievement(slug) from None


def _owners() -> Mapping[str, Achievement]:
    return catalog.derived("owners", lambda: owners(_all().values()))


def categories() -> Mapping[str, str]:
    """What metas count: release → category, of all but drafts and metas. No round trip, as `get`."""
    return catalog.derived(
        "categories",
        lambda: {
            release.slug: item.category
            for release, item in _releases(_all())
            if item.type != "meta" and item.status != "draft"
        },
    )


def _all() -> Mapping[str, Achievement]:
    return catalog.derived(
        "achievements",
        lambda: {slug: _made(slug, fields) for slug, fields in catalog.definitions(KIND).items()},
    )


def _made(slug: str, fields: Mapping[str, str]) -> Achievement:
    """The definition; made anew where its fields have been. Else 5,000 saves would make 5,000 definitions each."""
    known = _remembered.get(slug)
    if known is None or known[0] is not fields:
        known = _remembered[slug] = fields, Achievement.from_fields(fields)
    return known[1]


def _releases(achievements: Mapping[str, Achievement]) -> Iterator[tuple[Release, Achievement]]:
    for achievement in achievements.values():
        for release in achievement.releases():
            yield release, achievement


def _check_kept(before: Achievement, after: Achievement) -> None:
    """What has been published keeps what players' progress is stored by."""
    if after.status == "draft":
        raise ValidationError({"status": _("What has been published can only be archived.")})
    if after.type != before.type:
        raise ValidationError({"type": _("What has been published keeps its type. Archive it and make another one.")})
    if after.type == "streak" and after.action != before.action:
        raise ValidationError({"action": _("A published streak keeps its action: players' days are kept by it.")})
    if after.items[: len(before.items)] != before.items:
        raise ValidationError(
            {"items": _("Items of a published collection stay as they are; add new ones at the end.")}
        )
    gone = {tier.level for tier in before.tiers} - {tier.level for tier in after.tiers}
    if gone:
        raise ValidationError(
            {"tiers": _("Tiers that have been published stay: %(levels)s.") % {"levels": ", ".join(sorted(gone))}}
        )


def _check_names(achievement: Achievement, known: Mapping[str, Achievement]) -> None:
    for name in sorted(names(achievement)):
        other = known.get(name, achievement).slug
        if other != achievement.slug:
            field = "slug" if name == achievement.slug else "tiers"
            raise ValidationError({field: _("%(slug)s is taken by %(other)s.") % {"slug": name, "other": other}})


def _check_prerequisites(achievement: Achievement, known: Mapping[str, Achievement]) -> None:
    for slug in achievement.prerequisites:
        owner = known.get(slug)
        if owner is None or owner.slug == achievement.slug:
            raise ValidationError({"prerequisites": _("There is no achievement %(slug)s.") % {"slug": slug}})
        if slug == owner.slug and owner.tiers:
            raise ValidationError(
                {"prerequisites": _("%(slug)s has tiers; name one of them, such as %(slug)s_…") % {"slug": slug}}
            )
        path = _path_back(achievement.slug, owner, known)
        if path:
            raise ValidationError(
                {"prerequisites": _("They wait for each other: %(path)s.") % {"path": " → ".join(path)}}
            )


def _path_back(target: str, start: Achievement, known: Mapping[str, Achievement]) -> list[str]:
    """The shortest way along prerequisites from `target` over `start` back to `target`; empty where there is none."""
    came_from = {start.slug: target}
    waiting = deque([start])
    while waiting:
        item = waiting.popleft()
        for slug in item.prerequisites:
            owner = known.get(slug)
            if owner is None or owner.slug == target:  # None: a tier that the definition at hand no longer has
                return _walked(came_from, item.slug, target)
            if owner.slug not in came_from:
                came_from[owner.slug] = item.slug
                waiting.append(owner)
    return []


def _walked(came_from: Mapping[str, str], last: str, target: str) -> list[str]:
    path = [target, last]
    while path[-1] != target:
        path.append(came_from[path[-1]])
    return path[::-1]
