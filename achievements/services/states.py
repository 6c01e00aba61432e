"""What a player has, read at once; every view of progress, streaks and rarity is made of it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from achievements.definitions import Achievement, Progress, Release, Unlock
from achievements.services import catalog as achievements
from achievements.services.days import COVERED, UTC_NAME, told
from gamify_site.identifiers import check_player_id
from gamify_site.players import services as players
from gamify_site.players.services import Player
from gamify_site.store import catalog, shards

Counts = Mapping[str, int]  # release → how many have it


class Run(NamedTuple):
    """A streak as it was when its last day (days from 2020-01-01) was recorded; `quarter` is that of its last event."""

    current: int
    last: int
    freezes: int
    quarter: int


@dataclass(frozen=True, slots=True)
class State:
    """A player's achievements. `holders` is release → how many have it, out of `players`; no run: no day recorded.

    `counted` is what metas count: category → unlocks. `days` are action → day numbers, and `items`
    collection → indexes, where they were asked for. `pinned` are achievements that the player has and shows first.
    `final_ranks` are as `seasons.latest_ranks` takes them, where they were asked for. `zones` are the timezones as
    `days.told` tells them, and `covered` action → the days that do not count and break nothing, because of a move.
    """

    player: str
    progress: Mapping[str, int]
    unlocked: Mapping[str, Unlock]
    profile: Player
    runs: Mapping[str, Run]
    holders: Mapping[str, int]
    players: int
    counted: Counter[str]
    is_known: bool
    days: Mapping[str, tuple[int, ...]]
    items: Mapping[str, tuple[int, ...]]
    following: frozenset[str]
    pinned: tuple[str, ...]
    final_ranks: Mapping[bytes, bytes]
    zones: str = UTC_NAME
    covered: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def reached(self, achievement: Achievement) -> int:
        """The progress, not capped."""
        if achievement.type == "meta":
            counted = self.counted
            return counted.total() if achievement.counts is None else counted[achievement.counts]
        return self.progress.get(achievement.slug, 0)

    def of(self, achievement: Achievement) -> tuple[Progress, ...]:
        """The progress of each release: of the achievement itself, or of its tiers in order."""
        reached = self.reached(achievement)
        return tuple([self._progress(release, reached) for release in achievement.releases()])

    def _progress(self, release: Release, reached: int) -> Progress:
        unlock = self.unlocked.get(release.slug)
        is_reached = reached >= release.target
        return Progress(
            release.slug,
            release.target if is_reached else reached,
            release.target,
            100 if is_reached else 100 * reached // release.target,
            unlock is not None,
            None if unlock is None else unlock.at,
        )


def read(player: str, *, days: Sequence[str] = (), items: Sequence[str] = ()) -> State:
    """Everything at once, and the days with some actions and the items of some collections.

    Raises `ValidationError`, `StoreUnavailable`. One round trip; O(achievements + days on record + followed).
    """
    return read_many([player], days=days, items=items)[0]


def read_many(
    asked: Sequence[str], *, days: Sequence[str] = (), items: Sequence[str] = (), final_ranks: bool = False
) -> list[State]:
    """The same of several players, at least one. One round trip for all."""
    homes = [shards.of(check_player_id(player)) for player in asked]
    everyone = list(shards.everyone())

    def arguments(player: str) -> list[str]:
        wanted = {
            "streaks": _streaks(),
            "moved": _actions(),
            "days": days,
            "collections": items,
            "final_ranks": int(final_ranks),
        }
        return [player, json.dumps(wanted)] if player else [""]

    work = [(shard, "") for shard in everyone] + list(zip(homes, asked, strict=True))
    replies = catalog.run("achievements/read_player", work, arguments, repeatable=True)
    counted = _counts(replies[: len(everyone)])
    own = replies[len(everyone) :]
    return [_state(player, reply, counted, days, items) for player, reply in zip(asked, own, strict=True)]


def _state(
    player: str, reply: Sequence[Any], counted: tuple[Mapping[str, int], int], days: Sequence[str], items: Sequence[str]
) -> State:
    progress, unlocked, fields, seen, runs, days_found, items_found, following, final_ranks, moved = reply
    profile = dict(_pairs(fields))
    found = {slug.decode(): value for slug, value in _pairs(unlocked)}
    categories = achievements.categories()
    return State(
        player=player,
        progress={slug.decode(): int(value) for slug, value in _pairs(progress)},
        unlocked={slug: _unlock(player, slug, value) for slug, value in found.items()},
        profile=players.from_fields(player, profile),
        runs={
            slug: Run(*(int(part or 0) for part in raw))
            for slug, raw in zip(_streaks(), runs, strict=True)
            if raw[0] is not None
        },
        holders=counted[0],
        players=counted[1],
        counted=Counter(categories[slug] for slug in found if slug in categories),
        is_known=seen is not None,
        days={action: _bits(bitmap) for action, bitmap in zip(days, days_found, strict=True)},
        items={slug: _bits(bitmap) for slug, bitmap in zip(items, items_found, strict=True)},
        following=frozenset(other.decode() for other in following),
        pinned=tuple(slug for slug in profile.get(b"pinned", b"").decode().split() if _has_any(slug, found)),
        final_ranks=dict(_pairs(final_ranks)),
        zones=told(profile.get(b"timezone", b"").decode(), profile.get(b"zones_before", b"").decode()),
        covered={
            action: frozenset(int(day) for day, what in _pairs(kept) if what == COVERED)
            for action, kept in zip(_actions(), moved, strict=False)  # nothing of one who has never moved
        },
    )


def _has_any(slug: str, unlocked: Mapping[str, bytes]) -> bool:
    return any(release.slug in unlocked for release in achievements.get(slug).releases())


def nobody() -> State:
    """What somebody has who has done nothing, for visitors. One round trip."""
    holders, players_in_all = counts()
    return State("", {}, {}, Player("", ""), {}, holders, players_in_all, Counter(), False, {}, {}, frozenset(), (), {})


def counts() -> tuple[Mapping[str, int], int]:
    """Release → how many have it, and how many players there are. One round trip."""
    work = [(shard, shard) for shard in shards.everyone()]
    return _counts(catalog.run("achievements/read_player", work, lambda _: [""], repeatable=True))


def _counts(replies: Sequence[Sequence[Any]]) -> tuple[Mapping[str, int], int]:
    holders: Counter[str] = Counter()
    for reply in replies:
        holders.update({slug.decode(): int(number) for slug, number in _pairs(reply[1])})
    return holders, sum(reply[0] for reply in replies)


def _streaks() -> list[str]:
    return [item.slug for item in achievements.all() if item.type == "streak"]


def _actions() -> list[str]:
    return sorted({item.action or "" for item in achievements.all() if item.type == "streak"})


def _unlock(player: str, slug: str, value: bytes) -> Unlock:
    at, _revision, points = value.split(b":")
    return Unlock(player, slug, int(points), datetime.fromtimestamp(int(at) / 1000, UTC))


def _bits(bitmap: bytes | None) -> tuple[int, ...]:
    bytes_in_use = ((place, byte) for place, byte in enumerate(bitmap or b"") if byte)  # few, of days since 1970
    return tuple(8 * place + bit for place, byte in bytes_in_use for bit in range(8) if byte >> (7 - bit) & 1)


def _pairs(flat: Sequence[Any]) -> list[tuple[Any, Any]]:
    return list(zip(flat[::2], flat[1::2], strict=True))
