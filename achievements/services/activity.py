"""What happens over time: who plays, how much is reported and unlocked, how many points are given."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from gamify_site import clock
from gamify_site.store import keys, shards
from gamify_site.store.connection import ask

MOST_DAYS = 90
ONLINE = timedelta(minutes=10)  # twice what "last seen" is kept to
COUNTED = ("active", "new", "events", "unlocks", "points")


@dataclass(frozen=True, slots=True)
class Day:
    """What was counted on a day (UTC): active and new players, events, unlocks, points given less those taken back."""

    day: date
    active: int
    new: int
    events: int
    unlocks: int
    points: int


@dataclass(frozen=True, slots=True)
class Presence:
    """How many players did something lately, today included, out of `players`."""

    online: int
    today: int
    last_7: int
    last_30: int
    players: int


def by_day(days: int) -> list[Day]:
    """What was counted on each of the last 1 to 90 days, the earliest first. Exact.

    Raises `StoreUnavailable`. One round trip; O(days) per shard.
    """
    today = clock.now().date()
    dates = [today - timedelta(days=ago) for ago in reversed(range(max(1, min(days, MOST_DAYS))))]
    places = [(shard, day) for day in dates for shard in shards.everyone()]
    answers = ask([("hmget", keys.daily(shard, day.isoformat()), *COUNTED) for shard, day in places])
    sums = {day: [0] * len(COUNTED) for day in dates}
    for (_, day), counts in zip(places, answers, strict=True):
        sums[day] = [held + int(more or 0) for held, more in zip(sums[day], counts, strict=True)]
    return [Day(day, *counts) for day, counts in sums.items()]


def presence() -> Presence:
    """How many players are online, and were active on the last days. Exact, but for those who left minutes ago.

    Raises `StoreUnavailable`. One round trip; O(log players) per shard.
    """
    now = clock.now()
    midnight = datetime.combine(now.date(), time(), UTC)
    since = [now - ONLINE, midnight, midnight - timedelta(days=6), midnight - timedelta(days=29)]
    bounds = [*(str(int(moment.timestamp())) for moment in since), "-inf"]
    answers = ask([("zcount", keys.players(shard), bound, "+inf") for bound in bounds for shard in shards.everyone()])
    number = shards.count()
    return Presence(*(sum(answers[place * number : (place + 1) * number]) for place in range(len(bounds))))
