"""What a player has, read at once; every view of progress, streaks and rarity is made of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from achievements.definitions import Achievement, Progress, Release, Unlock
from achievements.services import catalog as achievements
from gamify_site.identifiers import check_player_id
from gamify_site.store import catalog, shards


class Run(NamedTuple):
    """A streak as it was when its last day (days from 2020-01-01) was recorded."""

    current: int
    last: int
    freezes: int


@dataclass(frozen=True, slots=True)
class State:
    """A player's achievements. `holders` is release → how many have it, out of `players`; no run: no day recorded.

    `counted` is what metas count: category → unlocks.
    """

    player: str
    progress: Mapping[str, int]
    unlocked: Mapping[str, Unlock]
    timezone: str
    runs: Mapping[str, Run]
    holders: Mapping[str, int]
    players: int
    counted: Counter[str]

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


def read(player: str) -> State:
    """Everything at once. Raises `ValidationError`, `StoreUnavailable`. One round trip; O(achievements)."""
    home = shards.of(check_player_id(player))

    def arguments(shard: int) -> list[str]:
        return [player, *_streaks()] if shard == home else [""]

    replies = catalog.run(
        "achievements/read_player", [(shard, shard) for shard in shards.everyone()], arguments, repeatable=True
    )
    holders, players = _counts(replies)
    _, _, progress, unlocked, timezone, runs = replies[home]
    categories = achievements.categories()
    return State(
        player=player,
        progress={slug.decode(): int(value) for slug, value in _pairs(progress)},
        unlocked={slug.decode(): _unlock(player, slug.decode(), value) for slug, value in _pairs(unlocked)},
        timezone=timezone.decode(),
        runs={slug: Run(*map(int, raw)) for slug, raw in zip(_streaks(), runs, strict=True) if raw[0] is not None},
        holders=holders,
        players=players,
        counted=Counter(categories[slug.decode()] for slug, _ in _pairs(unlocked) if slug.decode() in categories),
    )


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


def _unlock(player: str, slug: str, value: bytes) -> Unlock:
    at, _revision, points = value.split(b":")
    return Unlock(player, slug, int(points), datetime.fromtimestamp(int(at) / 1000, UTC))


def _pairs(flat: Sequence[Any]) -> list[tuple[Any, Any]]:
    return list(zip(flat[::2], flat[1::2], strict=True))
