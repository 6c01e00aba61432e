"""What an achievement is: the definition that a designer writes, and the values that the services give back."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gamify_site import texts
from gamify_site.checks import check_integer
from gamify_site.identifiers import SLUG, check_slug

Type = Literal["counter", "milestone", "collection", "streak", "tiered", "meta"]
Measure = Literal["sum", "count", "max"]
Status = Literal["draft", "published", "archived"]

TYPES = ("counter", "milestone", "collection", "streak", "tiered", "meta")
MEASURES = ("sum", "count", "max")
STATUSES = ("draft", "published", "archived")
EXACT = 2**53 - 1
MOST_POINTS = 1000
LONGEST_NAME = 100
MOST_ITEMS = 500
MOST_TIERS = 10
MOST_FREEZES = 5
LONGEST_ITEM = 64
LONGEST_DESCRIPTION = 500
LONGEST_METADATA = 10_000


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of a tiered achievement; it is unlocked as `<slug>_<level>`, with points of its own."""

    level: str
    name: str
    target: int
    points: int


@dataclass(frozen=True, slots=True)
class Release:
    """Something that can be unlocked: an achievement, or one tier of it."""

    slug: str
    name: str
    target: int
    points: int


@dataclass(frozen=True, slots=True)
class Achievement:
    """The definition of one achievement. Making one that breaks a rule raises `ValidationError` with the field.

    `target` is the progress that unlocks; it is 1 for a milestone, the number of items for a collection, the last
    tier's for tiers. A meta achievement counts achievements, those of `counts` (a category) alone where it is set.
    `position` orders within the category, `revision` grows with every edit.
    """

    slug: str
    name: str
    description: str
    type: Type
    action: str | None
    target: int
    points: int
    category: str
    measure: Measure = "sum"
    icon: str = ""
    hidden: bool = False
    prerequisites: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    tiers: tuple[Tier, ...] = ()
    freezes: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    status: Status = "draft"
    counts: str | None = None
    position: int = 0
    revision: int = 1
    _releases: tuple[Release, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_slug(self.slug)
        check_slug(self.category, "category")
        self._clean_texts()
        if self.icon and not (SLUG.fullmatch(self.icon) or self.icon.startswith(("https://", "http://", "/"))):
            raise ValidationError(
                {"icon": _("Enter the name of an icon, or an address that begins with https:// or /.")}
            )
        for name, allowed in (("type", TYPES), ("measure", MEASURES), ("status", STATUSES)):
            if getattr(self, name) not in allowed:
                raise ValidationError({name: _("Choose one of %(allowed)s.") % {"allowed": ", ".join(allowed)}})
        check_integer("target", self.target, 1, EXACT)
        check_integer("points", self.points, 0, MOST_POINTS)
        check_integer("freezes", self.freezes, 0, MOST_FREEZES)
        check_integer("position", self.position, 0, 1_000_000)
        self._check_source()
        self._check_parts()
        object.__setattr__(self, "_releases", tuple(self._make_releases()))
        self._check_prerequisites()
        self._check_metadata()

    def _clean_texts(self) -> None:
        cleaned: dict[str, Any] = {
            "name": texts.clean("name", self.name, 1, LONGEST_NAME),
            "description": texts.clean("description", self.description, 0, LONGEST_DESCRIPTION),
            "icon": texts.clean("icon", self.icon, 0, 500),
            "items": tuple(texts.clean("items", item, 1, LONGEST_ITEM) for item in self.items),
            "tiers": tuple(replace(it, name=texts.clean("tiers", it.name, 1, LONGEST_NAME)) for it in self.tiers),
        }
        for name, value in cleaned.items():
            object.__setattr__(self, name, value)

    def _check_metadata(self) -> None:
        problem = ValidationError(
            {"metadata": _("Enter a JSON object of at most %(most)s characters.") % {"most": LONGEST_METADATA}}
        )
        if not isinstance(self.metadata, Mapping):
            raise problem
        try:
            text = json.dumps(dict(self.metadata), allow_nan=False)
        except (TypeError, ValueError):
            raise problem from None
        if len(text) > LONGEST_METADATA:
            raise problem

    def _make_releases(self) -> Iterator[Release]:
        if self.type != "tiered":
            yield Release(self.slug, self.name, self.target, self.points)
        for tier in self.tiers:
            yield Release(f"{self.slug}_{tier.level}", f"{self.name}: {tier.name}", tier.target, tier.points)

    def _check_source(self) -> None:
        if self.type == "meta":
            if self.action is not None:
                raise ValidationError({"action": _("A meta achievement counts achievements; it listens to no action.")})
            if self.counts is not None:
                check_slug(self.counts, "counts")
            return
        check_slug(self.action, "action")
        if self.counts is not None:
            raise ValidationError({"counts": _("Only a meta achievement counts a category.")})

    def _check_parts(self) -> None:
        if (self.type == "collection") != bool(self.items):
            raise ValidationError({"items": _("A collection needs items, and nothing else has them.")})
        if (self.type == "tiered") != bool(self.tiers):
            raise ValidationError({"tiers": _("A tiered achievement needs tiers, and nothing else has them.")})
        if self.freezes and self.type != "streak":
            raise ValidationError({"freezes": _("Only a streak has freezes.")})
        if self.type == "milestone" and self.target != 1:
            raise ValidationError({"target": _("A milestone's target is 1.")})
        if self.type == "collection":
            self._check_items()
        if self.type == "tiered":
            self._check_tiers()

    def _check_items(self) -> None:
        if len(set(self.items)) < len(self.items):
            raise ValidationError({"items": _("Each item must have a name of its own.")})
        if len(self.items) > MOST_ITEMS:
            raise ValidationError({"items": _("At most %(most)s items.") % {"most": MOST_ITEMS}})
        if self.target != len(self.items):
            raise ValidationError(
                {
                    "target": _("A collection's target is the number of its items, %(number)s.")
                    % {"number": len(self.items)}
                }
            )

    def _check_tiers(self) -> None:
        if len(self.tiers) > MOST_TIERS:
            raise ValidationError({"tiers": _("At most %(most)s tiers.") % {"most": MOST_TIERS}})
        for tier in self.tiers:
            check_integer("tiers", tier.target, 1, EXACT)
            check_integer("tiers", tier.points, 0, MOST_POINTS)
            if not SLUG.fullmatch(f"{self.slug}_{tier.level}"):
                raise ValidationError(
                    {
                        "tiers": _("“%(level)s” cannot be a level: %(slug)s_%(level)s is no slug.")
                        % {"level": texts.quoted(tier.level), "slug": self.slug}
                    }
                )
        targets = [tier.target for tier in self.tiers]
        if targets != sorted(set(targets)):
            raise ValidationError({"tiers": _("Each tier's target must be greater than the one before.")})
        if len({tier.level for tier in self.tiers}) < len(self.tiers):
            raise ValidationError({"tiers": _("Each tier needs a level of its own.")})
        if self.target != targets[-1]:
            raise ValidationError(
                {"target": _("The target is that of the last tier, %(target)s.") % {"target": targets[-1]}}
            )

    def _check_prerequisites(self) -> None:
        for slug in self.prerequisites:
            check_slug(slug, "prerequisites")
        if len(set(self.prerequisites)) < len(self.prerequisites):
            raise ValidationError({"prerequisites": _("Name each prerequisite once.")})
        if {self.slug, *(release.slug for release in self.releases())} & set(self.prerequisites):
            raise ValidationError({"prerequisites": _("%(slug)s cannot wait for itself.") % {"slug": self.slug}})

    def releases(self) -> tuple[Release, ...]:
        """What can be unlocked: the achievement itself, or each of its tiers, lowest first."""
        return self._releases

    def sentence(self) -> str:
        """The rule in words."""
        action = (self.action or "").replace("_", " ").replace("-", " ")
        said = {"n": number_format(self.target, force_grouping=True), "action": action, "category": self.counts}
        return self._rule() % said

    def _rule(self) -> str:
        target = self.target
        if self.type == "meta" and self.counts:
            return ngettext(
                "Unlock %(n)s achievement of %(category)s.", "Unlock %(n)s achievements of %(category)s.", target
            )
        if self.type == "meta":
            return ngettext("Unlock %(n)s achievement.", "Unlock %(n)s achievements.", target)
        if self.type == "milestone":
            return _("The first time counts: %(action)s.")
        if self.type == "collection":
            return ngettext("Find it: %(action)s.", "Collect all %(n)s items: %(action)s.", target)
        if self.type == "streak":
            return ngettext("%(n)s day: %(action)s.", "%(n)s days in a row: %(action)s.", target)
        return {
            "sum": _("%(n)s in total: %(action)s."),
            "count": _("%(n)s times: %(action)s."),
            "max": _("%(n)s at once: %(action)s."),
        }[self.measure]

    def to_fields(self) -> dict[str, str]:
        """The definition as a Redis hash: texts as they are, lists as JSON, unset fields left out."""
        stored = {name: str(getattr(self, name)) for name in _PLAIN if getattr(self, name) is not None}
        stored |= {name: json.dumps(list(getattr(self, name))) for name in ("prerequisites", "items")}
        stored["tiers"] = json.dumps([[tier.level, tier.name, tier.target, tier.points] for tier in self.tiers])
        stored["metadata"] = json.dumps(dict(self.metadata), sort_keys=True)
        stored["hidden"] = str(int(self.hidden))
        return stored

    @classmethod
    def from_fields(cls, stored: Mapping[str, str]) -> "Achievement":
        """The definition that `to_fields` wrote."""
        values: dict[str, Any] = {"action": None, **stored}
        for name in ("target", "points", "freezes", "position", "revision"):
            values[name] = int(values[name])
        values["prerequisites"] = tuple(json.loads(values["prerequisites"]))
        values["items"] = tuple(
            texts.mended(item) or str(index) for index, item in enumerate(json.loads(values["items"]))
        )
        values["name"] = texts.mended(values["name"]) or values["slug"]
        values["description"] = texts.mended(values["description"])
        values["tiers"] = tuple(
            Tier(level, texts.mended(name) or level, target, points)
            for level, name, target, points in json.loads(values["tiers"])
        )
        values["metadata"] = json.loads(values["metadata"])
        values["hidden"] = values["hidden"] == "1"
        return cls(**values)


_PLAIN = (
    *("slug", "name", "description", "type", "action", "target", "points", "category", "measure", "icon"),
    *("freezes", "status", "counts", "position", "revision"),
)


class _NoAmount(int):
    """The amount of an event sent without one: it counts as 1, but not as a score."""


NO_AMOUNT = _NoAmount(1)


@dataclass(frozen=True, slots=True)
class Event:
    """A fact that a game reports. Checked when it is recorded, so that one bad event does not spoil its batch.

    Without an `amount` it counts as 1, but boards of the best or the latest score take only one that was given.
    """

    player: str
    action: str
    amount: int = NO_AMOUNT
    value: int | float | Decimal | None = None
    item: str | int | None = None
    at: datetime | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Unlock:
    """A player has unlocked an achievement, or a tier as `<slug>_<level>`."""

    player: str
    achievement: str
    points: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch: counts, `rejected` as index → reason, the unlocks, and actions that nobody listens to.

    `skipped`: index → boards that took nothing of an event that counts, which has no score for them. `repeated` are the
    indexes of the duplicates.
    """

    accepted: int
    duplicates: int
    rejected: dict[int, str]
    skipped: dict[int, list[str]]
    unlocked: list[Unlock]
    no_listeners: list[str]
    repeated: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a player is. `progress` is capped at the target and 0 to 100 `percent` is rounded down."""

    achievement: str
    progress: int
    target: int
    percent: int
    unlocked: bool
    unlocked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProgressUpdate:
    """The progress after a change, and all that the change unlocked.

    `duplicate`: the id had counted before, so nothing was changed this time.
    """

    progress: Progress
    unlocked: list[Unlock]
    duplicate: bool


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One achievement as a player may see it. `holders` of `players` have it, for tiers the last one.

    Of a hidden one that the player does not have nothing is told but that it is there: `achievement` is None and
    `releases` is empty.
    """

    achievement: Achievement | None
    category: str
    status: Literal["locked", "unlocked", "hidden"]
    releases: tuple[Progress, ...]
    holders: int
    players: int


@dataclass(frozen=True, slots=True)
class StreakStatus:
    """A streak of days in the player's timezone. `expires_at` is when it is lost unless something is recorded."""

    current: int
    best: int
    active: bool
    recorded_today: bool
    expires_at: datetime | None
    freezes_left: int


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """What a player has of a collection; `missing` by name."""

    collected: tuple[str, ...]
    total: int
    missing: tuple[str, ...]
    complete: bool
