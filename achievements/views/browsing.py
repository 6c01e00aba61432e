"""What of the catalog is asked for: search, filters with counts, and order, all of it in the address."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from achievements import wording
from achievements.definitions import CatalogEntry
from gamify_site import texts

LONGEST_SEARCH = 80
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter: what it is called, how many it would show, the address that chooses or undoes it."""

    label: str
    count: int
    url: str
    is_chosen: bool


class Described(NamedTuple):
    """An entry of the catalog, and its value for each filter."""

    entry: CatalogEntry
    traits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CatalogQuery:
    """A question to the catalog. What is not known, such as a category that is gone, simply finds nothing."""

    q: str = ""
    category: str = ""
    type: str = ""
    status: str = ""
    rarity: str = ""
    sort: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "CatalogQuery":
        """The query of a request's GET."""
        values = {field.name: texts.normal(given.get(field.name, ""))[:LONGEST_SEARCH] for field in fields(cls)}
        if values["sort"] not in wording.SORTS:
            values["sort"] = ""
        return cls(**values)

    @property
    def chosen(self) -> dict[str, str]:
        """The parameters that are not at their default."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if value}

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.chosen.keys() - {"sort"})

    def url(self, **changes: str) -> str:
        """The address of this query with some parameters changed."""
        text = urlencode(replace(self, **changes).chosen)
        return reverse("catalog") + (f"?{text}" if text else "")

    def select(self, described: Iterable[Described]) -> list[CatalogEntry]:
        """The entries that are asked for, in the order that is asked for."""
        found = [it.entry for it in self._fitting(described)]
        return sorted(found, key=_ORDERS[self.sort]) if self.sort else found

    def facets(self, described: Sequence[Described]) -> dict[str, list[Choice]]:
        """For each filter its values, with how many entries there would be if it were chosen."""
        return {name: self._choices(name, described) for name in wording.FACETS}

    def _fitting(self, described: Iterable[Described], without: str = "") -> Iterator[Described]:
        """What fits the search and all filters but one."""
        text = self.q.casefold()
        wanted = [(name, getattr(self, name)) for name in wording.FACETS if name != without and getattr(self, name)]
        for it in described:
            if (not text or text in _text(it.entry)) and all(it.traits[name] == value for name, value in wanted):
                yield it

    def _choices(self, name: str, described: Sequence[Described]) -> list[Choice]:
        counts = Counter(it.traits[name] for it in self._fitting(described, without=name))
        chosen = getattr(self, name)
        categories = sorted({it.entry.category for it in described})
        known = _LABELS[name] or {value: wording.category(value) for value in categories}
        return [
            Choice(str(label), counts[value], self.url(**{name: "" if value == chosen else value}), value == chosen)
            for value, label in known.items()
            if counts[value] or value == chosen
        ]


def describe(entry: CatalogEntry) -> Described:
    """An entry and what it can be filtered by. A hidden one has nothing but its category and that it is hidden."""
    if entry.achievement is None:
        return Described(entry, {"category": entry.category, "type": "hidden", "status": "hidden", "rarity": "hidden"})
    traits = {
        "category": entry.category,
        "type": entry.achievement.type,
        "status": status(entry),
        "rarity": wording.band(entry.holders, entry.players),
    }
    return Described(entry, traits)


def status(entry: CatalogEntry) -> str:
    """The state of an entry in one word: also whether anything has been done for it."""
    if entry.status == "locked" and any(release.progress for release in entry.releases):
        return "started"
    return entry.status


def _text(entry: CatalogEntry) -> str:
    it = entry.achievement
    return f"{it.name}\n{it.description}".casefold() if it else ""


def _next(entry: CatalogEntry) -> Any:
    return next((release for release in entry.releases if not release.unlocked), None)


def _by_distance(entry: CatalogEntry) -> tuple[int, int, int, str]:
    release = _next(entry)
    if release is None:
        return (2 if entry.achievement else 1), 0, 0, _text(entry)
    return 0, -release.percent, release.target - release.progress, _text(entry)


def _by_unlock(entry: CatalogEntry) -> tuple[float, str]:
    latest = max((release.unlocked_at or NEVER for release in entry.releases), default=NEVER)
    return -latest.timestamp() if latest > NEVER else 0, _text(entry)


def points(entry: CatalogEntry) -> int:
    """All points that an entry can give."""
    return sum(release.points for release in entry.achievement.releases()) if entry.achievement else 0


_ORDERS: dict[str, Callable[[CatalogEntry], Any]] = {
    "nearest": _by_distance,
    "rarest": lambda entry: (entry.achievement is None, entry.holders, _text(entry)),
    "newest": _by_unlock,
    "points": lambda entry: (-points(entry), _text(entry)),
    "name": lambda entry: (entry.achievement is None, _text(entry)),
}
_LABELS: dict[str, Mapping[str, Any]] = {
    "category": {},
    "type": wording.TYPES,
    "status": wording.STATUSES,
    "rarity": dict(reversed(wording.RARITY.items())),
}
