"""Which achievement a row of a CSV is: the one with its ID, else the one with its name, else a new one.

Where a row stands in the file plays no part in it, so that rows can be sorted, added and left out.
"""

import base64
import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from achievements import play_console
from achievements.definitions import Achievement, Release, Status, Type
from achievements.play_console import KEPT_AS, Entry
from gamify_site.identifiers import SLUG

LONGEST_SLUG = 64
DIGEST_BYTES = 5  # eight letters: in one of 90,000 files with 5,000 names two have the same, and are refused
NAMELESS = "achievement"
MEANT: Sequence[Status] = ("published", "draft", "archived")  # of several with one name the published one


@dataclass(frozen=True, slots=True)
class Known:
    """What a row can refer to: an achievement, one of its tiers, or its tiers together (no `release`)."""

    achievement: Achievement
    release: Release | None

    @property
    def slug(self) -> str:
        """Return its slug."""
        return self.release.slug if self.release else self.achievement.slug

    @property
    def name(self) -> str:
        """Return its name as files spell it."""
        return play_console.without_commas(self.release.name if self.release else self.achievement.name)


class Catalog:
    """The existing achievements, by ID and by name, and the slugs that one file adds to them."""

    def __init__(self, achievements: Iterable[Achievement], entries: Iterable[Entry]) -> None:
        """Read the whole file first: if two names would get the same slug, neither gets it."""
        self._by_id: dict[str, dict[str, Known]] = defaultdict(dict)
        self._by_name: dict[str, dict[str, Known]] = defaultdict(dict)
        self._names: dict[str, set[str]] = defaultdict(set)
        self._given: set[str] = set()
        for achievement in achievements:
            self._add(achievement)
        for entry in entries:
            self._names[_plain_slug(_key(entry.name))].add(_key(entry.name))
            if SLUG.fullmatch(entry.id):
                self._given.add(entry.id)

    def find(self, entry: Entry) -> Known | None:
        """Find what an entry refers to; None if it is new. Raises `ValidationError` if that is ambiguous."""
        with_id = list(self._by_id.get(entry.id, {}).values())
        found = with_id or _meant(entry.name, list(self._by_name.get(_key(entry.name), {}).values()))
        told = {"slugs": ", ".join(sorted(known.slug for known in found))}
        if len(found) > 1:
            reason = _("It could be any of %(slugs)s. Say which one by its slug in a column ID.")
            raise ValidationError({"id" if with_id else "name": reason % told})
        if found and not with_id and not _may_get(found[0].achievement, entry.id):
            raise ValidationError({"id": _("%(slugs)s has this name, and another ID.") % told})
        return found[0] if found else None

    def new_slug(self, entry: Entry) -> str:
        """Return the slug of a new achievement: its ID if that is a slug, else one made from its name.

        Where a slug cannot hold all letters of the name, or another name has it, eight letters at the end tell them
        apart. They come from the name, so that it gives the same slug again. Raises `ValidationError`.
        """
        if SLUG.fullmatch(entry.id):
            return entry.id
        key = _key(entry.name)
        plain = _plain_slug(key)
        if plain and plain not in self._by_id and plain not in self._given and len(self._names[plain]) == 1:
            return plain
        digest = _digest(key)
        base = slugify(key)[: LONGEST_SLUG - 1 - len(digest)].strip("-_") or NAMELESS
        slug = f"{base}-{digest}"
        if slug in self._by_id:  # made of this name once, and called otherwise since
            reason = _("%(slug)s had this name once. Say in a column ID whether it is that one.")
            raise ValidationError({"name": reason % {"slug": slug}})
        return slug

    def _add(self, achievement: Achievement) -> None:
        parts: list[Release | None] = [*achievement.releases(), *([None] if achievement.tiers else [])]
        for known in (Known(achievement, release) for release in parts):
            self._by_name[_key(known.name)][known.slug] = known
            self._by_id[known.slug][known.slug] = known
            kept = play_console.kept_id(achievement)
            if kept and not achievement.tiers:
                self._by_id[kept][known.slug] = known


def made(entry: Entry, slug: str, *, category: str, status: Status) -> Achievement:
    """Make a new achievement from an entry: a counter if it is incremental, else a milestone."""
    return Achievement(
        slug=slug,
        name=entry.name,
        description=entry.description,
        type="milestone" if entry.steps is None else "counter",
        action=slug.replace("-", "_"),
        target=1 if entry.steps is None else entry.steps,
        points=entry.points,
        category=category,
        hidden=entry.hidden,
        metadata=_with_id({}, entry.id),
        status=status,
        position=entry.position or 0,
    )


def changed(entry: Entry, known: Known) -> Achievement | None:
    """Return the achievement changed as an entry says; None for a tier that stays as it is.

    Raises `ValidationError` for a tier that does not.
    """
    before = known.achievement
    if known.release is None or before.tiers:
        _check_tier(entry, known)
        return None
    there = play_console.entry(before, known.release)
    target = 1 if entry.steps is None else entry.steps
    return replace(
        before,
        name=before.name if entry.name == there.name else entry.name,
        description=before.description if entry.description == there.description else entry.description,
        type=before.type if target == before.target else _type(before.type, entry),
        target=target,
        hidden=entry.hidden,
        points=entry.points,
        position=before.position if entry.position is None else entry.position,
        metadata=_with_id(before.metadata, entry.id),
    )


def _check_tier(entry: Entry, known: Known) -> None:
    """Refuse a row that would change a tier: rows of several tiers could contradict each other."""
    if known.release:
        there = play_console.entry(known.achievement, known.release)
        position = there.position if entry.position is None else entry.position or None
        steps = entry.steps if entry.steps != 1 else None
        if replace(entry, position=position, steps=steps, id=entry.id or there.id) == there:
            return
    reason = _("%(slug)s has tiers. Change it in its form, or by a JSON file.")
    raise ValidationError({"tiers": reason % {"slug": known.achievement.slug}})


def _type(before: Type, entry: Entry) -> Type:
    """Return the type that can have these steps."""
    if entry.steps is None:
        return "milestone"
    return "counter" if before == "milestone" else before


def _with_id(metadata: Mapping[str, Any], identifier: str) -> Mapping[str, Any]:
    """Return the metadata with Play Console's id; a slug is not kept there."""
    return metadata if not identifier or SLUG.fullmatch(identifier) else {**metadata, KEPT_AS: identifier}


def _may_get(achievement: Achievement, identifier: str) -> bool:
    """Return whether a row with an unknown ID may mean this achievement, which has its name."""
    kept = "" if achievement.tiers else play_console.kept_id(achievement)
    return not identifier or not (kept or SLUG.fullmatch(identifier))


def _meant(name: str, found: Sequence[Known]) -> list[Known]:
    """Return the most likely matches: same spelling first, then those that an export contains, then by status."""
    ranks = [(it.name != name, it.release is None, MEANT.index(it.achievement.status)) for it in found]
    return [known for known, rank in zip(found, ranks, strict=True) if rank == min(ranks)]


def _key(name: str) -> str:
    """Return the key that all spellings of a name share: case, composition and spaces do not matter."""
    written = play_console.without_commas(unicodedata.normalize("NFC", name))
    return " ".join(written.casefold().split())


def _plain_slug(key: str) -> str:
    """Return the slug made from a name; empty if letters would be lost."""
    slug = slugify(key)
    letters = filter(str.isalnum, unicodedata.normalize("NFC", key))
    is_lossy = not all(unicodedata.normalize("NFKD", letter).encode("ascii", "ignore") for letter in letters)
    return "" if is_lossy or not SLUG.fullmatch(slug) else slug


def _digest(key: str) -> str:
    """Return eight letters and digits that identify this name."""
    digest = hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=DIGEST_BYTES).digest()
    return base64.b32encode(digest).decode().lower()
