"""Which day of a streak a moment belongs to, by the timezones that a player had, and what a move between two does.

Days are numbers from 0 = 2020-01-01 as the player's calendar said then. Around a move two calendars meet:

- Two days lie at least 20 hours apart, from one's beginning to the other's. One that is nearer to a recorded day does
  not count, and breaks nothing either.
- What is unbroken in the old timezone or in the new one is not broken by the move: between one day and the next, on
  both sides of it, so many are missed as in the calendar that has fewer of them. The others are covered.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

FIRST_DAY = date(2020, 1, 1).toordinal()
QUARTER = 900  # seconds; the offsets of all timezones, and so their midnights, are multiples of it
UTC_NAME = "UTC"
COVERED = b"covered"  # what is kept of a day that does not count and breaks nothing
APART = 20 * 3600  # seconds from the beginning of one day of a streak to that of another, at least
NEAR_DAYS = 7  # days around a move; none further away has to do with it, five freezes counted in
NEAR = NEAR_DAYS * 86400
FOREVER = 1 << 62


class Move(NamedTuple):
    """The day of a moment around a move; quarters are quarters of an hour since 1970.

    `near` are days of other timezones that are too near for both to count, each with the quarter in which it began, and
    1 where it may have been recorded without that, before any move. `before` tells of each timezone before: its last
    quarter, the last one and the number of the day on which it ended, the moment's day in it, and the day on which the
    day before `day` began. `midnights` are the quarters in which the days before `day` began, the latest first.
    `covered` are first and last days of what the moment covers where the day before is recorded late, or nobody knows
    when it was.
    """

    day: int
    began: int
    near: list[int]
    before: list[int]
    midnights: list[int]
    covered: list[int]

    def covers(self, last: int, quarter: int) -> set[int]:
        """The days that it covers after a run, whose last event came on a day and in a quarter (0: nobody knows)."""
        missed = self.day - last - 1
        if not quarter:
            found = {day for first, final in _by(self.covered, 2) for day in range(first, final + 1)}
            is_unbroken = any(yesterday <= last for *_, yesterday in _by(self.before, 5))
            return found | set(range(last + 1, self.day if is_unbroken else last + 1))
        for end, final, final_day, there, _ in _by(self.before, 5):
            if quarter <= final:
                here = sum(quarter < began for began in self.midnights)
                missed = min(missed, here, there - (last if quarter <= end else final_day) - 1)
            if quarter <= end:
                break
        return set(range(last + 1 + max(0, missed), self.day))


class Period(NamedTuple):
    """A timezone, and from when until when (s) it was the player's; not chosen where nobody had told one yet."""

    zone: ZoneInfo
    start: int
    end: int
    is_chosen: bool


def told(timezone: str, before: str) -> str:
    """A player's timezones as scripts compare them: the present one, and those before as the profile has them."""
    return f"{timezone or UTC_NAME} {before}" if before else timezone or UTC_NAME


def tell(zones: str, moment: int) -> int | Move:
    """The day of a moment (s). Around a move of the player also what that does to it.

    What happened before the first timezone was told, and is reported after, belongs to that one; what was reported
    before belongs to UTC.
    """
    periods = _periods(zones)
    period = next(it for it in periods if moment < it.end and it.is_chosen)
    day = number(period.zone, moment)
    if not any(moment - it.end < NEAR and (moment > it.end - NEAR or not it.is_chosen) for it in periods[:-1]):
        return day
    began = beginning(period.zone, day)
    others = [it for it in periods if it is not period]
    before = [it for it in others if it.start <= moment]
    after = [it for it in others if it.end > moment]
    return Move(
        day,
        began // QUARTER,
        [part for it in others for part in _near(it, day, began)],
        [part for it in before for part in _before(it, moment, day, beginning(period.zone, day - 1))],
        [beginning(period.zone, day - ago) // QUARTER for ago in range(1, NEAR_DAYS + 1)],
        [part for it in before for part in _unbroken_since(it, moment, day)]
        + [part for it in after for part in _unbroken_until(it, moment, day)],
    )


def midnights(zones: str, moment: int, most: int) -> list[int]:
    """The next midnights (s) in each of a player's timezones, so many days ahead, in order."""
    found = {it.zone for it in _periods(zones)}
    return sorted(beginning(zone, number(zone, moment) + ahead) for zone in found for ahead in range(1, most + 1))


def number(zone: ZoneInfo, moment: int) -> int:
    """The day of a moment (s) in a timezone."""
    return datetime.fromtimestamp(moment, zone).toordinal() - FIRST_DAY


def beginning(zone: ZoneInfo, day: int) -> int:
    """The midnight (s) with which a day begins in a timezone."""
    return int(datetime.combine(date.fromordinal(FIRST_DAY + day), time(), zone).timestamp())


def _near(period: Period, day: int, began: int) -> Iterator[int]:
    """The days that may have been recorded in a period, and began less than 20 hours before or after a day did."""
    middle = number(period.zone, began)
    for other, end in pairwise(range(middle - 1, middle + 3)):
        begins = beginning(period.zone, other)
        end_of_day = beginning(period.zone, end)
        is_lived = begins < period.end and end_of_day > period.start
        if other != day and is_lived and abs(begins - began) < APART:
            yield from (other, begins // QUARTER, int(not period.start or end_of_day > period.start + NEAR))


def _unbroken_since(before: Period, moment: int, day: int) -> Iterator[int]:
    """What lies between the days of a moment in an earlier timezone and in its own, if a day before may be recorded."""
    first = number(before.zone, moment)
    if before.is_chosen and first < day and first - 1 <= number(before.zone, before.end):
        yield from (first, day - 1)


def _unbroken_until(after: Period, moment: int, day: int) -> Iterator[int]:
    """What lies between the days of a moment in its own timezone and in a later one, if one after may be recorded."""
    last = number(after.zone, moment)
    if day < last and last + 1 >= number(after.zone, after.start):
        yield from (day + 1, last)


def _before(before: Period, moment: int, day: int, yesterday: int) -> Iterator[int]:
    """What `Move.before` tells of an earlier timezone; `yesterday` is when the day before began (s)."""
    least, final = max(yesterday, before.start), number(before.zone, before.end)
    end = (before.end - 1) // QUARTER
    yield from (
        end,
        beginning(before.zone, final + 1) // QUARTER - 1 if before.is_chosen else end,
        final,
        number(before.zone, moment),
        number(before.zone, least) if least < before.end else day,
    )


@lru_cache(10_000)
def _periods(zones: str) -> list[Period]:
    timezone, *before = zones.split(" ")
    found: list[Period] = []
    start = 0
    for it in before:
        end, _, name = it.partition(":")
        found.append(Period(_zone(name or UTC_NAME), start, int(end), is_chosen=bool(name)))
        start = int(end)
    return [*found, Period(_zone(timezone), start, FOREVER, is_chosen=True)]


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _by(flat: list[int], length: int) -> list[tuple[int, ...]]:
    return [tuple(flat[start : start + length]) for start in range(0, len(flat), length)]
