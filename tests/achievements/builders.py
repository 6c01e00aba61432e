"""Achievements and events in one line each."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from achievements.definitions import Achievement, Event, Outcome
from achievements.services import catalog, events, states
from gamify_site.players import services as players
from gamify_site.store import keys, shards
from leaderboards.services import ranking
from tests.conftest import Clock

BASE = Achievement("base", "Base", "", "counter", "coin", 10, 5, "coins", status="published")


def make(slug: str, **fields: Any) -> Achievement:
    """A published achievement, a counter to 10 coins for 5 points unless said otherwise."""
    return catalog.define(replace(BASE, **({"slug": slug, "name": slug.title()} | fields)))


def do(player: str, action: str, **fields: Any) -> Outcome:
    """Records one event."""
    return events.record([Event(player, action, **fields)])


def unlocked(outcome: Outcome) -> list[str]:
    """What a batch unlocked, in order."""
    return [unlock.achievement for unlock in outcome.unlocked]


def on_days(clock: Clock, player: str, action: str, *ago: int) -> None:
    """Records an action on some of the last days, in the order given."""
    now = clock.now()
    for days in ago:
        assert do(player, action, at=now - timedelta(days=days)).accepted == 1


def assert_consistent(store: Any, *names: str) -> None:
    """Points are those of what is unlocked, on the profile and on the board; rarity counts the holders."""
    points = {release.slug: release.points for item in catalog.all() for release in item.releases()}
    holders: dict[str, int] = {}
    for name in names:
        state = states.read(name)
        assert {slug: unlock.points for slug, unlock in state.unlocked.items()} == {
            slug: points[slug] for slug in state.unlocked
        }
        total = sum(points[slug] for slug in state.unlocked)
        profile = players.get(name)
        assert (profile.points, profile.unlocked) == (total, len(state.unlocked))
        standing = ranking.standing("achievement-points", name)
        assert (standing.score if standing else 0) == total
        for slug in state.unlocked:
            holders[slug] = holders.get(slug, 0) + 1
    counted = {slug: number for slug, number in states.counts()[0].items() if number}
    assert counted == holders
    assert all(store.redis.type(keys.unlocks(shard)) in (b"hash", b"none") for shard in shards.everyone())
