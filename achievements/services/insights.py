"""How rare achievements are, and how that came about."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from achievements.services import catalog, states
from gamify_site import clock
from gamify_site.store import catalog as stored
from gamify_site.store import keys, shards
from gamify_site.store.connection import ask


class Rarity(NamedTuple):
    """How many players had an achievement at the end of a day (UTC)."""

    day: date
    holders: int
    players: int


class Holder(NamedTuple):
    """Somebody who has an achievement, since when; `name` is the player id where no name is known."""

    player: str
    name: str
    avatar: str
    at: datetime


class Story(NamedTuple):
    """What there is to tell of an achievement or tier: latest holders, latest first, and the rarity of each day."""

    holders: list[Holder]
    history: list[Rarity]


def rarity(slug: str) -> tuple[int, int]:
    """How many players have an achievement (for tiers, the last one) or a release, and how many players there are.

    Raises `UnknownAchievement`. One round trip.
    """
    releases = [release.slug for release in catalog.find(slug).releases()]
    holders, players = states.counts()
    return holders.get(slug if slug in releases else releases[-1], 0), players


def story(release: str, rarity: tuple[int, int], *, holders: int = 20, days: int = 30) -> Story:
    """Who unlocked an achievement or tier lately, out of the last 100 of each shard, and its rarity day by day.

    The rarity is reckoned back from what it is now, `rarity`; players who were deleted since are as if they had never
    been. One round trip; O(holders + days) per shard.
    """
    today = clock.now().date()
    dates = [today - timedelta(days=ago) for ago in range(days)]
    arguments = [release, holders, *(day.isoformat() for day in dates)]
    work = [(shard, shard) for shard in shards.everyone()]
    replies = stored.run("achievements/read_release", work, lambda _: arguments, repeatable=True)
    latest = [holder for found, _ in replies for holder in _holders(found)]
    changes = [sum(map(int, counts)) for counts in zip(*(found for _, found in replies), strict=True)]
    return Story(
        _latest_first(latest)[:holders],
        _history(dates, rarity, changes),
    )


def holders_among(release: str, some: Collection[str]) -> list[Holder]:
    """Those of some players who have an achievement or tier, latest first. One round trip; O(players asked for)."""
    places = [(shards.of(player), player) for player in sorted(some)]
    if not places:
        return []
    unlocks = [("hget", keys.unlocked(*place), release) for place in places]
    answers = ask([*unlocks, *(("hmget", keys.player(*place), "name", "avatar") for place in places)])
    found = [
        Holder(player, (name or player.encode()).decode(), (avatar or b"").decode(), _time(unlock.split(b":")[0]))
        for (_, player), unlock, (name, avatar) in zip(
            places, answers[: len(places)], answers[len(places) :], strict=True
        )
        if unlock is not None
    ]
    return _latest_first(found)


def _latest_first(found: Iterable[Holder]) -> list[Holder]:
    return sorted(found, key=lambda it: (it.at, it.player), reverse=True)


def _holders(flat: Sequence[bytes]) -> list[Holder]:
    return [
        Holder(player.decode(), name.decode() or player.decode(), avatar.decode(), _time(at))
        for player, at, name, avatar in zip(flat[::4], flat[1::4], flat[2::4], flat[3::4], strict=True)
    ]


def _time(milliseconds: bytes) -> datetime:
    return datetime.fromtimestamp(float(milliseconds) / 1000, UTC)


def _history(dates: Sequence[date], rarity: tuple[int, int], changes: Sequence[int]) -> list[Rarity]:
    """`changes` are unlocks and new players of each day, latest first; the history begins with the earliest."""
    holders, players = rarity
    told: list[Rarity] = []
    for day, gained, new in zip(dates, changes[::2], changes[1::2], strict=True):
        told.append(Rarity(day, max(0, holders), max(0, players)))
        holders, players = holders - gained, players - new
    return told[::-1]
