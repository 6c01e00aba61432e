"""Why a player does not have an achievement yet: what support asks, answered with all that is missing."""

from dataclasses import dataclass

from achievements.definitions import Achievement, Progress, StreakStatus
from achievements.services import catalog, collections, states, streaks
from gamify_site.store import keys, shards
from gamify_site.store.connection import ask


@dataclass(frozen=True, slots=True)
class Explanation:
    """One achievement and a player: each release's progress, and what is missing for the first that is not unlocked.

    `left` is how much progress is missing, `waits_for` the prerequisites, `items` those of a collection. `is_due`: all
    is there, so that looking through all players again would give it. `was_revoked`: staff took it away.
    """

    achievement: Achievement
    releases: tuple[Progress, ...]
    next: Progress | None
    left: int
    waits_for: tuple[str, ...]
    items: tuple[str, ...]
    streak: StreakStatus | None
    was_revoked: bool

    @property
    def is_due(self) -> bool:
        """Whether nothing is missing."""
        return self.next is not None and not (self.left or self.waits_for or self.was_revoked)


def explain(player: str) -> tuple[states.State, list[Explanation]]:
    """Everything that is not a draft, in the catalog's order, and what the player has at all.

    Raises `ValidationError`, `StoreUnavailable`. Two round trips; O(achievements + items + days on record).
    """
    items = [item for item in catalog.all() if item.status != "draft"]
    wanted = [item.slug for item in items if item.type == "collection"]
    state = states.read(player, items=wanted)
    (found,) = ask([("smembers", keys.revoked(shards.of(player), player))])
    revoked = frozenset(slug.decode() for slug in found)
    return state, [_explain(item, state, revoked) for item in items]


def _explain(item: Achievement, state: states.State, revoked: frozenset[str]) -> Explanation:
    releases = state.of(item)
    following = next((release for release in releases if not release.unlocked), None)
    return Explanation(
        achievement=item,
        releases=releases,
        next=following,
        left=following.target - following.progress if following else 0,
        waits_for=tuple(slug for slug in item.prerequisites if slug not in state.unlocked) if following else (),
        items=collections.status_in(state, item).missing if following and item.type == "collection" else (),
        streak=streaks.status_in(state, item) if following and item.type == "streak" else None,
        was_revoked=following is not None and following.achievement in revoked,
    )
