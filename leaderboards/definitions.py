"""What a board is: the definition that a designer writes, and the values that the services give back.

Redis keeps one number per player and ranked set, the *order value*: greater is better, always.

    order value = sign x score x 2^tie_bits + tie part

`sign` is -1 on ascending boards, the score is in the board's smallest unit, and the tie part is 0 where equal scores
share a rank. All of it are exact integers within the 2^53 that a double, and so a sorted set, can tell apart.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from itertools import pairwise
from typing import Any, Literal, cast

from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from gamify_site import texts
from gamify_site.checks import check_integer
from gamify_site.identifiers import POINTS_BOARD, check_slug, check_timezone

Combine = Literal["sum", "best", "last"]
Order = Literal["desc", "asc"]
Ties = Literal["shared", "dense", "earliest", "unlocks"]

EXACT = 2**53 - 1  # the greatest integer up to which doubles tell all integers apart (IEEE 754 binary64)
TIE_BITS = {"shared": 0, "dense": 0, "earliest": 31, "unlocks": 12}  # 2^31 seconds: from 2020 to January 2088
WINDOWS = ("all", "day", "week", "month", "season")
SEGMENT_FIELDS = ("region", "country", "team")
MOST_DECIMALS = 4
MAX_MAGNITUDE = 10**40  # of a number that is read at all, far beyond every board
MAX_DIGITS = 45  # of such a number when it is rounded to a board's decimals
MOST_ENTRIES = 10_000_000
LONGEST_NAME = 80
LONGEST_DESCRIPTION = 500
LONGEST_RETENTION = 3650
SHORTEST_RETENTION = 8  # days: events may come in 7 days late, and a period is closed after that

CHOICES: dict[str, tuple[str, ...]] = {
    "combine": ("sum", "best", "last"),
    "order": ("desc", "asc"),
    "ties": ("shared", "dense", "earliest", "unlocks"),
}


@dataclass(frozen=True, slots=True)
class Season:
    """A named span of days in the board's timezone; `ends` is the first day after it."""

    slug: str
    name: str
    starts: date
    ends: date

    def __post_init__(self) -> None:
        check_slug(self.slug, "seasons")
        object.__setattr__(self, "name", texts.clean("seasons", self.name, 1, LONGEST_NAME))
        if not self.starts < self.ends:
            raise ValidationError({"seasons": _("Season %(slug)s: it must end after it starts.") % {"slug": self.slug}})


@dataclass(frozen=True, slots=True)
class Board:
    """The definition of one board. Making one that breaks a rule raises `ValidationError` with the field.

    `floor` is the least balance that spending leaves, `news_top` the rank from which on entering is news (0: never).
    """

    slug: str
    name: str
    action: str | None = None
    combine: Combine = "sum"
    order: Order = "desc"
    decimals: int = 0
    windows: tuple[str, ...] = ("all",)
    ties: Ties = "shared"
    max_entries: int | None = None
    segment_by: str | None = None
    timezone: str = "UTC"
    retention_days: int = 90
    description: str = ""
    seasons: tuple[Season, ...] = ()
    floor: int | Decimal = 0
    news_top: int = 100

    def __post_init__(self) -> None:
        check_slug(self.slug)
        if self.action is not None:
            check_slug(self.action, "action")
        object.__setattr__(self, "name", texts.clean("name", self.name, 1, LONGEST_NAME))
        object.__setattr__(self, "description", texts.clean("description", self.description, 0, LONGEST_DESCRIPTION))
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValidationError({name: _("Choose one of %(allowed)s.") % {"allowed": ", ".join(allowed)}})
        check_integer("decimals", self.decimals, 0, MOST_DECIMALS)
        check_integer("retention_days", self.retention_days, 1, LONGEST_RETENTION)
        check_integer("news_top", self.news_top, 0, 10_000)
        if self.max_entries is not None:
            check_integer("max_entries", self.max_entries, 1, MOST_ENTRIES)
        if self.segment_by is not None and self.segment_by not in SEGMENT_FIELDS:
            raise ValidationError(
                {"segment_by": _("Choose one of %(allowed)s.") % {"allowed": ", ".join(SEGMENT_FIELDS)}}
            )
        check_timezone(self.timezone)
        self._check_windows()
        if self.from_units(self.to_units(self.floor, "floor")) != exact_number(self.floor, "floor"):
            more = _("The score must be a number with at most %(number)s decimals.") % {"number": self.decimals}
            raise ValidationError({"floor": more if self.decimals else _("The score must be a whole number.")})

    def _check_windows(self) -> None:
        unknown = [window for window in self.windows if window not in WINDOWS]
        if unknown or not self.windows or len(set(self.windows)) < len(self.windows):
            raise ValidationError(
                {"windows": _("Choose one or more of %(allowed)s, each once.") % {"allowed": ", ".join(WINDOWS)}}
            )
        if "season" in self.windows and not self.seasons:
            raise ValidationError({"seasons": _("The window 'season' needs at least one season.")})
        ordered = sorted(self.seasons, key=lambda season: season.starts)
        if any(later.starts < earlier.ends for earlier, later in pairwise(ordered)):
            raise ValidationError({"seasons": _("Seasons must not overlap.")})
        if len({season.slug for season in self.seasons}) < len(self.seasons):
            raise ValidationError({"seasons": _("Each season needs a slug of its own.")})

    @property
    def sign(self) -> int:
        """What a score is multiplied with so that greater is better."""
        return 1 if self.order == "desc" else -1

    @property
    def tie_bits(self) -> int:
        """How many of the 53 bits the tie rule takes."""
        return TIE_BITS[self.ties]

    @property
    def most_units(self) -> int:
        """The greatest score either way, in units, that stays exact under the tie rule."""
        return EXACT >> self.tie_bits

    @property
    def greatest_score(self) -> int | Decimal:
        """The greatest score either way that stays exact under the tie rule."""
        return self.from_units(self.most_units)

    @property
    def is_timed(self) -> bool:
        """Whether it shows the latest score, so that it is kept when each was reported."""
        return self.combine == "last" and self.slug != POINTS_BOARD

    @property
    def kept_days(self) -> int:
        """For how many days after its end all rows of a period are kept: at least until it has been closed."""
        return max(self.retention_days, SHORTEST_RETENTION)

    @property
    def main_window(self) -> str:
        """The window that ranks of a write, news and balances speak of: `all` where there is one, else the first."""
        return "all" if "all" in self.windows else self.windows[0]

    def to_units(self, score: object, field: str = "score") -> int:
        """A score as a whole number of the smallest unit.

        Takes int, Decimal, or a finite float or text that is a number. More decimals than the board has are rounded
        half up: programs add 60 and 8.29 to 68.28999999999999. Anything else is a `ValidationError` at `field`.
        """
        if isinstance(score, int) and not isinstance(score, bool):  # by far the most common
            units: int | Decimal = score * int(10**self.decimals) if self.decimals else score
        else:
            units = self._decimal_units(score, field)
        if not -self.most_units <= units <= self.most_units:
            most = number_format(self.greatest_score, force_grouping=True)
            raise ValidationError({field: _("The score must lie within ±%(most)s.") % {"most": most}})
        return int(units)

    def all_to_units(self, scores: Sequence[object], field: str = "score") -> list[int]:
        """The same of many, quickly where all are whole numbers within the range, as in most batches."""
        most = self.most_units
        if not self.decimals and all(type(score) is int and -most <= score <= most for score in scores):
            return cast("list[int]", list(scores))
        return [self.to_units(score, field) for score in scores]

    def _decimal_units(self, score: object, field: str) -> Decimal:
        with localcontext(prec=MAX_DIGITS):  # of the result: the number itself may have any number of decimals
            rounded = exact_number(score, field).quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP)
            return rounded.scaleb(self.decimals)

    def from_units(self, units: int) -> int | Decimal:
        """Units as a score: int, or Decimal on boards with decimals."""
        return Decimal(units).scaleb(-self.decimals) if self.decimals else units

    def score_of(self, order_value: int) -> int | Decimal:
        """The score in an order value."""
        return self.from_units(self.sign * (order_value >> self.tie_bits))

    def sentence(self) -> str:
        """The rule in words."""
        what = (self.action or _("scores")).replace("_", " ").replace("-", " ")
        rule = {
            "sum": _("Adds up each player's %(what)s"),
            "best": _("Keeps each player's best of %(what)s"),
            "last": _("Shows each player's latest of %(what)s"),
        }[self.combine] % {"what": what}
        leads = _("%(rule)s; the highest leads.") if self.order == "desc" else _("%(rule)s; the lowest leads.")
        told = leads % {"rule": rule}
        if self.max_entries is None:
            return told
        stay = _("The first %(number)s stay.") % {"number": number_format(self.max_entries, force_grouping=True)}
        return f"{told} {stay}"

    def for_scripts(self) -> str:
        """What the Lua scripts need to know of the definition, as JSON."""
        rules = {
            "slug": self.slug,
            "how": self.combine,
            "sign": self.sign,
            "scale": 1 << self.tie_bits,
            "ties": self.ties,
            "most": self.most_units,
            "max_entries": self.max_entries or 0,
            "dense": int(self.ties == "dense"),
            "timed": int(self.is_timed),
            "segment_by": self.segment_by or "",
            "news_top": self.news_top,
        }
        return json.dumps(rules)

    def to_fields(self) -> dict[str, str]:
        """The definition as a Redis hash: texts as they are, lists as JSON, unset fields left out."""
        values: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        values["windows"] = json.dumps(self.windows)
        values["seasons"] = json.dumps(
            [[season.slug, season.name, season.starts.isoformat(), season.ends.isoformat()] for season in self.seasons]
        )
        return {name: str(value) for name, value in values.items() if value is not None}

    @classmethod
    def from_fields(cls, stored: dict[str, str]) -> "Board":
        """The definition that `to_fields` wrote."""
        values: dict[str, Any] = dict(stored)
        for name in ("decimals", "retention_days", "news_top", "max_entries"):
            if name in values:
                values[name] = int(values[name])
        values["floor"] = Decimal(values["floor"]) if values["decimals"] else int(values["floor"])
        values["name"] = texts.mended(values["name"]) or values["slug"]
        values["description"] = texts.mended(values["description"])
        values["windows"] = tuple(json.loads(values["windows"]))
        values["seasons"] = tuple(
            Season(slug, _season_name(name) or slug, date.fromisoformat(starts), date.fromisoformat(ends))
            for slug, name, starts, ends in json.loads(values["seasons"])
        )
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a board. `name` is the player id where no name is known; `avatar` is the look that was chosen."""

    rank: int
    player: str
    name: str
    score: int | Decimal
    avatar: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A player's place. `percentile` is the share of the board, in percent, that is not above the player."""

    rank: int
    score: int | Decimal
    size: int
    percentile: float


@dataclass(frozen=True, slots=True)
class ScoreUpdate:
    """What a write did, in the board's main window. `rank` is None when the player fell off (`trimmed`).

    `previous_score` is what was there just before; None where there was nothing. `duplicate`: the id had counted
    before, so nothing was written, and the rest is the current state.
    """

    score: int | Decimal
    rank: int | None
    previous_rank: int | None
    trimmed: bool
    previous_score: int | Decimal | None = field(default=None, compare=False)
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class BatchUpdate:
    """How many players a batch of scores has written, and how many of its entries had counted before by their ids."""

    written: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The balance after spending. `duplicate`: the id had counted before, so nothing was taken this time."""

    balance: int | Decimal
    duplicate: bool


@dataclass(frozen=True, slots=True)
class BoardView:
    """Everything a board page shows, read at once. `version` changes whenever any of it may have changed.

    `among` are players who were asked for by name, ranked among themselves.
    """

    board: Board
    window: str
    period: str
    segment: str | None
    size: int
    version: str
    top: tuple[Row, ...] = ()
    around: tuple[Row, ...] = ()
    standing: Standing | None = field(default=None)
    among: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Distribution:
    """How scores spread: how many players there are in each of some equal spans, and which of them is mine."""

    counts: tuple[int, ...]
    worst: int | Decimal
    best: int | Decimal
    mine: int | None


def _season_name(stored: str) -> str:
    """The name; those that were stored before names of seasons were checked may be anything."""
    return texts.mended(texts.shortened(texts.normal(texts.REFUSED.sub("", stored)), LONGEST_NAME))


def exact_number(value: object, name: str) -> Decimal:
    """Read a number as it was written, with all its decimals; a float as Python shows it.

    Raises `ValidationError` at `name`, also if its size alone would make it slow to calculate with.
    """
    problem = ValidationError({name: _("Enter a number.")})
    too_great = ValidationError({name: _("The number is out of range.")})
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise problem
    if isinstance(value, int) and abs(value) >= MAX_MAGNITUDE:  # before it is converted, which is slow
        raise too_great
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        raise problem from None
    if not number.is_finite():
        raise problem
    if number.copy_abs() >= MAX_MAGNITUDE:
        raise too_great
    return number
