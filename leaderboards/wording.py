"""What things are called on pages: windows, periods, places, tie rules, numbers."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from math import ceil, floor

from django.contrib.humanize.templatetags.humanize import NaturalTimeFormatter as Natural
from django.utils.formats import date_format, get_format
from django.utils.functional import Promise
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from gamify_site import clock
from gamify_site.players.choices import country_names
from leaderboards import windows
from leaderboards.definitions import Board, ScoreUpdate, Standing, Ties

WINDOWS = {
    "all": gettext_lazy("All time"),
    "day": gettext_lazy("Day"),
    "week": gettext_lazy("Week"),
    "month": gettext_lazy("Month"),
    "season": gettext_lazy("Season"),
}
SEGMENTS = {"region": gettext_lazy("Region"), "country": gettext_lazy("Country"), "team": gettext_lazy("Team")}
COMBINE = {
    "sum": gettext_lazy("Total: scores add up"),
    "best": gettext_lazy("Best: only a better score counts"),
    "last": gettext_lazy("Latest: each score replaces the one before"),
}
ORDER = {
    "desc": gettext_lazy("The greatest score leads"),
    "asc": gettext_lazy("The least score leads, as for lap times"),
}
TIES: dict[Ties, tuple[Promise, Promise]] = {
    "shared": (gettext_lazy("Shared"), gettext_lazy("1, 2, 2, 4: equal scores share a rank, the next one is skipped.")),
    "dense": (gettext_lazy("Dense"), gettext_lazy("1, 2, 2, 3: equal scores share a rank, none is skipped.")),
    "earliest": (gettext_lazy("Earliest"), gettext_lazy("1, 2, 3, 4: whoever reached the score first is above.")),
    "unlocks": (gettext_lazy("Unlocks"), gettext_lazy("1, 2, 3, 4: whoever has more achievements is above.")),
}
FIELDS = {
    "name": gettext_lazy("Name"),
    "slug": gettext_lazy("Slug"),
    "description": gettext_lazy("Description"),
    "action": gettext_lazy("Action"),
    "combine": gettext_lazy("How scores count"),
    "order": gettext_lazy("Order"),
    "decimals": gettext_lazy("Decimals"),
    "windows": gettext_lazy("Windows"),
    "seasons": gettext_lazy("Seasons"),
    "timezone": gettext_lazy("Timezone"),
    "retention_days": gettext_lazy("Keep past periods (days)"),
    "grace_hours": gettext_lazy("Grace period (hours)"),
    "ties": gettext_lazy("Equal scores"),
    "max_entries": gettext_lazy("Size limit"),
    "segment_by": gettext_lazy("Also rank within"),
    "floor": gettext_lazy("Least balance"),
    "news_top": gettext_lazy("News from rank"),
}
MINUS = "\N{MINUS SIGN}"


@cache
def _separators(language: str | None) -> dict[int, str]:
    """How the characters of Python's own grouping are written in a language; empty where they are the same."""
    thousands = str(get_format("THOUSAND_SEPARATOR", lang=language, use_l10n=True))
    point = str(get_format("DECIMAL_SEPARATOR", lang=language, use_l10n=True))
    return {} if (thousands, point) == (",", ".") else {ord(","): thousands, ord("."): point}


def number(value: int | Decimal) -> str:
    """A number for readers, grouped as their language does: 1,234 or 58.20."""
    text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    separators = _separators(get_language())
    return text.translate(separators) if separators else text


def breakable(value: str) -> str:
    """A long number that may be broken between its groups, as HTML, so that it fits on a phone."""
    if len(value) <= 12:
        return value
    separator = str(get_format("THOUSAND_SEPARATOR", use_l10n=True))
    return value.replace(separator, f"{separator}<wbr>")


def difference(value: int | Decimal) -> str:
    """A difference with its sign: +120, ±0, and minus 3 with a minus sign."""
    sign = "+" if value > 0 else MINUS if value < 0 else "±"
    return sign + number(-value if value < 0 else value)


def ago(moment: datetime) -> str:
    """How long ago something was, or how soon it will be, in its greatest unit: 2 days ago."""
    now = clock.now()
    if abs(now - moment) < timedelta(minutes=1):
        return str(Natural.time_strings["now"])
    if moment < now:
        delta = timesince(moment, now, time_strings=Natural.past_substrings, depth=1)
        return str(Natural.time_strings["past-day"]) % {"delta": delta}
    delta = timeuntil(moment, now, time_strings=Natural.future_substrings, depth=1)
    return str(Natural.time_strings["future-day"]) % {"delta": delta}


def left(moment: datetime) -> str:
    """How long it is until a moment, in its greatest unit: 2 days."""
    return timeuntil(moment, clock.now(), depth=1)


def period(board: Board, window: str, name: str) -> str:
    """What a period is called: Week 47, 2026."""
    if window == "all":
        return str(WINDOWS["all"])
    if window == "season":
        return next((season.name for season in board.seasons if season.slug == name), name)
    first, _behind = windows.days(board, window, name)
    if window == "week":
        year, week, _day = first.isocalendar()
        return _("Week %(week)s, %(year)s") % {"week": week, "year": year}
    return date_format(
        date(first.year, first.month, first.day), "DATE_FORMAT" if window == "day" else "YEAR_MONTH_FORMAT"
    )


def segment(board: Board, value: str) -> str:
    """What a segment is called: a country's name for its code, else the value itself."""
    return country_names(get_language()).get(value, value) if board.segment_by == "country" else value


def place(standing: Standing) -> str:
    """A place in words: In the lead, Top 3 %, Ahead of 20 %."""
    share = 100 * standing.rank / standing.size
    if standing.rank == 1:
        return _("In the lead")
    if share <= 50:
        return _("Top %(percent)s %%") % {
            "percent": number(max(Decimal("0.1"), Decimal(str(ceil(share * 10) / 10)))) if share <= 1 else ceil(share)
        }
    ahead = floor(100 - share)
    return _("Ahead of %(percent)s %%") % {"percent": ahead} if ahead else _("Everything to win")


def tie_rule(ties: Ties, decimals: int) -> str:
    """What a tie rule does, and which range of scores it leaves."""
    most = Board(slug="x", name="x", ties=ties, decimals=decimals).greatest_score
    return _("%(rule)s Scores from %(minus)s%(most)s to %(most)s.") % {
        "rule": TIES[ties][1],
        "minus": MINUS,
        "most": number(most),
    }


def update(board: Board, player: str, written: ScoreUpdate) -> str:
    """What a write did, in a sentence."""
    known = {
        "player": player,
        "score": number(written.score),
        "rank": written.rank and number(written.rank),
        "before": written.previous_rank and number(written.previous_rank),
        "most": board.max_entries and number(board.max_entries),
    }
    if written.trimmed:
        return _("%(player)s fell off: %(score)s is not among the first %(most)s, and the board keeps no more.") % known
    if written.previous_rank is None:
        return _("%(player)s is new on the board: %(score)s, rank %(rank)s.") % known
    if written.previous_rank == written.rank:
        return _("%(player)s has %(score)s and stays at rank %(rank)s.") % known
    return _("%(player)s has %(score)s and rank %(rank)s, after rank %(before)s.") % known


def field(name: str) -> str:
    """What a field of a definition is called; its own name where it has no other."""
    return str(FIELDS.get(name, name))


def stored_value(name: str, text: str | None) -> str:
    """A field of a stored definition in words; a dash where there is none."""
    if text in (None, "", "[]"):
        return "-"
    assert text is not None  # noqa: S101  (for the type checker)
    if name == "windows":
        return _(", ").join(str(WINDOWS.get(window, window)) for window in json.loads(text))
    if name == "seasons":
        return "; ".join(
            _("%(name)s (%(slug)s): %(starts)s to %(ends)s")
            % {"name": title, "slug": slug, "starts": _day(starts), "ends": _day(ends)}
            for slug, title, starts, ends in json.loads(text)
        )
    if name == "ties" and text in TIES:
        return str(TIES[text][0])
    if name == "max_entries":
        return number(int(text))
    return str({"combine": COMBINE, "order": ORDER, "segment_by": SEGMENTS}.get(name, {}).get(text, text))


def change(name: str, before: str | None, after: str | None) -> tuple[str, str, str]:
    """What an edit changed: the field, and its value before and after, in words."""
    return field(name), stored_value(name, before), stored_value(name, after)


def _day(iso: str) -> str:
    return date_format(date.fromisoformat(iso), "SHORT_DATE_FORMAT")
