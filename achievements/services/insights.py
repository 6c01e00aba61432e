"""How rare achievements are, how that came about, and how long players take."""

import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from achievements.definitions import Achievement, Release
from achievements.services import catalog, states
from gamify_site import clock
from gamify_site.store import catalog as stored
from gamify_site.store import keys, shards
from gamify_site.store.connection import ask

MOST_HOLDERS = 100  # whose time to unlock is looked at
FEWEST_HOLDERS = 5  # below this a median says nothing
DAY = 86_400_000  # milliseconds


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


@dataclass(frozen=True, slots=True)
class Held:
    """A published achievement, or one tier of it, and how many players have it."""

    achievement: Achievement
    release: Release
    holders: int


@dataclass(frozen=True, slots=True)
class TimeToUnlock:
    """Days from joining to unlocking: half of some players took `lower` to `upper`, half of them less than `median`."""

    lower: float
    median: float
    upper: float
    players: int


Times = Mapping[str, TimeToUnlock]  # by release; where enough players are known


def rarity(slug: str) -> tuple[int, int]:
    """How many players have an achievement (for tiers, the last one) or a release, and how many players there are.

    Raises `UnknownAchievement`. One round trip.
    """
    holders, players = states.counts()  # also brings this process's definitions up to date
    releases = [release.slug for release in catalog.find(slug).releases()]
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


def by_rarity(holders: "states.Counts") -> list[Held]:
    """All published achievements and tiers, the rarest first; `holders` as of `states.counts`. No round trip."""
    published = [item for item in catalog.all() if item.status == "published"]
    found = [Held(item, it, max(0, holders.get(it.slug, 0))) for item in published for it in item.releases()]
    return sorted(found, key=lambda held: (held.holders, held.release.name.casefold()))


def time_to_unlock(releases: Collection[str]) -> Times:
    """How long the latest 100 holders of each of some achievements and tiers took from joining to unlocking.

    Left out are players who have no day of joining, because they have no profile, and releases that fewer than 5 of
    the others have. Raises `StoreUnavailable`. Two round trips; O(100 × releases) per shard.
    """
    latest = _latest_unlocks(sorted(set(releases)))
    some = sorted({player for unlocks in latest.values() for _, player in unlocks})
    fields = ask([("hget", keys.player(shards.of(player), player), "joined") for player in some]) if some else []
    joined = {player: int(at) * 1000 for player, at in zip(some, fields, strict=True) if at is not None}
    took = {
        release: [max(0, at - joined[player]) / DAY for at, player in unlocks if player in joined]
        for release, unlocks in latest.items()
    }
    return {release: _quartiles(days) for release, days in took.items() if len(days) >= FEWEST_HOLDERS}


def _quartiles(days: Sequence[float]) -> TimeToUnlock:
    lower, median, upper = statistics.quantiles(days, n=4, method="inclusive")
    return TimeToUnlock(lower, median, upper, len(days))


def _latest_unlocks(releases: Sequence[str]) -> dict[str, list[tuple[float, str]]]:
    """Release → (time (ms), player) of the latest unlocks, latest first."""
    places = [(release, shard) for release in releases for shard in shards.everyone()]
    asked = [("zrevrange", keys.holders(shard, it), 0, MOST_HOLDERS - 1, True) for it, shard in places]
    found: dict[str, list[tuple[float, str]]] = {release: [] for release in releases}
    for (release, _), part in zip(places, ask(asked) if asked else [], strict=True):
        found[release] += [(at, player.decode()) for player, at in part]
    return {release: sorted(unlocks, reverse=True)[:MOST_HOLDERS] for release, unlocks in found.items()}


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
