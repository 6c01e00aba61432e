"""Windows of time: which ranked sets a moment belongs to, what their periods are called, and when they expire.

Periods are named `all`, `2026-11-20`, `2026-W47` (ISO 8601 week), `2026-11`, or by a season's slug. They begin and end
at midnight in the board's timezone. A suffix is how a period is spelled in a key: the name itself, `season-<slug>`
for seasons, followed by `:<field>=<value>` for a segment.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gamify_site.texts import quoted
from leaderboards.definitions import Board, Season

SEASON = "season-"
FIRST_YEAR, LAST_YEAR = 1970, 2999
_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def period_at(board: Board, window: str, at: datetime) -> str | None:
    """The name of the window's period that holds the moment; None where no season does."""
    day = at.astimezone(ZoneInfo(board.timezone)).date()
    if window == "all":
        return "all"
    if window == "day":
        return day.isoformat()
    if window == "week":
        year, week, _weekday = day.isocalendar()
        return f"{year}-W{week:02}"
    if window == "month":
        return f"{day.year:04}-{day.month:02}"
    return next((season.slug for season in board.seasons if season.starts <= day < season.ends), None)


def days(board: Board, window: str, period: str) -> tuple[date, date]:
    """First day, and first day after, of a period. `ValidationError` at `period` where there is no such one."""
    found = span(board, window, period)
    if found is None:
        reason = _("“%(period)s” is not a period of the window “%(window)s”.")
        reason %= {"period": quoted(period), "window": window}
        raise ValidationError({"period": reason})
    return found


def span(board: Board, window: str, period: str) -> tuple[date, date] | None:
    """First day, and first day after, of a period; None where there is no such one, which is asked often."""
    try:
        if window == "day" and _DAY.fullmatch(period):
            first = date.fromisoformat(period)
            return first, first + timedelta(days=1)
        if window == "week" and (match := _WEEK.fullmatch(period)):
            first = date.fromisocalendar(int(match[1]), int(match[2]), 1)
            return first, first + timedelta(days=7)
        if window == "month" and (match := _MONTH.fullmatch(period)):
            first = date(int(match[1]), int(match[2]), 1)
            return first, (first + timedelta(days=31)).replace(day=1)
        if window == "season":
            season = _season(board, period)
            return season.starts, season.ends
    except (ValueError, OverflowError):
        pass
    return None


def _season(board: Board, slug: str) -> Season:
    for season in board.seasons:
        if season.slug == slug:
            return season
    raise ValueError(slug)


def suffix(window: str, period: str) -> str:
    """How a period is spelled in a key."""
    return f"{SEASON}{period}" if window == "season" else period


def read_suffix(board: Board, period_suffix: str) -> tuple[str, str]:
    """The window and the period of a suffix that `suffix` gave. `ValidationError` at `period` where it is none."""
    if period_suffix == "all":
        return "all", "all"
    if period_suffix.startswith(SEASON):
        return "season", period_suffix.removeprefix(SEASON)
    for window in ("day", "week", "month"):
        if span(board, window, period_suffix):
            return window, period_suffix
    raise ValidationError({"period": _("“%(period)s” is no period.") % {"period": quoted(period_suffix)}})


def end(board: Board, window: str, period: str) -> datetime:
    """The moment at which a period is over. `ValidationError` at `period` where there is no such one."""
    return datetime.combine(days(board, window, period)[1], time(), ZoneInfo(board.timezone)).astimezone(UTC)


def with_segment(period_suffix: str, board: Board, segment: str | None) -> str:
    """The suffix of a segment's ranked set; that of the whole board where `segment` is None."""
    return period_suffix if segment is None else f"{period_suffix}:{board.segment_by}={segment}"


def resolve(board: Board, window: str | None, period: str | None, now: datetime) -> tuple[str, str]:
    """The window and period that are meant; the main window and the current period where they are left open.

    Raises `ValidationError` at `window` or `period`. Between seasons the latest one that has begun is current.
    """
    window = window or board.main_window
    if window not in board.windows:
        raise ValidationError(
            {"window": _("This board has the windows %(windows)s.") % {"windows": ", ".join(board.windows)}}
        )
    if window == "all":
        if period not in (None, "", "all"):
            raise ValidationError({"period": _("The window 'all' has no periods.")})
        return window, "all"
    if period:
        days(board, window, period)
        return window, period
    current = period_at(board, window, now)
    if current is None:
        current = next(iter(begun_seasons(board, now)), min(board.seasons, key=lambda season: season.starts).slug)
    return window, current


def begun_seasons(board: Board, now: datetime) -> list[str]:
    """The slugs of the seasons that have begun, latest first."""
    today = now.astimezone(ZoneInfo(board.timezone)).date()
    begun = [season for season in board.seasons if season.starts <= today]
    return [season.slug for season in sorted(begun, key=lambda season: season.starts, reverse=True)]


def check_moment(at: object) -> datetime:
    """An aware datetime that windows can be told for, or a `ValidationError` at `at`."""
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise ValidationError({"at": _("The time must be a datetime with a timezone.")})
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValidationError(
            {
                "at": _("The time must lie within the years %(first)s to %(last)s.")
                % {"first": FIRST_YEAR, "last": LAST_YEAR}
            }
        )
    return at


def expires(board: Board, window: str, period: str) -> int:
    """When the period's data may go: its end plus what it is kept for, in seconds since the epoch; 0 for never."""
    if window == "all":
        return 0
    return int((end(board, window, period) + timedelta(days=board.kept_days)).timestamp())


def sets_at(board: Board, at: datetime, windows: tuple[str, ...] | None = None) -> list[tuple[str, int]]:
    """`(suffix, expiry)` of every ranked set that a score at this moment belongs to, the main window's first."""
    if (windows or board.windows) == ("all",):  # most boards, and asked several times a write
        return [("all", 0)]
    found = []
    for window in sorted(windows or board.windows, key=lambda name: name != board.main_window):
        period = period_at(board, window, at)
        if period is not None:
            found.append((suffix(window, period), expires(board, window, period)))
    return found
