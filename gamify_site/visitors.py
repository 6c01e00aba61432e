"""How many different people look at the site. Who they are is not kept: a HyperLogLog counts without remembering.

Its numbers are estimates with a standard error of 0.81 %. Players who are logged in are one visitor however many days
and browsers they come on. For the others a day is all there is: they are known by a hash that is keyed with a secret
and the date, so that what is stored tells neither an address nor that two days had the same visitor.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from django.utils.crypto import salted_hmac

from gamify_site import clock
from gamify_site.store import keys
from gamify_site.store.connection import ask, try_once

LIFE = timedelta(days=100)
MOST_REMEMBERED = 10_000  # visitors that a process knows it has counted
MOST_DAYS = 90


@dataclass(frozen=True, slots=True)
class Visitors:
    """About how many there were: of each day, the earliest first, and in the last 7 and 30 days, today included."""

    by_day: list[tuple[date, int]]
    last_7: int
    last_30: int


def player(player_id: str) -> str:
    """A visitor who is logged in."""
    return f"player {player_id}"


def guest(address: str, user_agent: str) -> str:
    """A visitor who is not logged in; another one tomorrow."""
    return f"guest {_hash(f'{address} {user_agent}')}"


def _hash(text: str) -> str:
    return salted_hmac(f"{__name__} {_today()}", text, algorithm="sha256").hexdigest()


def count(visitor: str) -> None:
    """Counts a visitor of today; each only once, and one that the data store does not take now is not counted.

    Raises nothing. One round trip for a visitor, day and process, then none.
    """
    _count(keys.visitors(_today()), visitor)


@lru_cache(maxsize=MOST_REMEMBERED)
def _count(key: str, visitor: str) -> None:
    try_once([("pfadd", key, visitor), ("expire", key, LIFE)])


def forget() -> None:
    """Forgets who has been counted; they would be counted again, which changes nothing."""
    _count.cache_clear()


def lately(days: int) -> Visitors:
    """About how many visitors there were, day by day for the last 1 to 90 days and together. One round trip."""
    today = clock.now().date()
    dates = [today - timedelta(days=ago) for ago in reversed(range(max(min(days, MOST_DAYS), 1)))]
    spans = [[keys.visitors((today - timedelta(days=ago)).isoformat()) for ago in range(span)] for span in (7, 30)]
    *counts, last_7, last_30 = ask(
        [*(("pfcount", keys.visitors(day.isoformat())) for day in dates), *(("pfcount", *span) for span in spans)]
    )
    return Visitors(list(zip(dates, counts, strict=True)), last_7, last_30)


def _today() -> str:
    return clock.now().date().isoformat()
