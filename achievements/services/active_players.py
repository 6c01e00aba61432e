"""How many different players were active in a day, in seven and in thirty: counted as it goes, kept once a day is over.

Each shard notes the players of a day in a HyperLogLog. A player lives on one shard, so that the sum over shards is the
number; it is an estimate with a standard error of 0.81 % at most. The notes live for 100 days, the numbers for good.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from gamify_site import clock
from gamify_site.store import catalog, keys, shards, versions
from gamify_site.store.connection import ask

SPANS = (1, 7, 30)  # days that are counted together
LIFE = 100  # days that it is known who was active, as in store/lua/players.lua
SETTLED = timedelta(minutes=5)  # after midnight, what was on its way has arrived
ONE_DAY = timedelta(days=1)


class Active(NamedTuple):
    """About how many players were active on a day (UTC), and in the 7 and 30 days that end with it."""

    day: date
    daily: int
    weekly: int
    monthly: int


def keep_over() -> list[Active]:
    """Writes the numbers of each day that is over, once and for good; gives the days that this call has written.

    Two may do it at once, and one that broke off is simply called again; it breaks off where definitions or all data
    are replaced meanwhile. Raises `StoreUnavailable`. Two round trips where there is nothing to do, else some four, and
    two a day; O(days × 30) per shard.
    """
    version = catalog.current_version()
    last = (clock.now() - SETTLED).date() - ONE_DAY
    written: list[Active] = []
    for day in _days(_first_to_write(last), last):
        (numbers,) = _count([day])
        told = ("HSETNX", keys.active_players(), day.isoformat(), _text(numbers))
        is_ours = versions.write_if(version, keys.site(), *told)
        if is_ours is None:
            break
        if is_ours:
            written.append(numbers)
    return written


def by_day(days: int) -> list[Active]:
    """The numbers of each of the last days, today included, the earliest first; nobody where nothing is known.

    Raises `StoreUnavailable`. Two round trips; O(days that are not kept yet × 30) per shard.
    """
    today = clock.now().date()
    dates = _days(today - timedelta(days=days - 1), today)
    kept = _kept(dates)
    late = [day for day in dates if day > max(kept, default=today - timedelta(days=LIFE))]
    counted = {numbers.day: numbers for numbers in _count(late)}
    return [kept.get(day) or counted.get(day) or Active(day, 0, 0, 0) for day in dates]


def _first_to_write(last: date) -> date:
    """The day behind those that are written; where there are none the first whose 30 days are all still known."""
    dates = _days(last - timedelta(days=LIFE - 2), last)
    kept = _kept(dates)
    if kept:
        return max(kept) + ONE_DAY
    everyone = list(shards.everyone())
    found = iter(ask([("exists", keys.active(shard, day.isoformat())) for day in dates for shard in everyone]))
    known = [day for day in dates if sum(next(found) for _ in everyone)]
    if not known:
        return last + ONE_DAY
    # Of a site that is older than its notes, what came before them is not known any more.
    return known[0] if known[0] > dates[0] else known[0] + timedelta(days=SPANS[-1] - 1)


def _kept(dates: Sequence[date]) -> dict[date, Active]:
    (found,) = ask([("hmget", keys.active_players(), [day.isoformat() for day in dates])])
    texts = {day: text.decode() for day, text in zip(dates, found, strict=True) if text is not None}
    return {day: Active(day, *map(int, text.split(":"))) for day, text in texts.items()}


def _count(dates: Sequence[date]) -> list[Active]:
    everyone = list(shards.everyone())
    asked = [
        ("pfcount", *(keys.active(shard, day.isoformat()) for day in _days(last - timedelta(days=span - 1), last)))
        for last in dates
        for span in SPANS
        for shard in everyone
    ]
    found = iter(ask(asked) if asked else [])
    return [Active(day, *(sum(next(found) for _ in everyone) for _ in SPANS)) for day in dates]


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _text(numbers: Active) -> str:
    return f"{numbers.daily}:{numbers.weekly}:{numbers.monthly}"
