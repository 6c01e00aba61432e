"""The numbers of the staff's page, against small histories that are known: days, presence, funnels, time to unlock."""

from dataclasses import replace
from datetime import timedelta

import pytest

from achievements.definitions import Event, Tier
from achievements.services import activity, catalog, events, funnel, insights, revisions, states, unlocks
from gamify_site.players import services as players
from leaderboards.services import scores
from tests.achievements.builders import do, make
from tests.builders import make_board, make_player

TIERS = (Tier("bronze", "Bronze", 5, 1), Tier("silver", "Silver", 10, 2))

pytestmark = pytest.mark.usefixtures("services_store", "clock")


def numbers(days: int = 7) -> list[tuple[int, ...]]:
    """Active, new, events, unlocks and points of the last days, the earliest first."""
    return [(it.active, it.new, it.events, it.unlocks, it.points) for it in activity.by_day(days)]


def steps(slug: str) -> list[tuple[str, int]]:
    told = funnel.of(catalog.get(slug), funnel.sample(), states.counts()[0])
    return [(step.name if step.name and told.achievement.tiers else step.part, step.players) for step in told.steps]


# Days


def test_empty_site_is_all_zeros():
    assert numbers(3) == [(0, 0, 0, 0, 0)] * 3
    assert activity.presence() == activity.Presence(0, 0, 0, 0, 0)
    assert funnel.sample() == funnel.Sample([], 0)
    assert funnel.most_started(funnel.sample()) is None
    assert insights.by_rarity({}) == []
    assert insights.time_to_unlock([]) == {}
    assert revisions.published_since([]) == {}


def test_each_day_has_its_own_numbers(clock):
    make("ten", points=5)
    do("alice", "coin", amount=10)
    clock.advance(days=1)
    do("alice", "coin")
    do("alice", "coin")
    do("bob", "coin", amount=10)
    do("charlie", "coin")
    clock.advance(days=1)
    assert numbers(4) == [(0, 0, 0, 0, 0), (1, 1, 1, 1, 5), (3, 2, 4, 1, 5), (0, 0, 0, 0, 0)]
    assert [it.day.isoformat() for it in activity.by_day(2)] == ["2082-11-21", "2082-11-22"]


def test_days_are_ninety_at_most():
    assert len(activity.by_day(1_000)) == 90
    assert len(activity.by_day(0)) == 1


def test_points_that_are_taken_back_are_taken_off(clock):
    make("ten", points=5)
    do("alice", "coin", amount=10)
    do("bob", "coin", amount=10)
    clock.advance(days=1)
    unlocks.revoke("alice", "ten", "a mistake", by="root")
    assert [it.points for it in activity.by_day(2)] == [10, -5]
    assert sum(it.points for it in activity.by_day(7)) == sum(players.get(name).points for name in ("alice", "bob"))


def test_points_of_all_tiers_add_up():
    make("boss", type="tiered", target=10, points=0, tiers=TIERS)
    do("alice", "coin", amount=10)
    assert numbers(1) == [(1, 1, 1, 2, 3)]


def test_whoever_makes_a_profile_first_is_new_and_active_that_day(clock):
    make_player("alice")
    do("alice", "coin")
    make_board("laps")
    scores.submit("laps", "bob", 3)
    do("bob", "coin")
    assert numbers(1) == [(2, 2, 2, 0, 0)]
    clock.advance(days=1)
    make_player("alice", name="Alice")
    assert numbers(1) == [(1, 0, 0, 0, 0)]


def test_day_of_a_player_is_spelled_as_elsewhere(services_store, clock, subtests):
    today = clock.now()
    for ago in [0, 1, 18, 265, 266, 267, 30_000, 37_000]:  # leap days, the turns of years and of centuries
        with subtests.test(ago=ago):
            services_store.empty()
            clock.set(today - timedelta(days=ago))
            do("alice", "coin")
            assert numbers(1) == [(1, 1, 1, 0, 0)]


# Presence


def test_presence_looks_back_from_now(clock):
    for name, days in (("alice", 29), ("bob", 23), ("charlie", 1)):
        moment = clock.now()
        clock.set(moment - timedelta(days=days))
        do(name, "coin")
        clock.set(moment)
    assert activity.presence() == activity.Presence(0, 0, 1, 3, 3)
    do("alice", "coin")
    clock.advance(minutes=10)
    assert activity.presence() == activity.Presence(1, 1, 2, 3, 3)
    clock.advance(minutes=1)
    assert activity.presence().online == 0
    clock.advance(hours=12)
    assert activity.presence().today == 0


# Funnels


def test_funnel_of_a_counter_counts_everybody_on_the_way():
    make("ten")
    for name, amount in (("alice", 10), ("bob", 5), ("charlie", 1)):
        do(name, "coin", amount=amount)
    do("d", "other")
    assert steps("ten") == [
        ("players", 4), ("started", 3), ("quarter", 2), ("half", 2), ("three_quarters", 1), ("unlocked", 1),
    ]  # fmt: skip


def test_funnel_leaves_out_steps_that_would_be_the_same():
    make("three", target=3)
    make("two", target=2)
    make("first", type="milestone", target=1)
    do("alice", "coin", amount=2)
    assert steps("three") == [("players", 1), ("started", 1), ("half", 1), ("unlocked", 0)]
    assert [name for name, _ in steps("two")] == ["players", "started", "unlocked"]
    assert steps("first") == [("players", 1), ("unlocked", 1)]


def test_funnel_of_tiers_has_a_step_for_each():
    make("boss", type="tiered", target=10, points=0, tiers=TIERS)
    for name, amount in (("alice", 10), ("bob", 5), ("charlie", 1)):
        do(name, "coin", amount=amount)
    assert steps("boss") == [("players", 3), ("started", 3), ("Boss: Bronze", 2), ("Boss: Silver", 1)]


def test_funnel_of_a_meta_counts_what_it_counts():
    make("a", target=1)
    make("b", target=2)
    make("c", target=1, action="other", category="elsewhere")
    make("both", type="meta", action=None, target=2, counts="coins")
    do("alice", "coin", amount=2)
    do("bob", "coin")
    do("charlie", "other")
    assert steps("both") == [("players", 3), ("started", 2), ("unlocked", 1)]


def test_whoever_was_given_it_has_come_all_the_way():
    make("ten")
    do("alice", "other")
    unlocks.grant("alice", "ten", "a gift", by="root")
    assert {count for _, count in steps("ten")} == {1}


def test_sample_is_everybody_where_they_are_few():
    for name in ("alice", "bob", "charlie"):
        do(name, "coin")
    found = funnel.sample()
    assert found.is_exact
    assert sorted(player for _, player in found.places) == ["alice", "bob", "charlie"]


def test_sample_is_no_greater_than_it_may_be_and_has_nobody_twice():
    events.record([Event(f"p{number:03}", "coin") for number in range(200)])
    for most in (1, 7, 50, 199):
        found = funnel.sample(most)
        assert (len(found.places), len(set(found.places)), found.is_exact) == (most, most, False)


def test_last_step_is_exact_where_the_others_are_estimated():
    make("ten")
    events.record([Event(f"p{number:03}", "coin", 10 if number < 3 else 3) for number in range(100)])
    told = funnel.of(catalog.get("ten"), funnel.sample(20), states.counts()[0])
    assert (told.looked_at, told.players, told.is_exact) == (20, 100, False)
    counts = {step.part: step.players for step in told.steps}
    assert (counts["players"], counts["started"], counts["quarter"], counts["unlocked"]) == (100, 100, 100, 3)
    assert counts["three_quarters"] >= 3


def test_shares_of_shards_add_up():
    for sizes in ([5, 5, 5], [1, 1, 998], [0, 7, 0], [333, 333, 335], [1] * 50):
        drawn = funnel._in_proportion(sizes, 3)
        assert sum(drawn) == 3
        assert all(0 <= number <= size for number, size in zip(drawn, sizes, strict=True))


def test_most_started_is_what_most_have_begun():
    make("a", category="first")
    make("b", action="other")
    make("draft", action="other", status="draft")
    found = funnel.most_started(funnel.sample())
    assert found is not None and found.slug == "b"  # nobody has begun anything: the first of the catalog
    do("alice", "other")
    do("bob", "other")
    do("bob", "coin")
    found = funnel.most_started(funnel.sample())
    assert found is not None and found.slug == "b"


# Rarity and time


def test_rarest_come_first_and_tiers_stand_for_themselves():
    make("common", target=1)
    make("boss", type="tiered", target=10, points=0, tiers=TIERS)
    make("draft", status="draft")
    do("alice", "coin", amount=5)
    do("bob", "coin")
    found = [(it.release.slug, it.holders) for it in insights.by_rarity(states.counts()[0])]
    assert found == [("boss_silver", 0), ("boss_bronze", 1), ("common", 2)]


def test_published_since_is_the_first_time(clock):
    make("ten", status="draft")
    clock.advance(days=1)
    published = clock.now()
    make("ten")
    clock.advance(days=1)
    catalog.archive("ten")
    clock.advance(days=1)
    catalog.define(replace(catalog.get("ten"), status="published"))
    make("draft", status="draft")
    assert revisions.published_since(["ten", "draft", "ten"]) == {"ten": published}


def test_time_to_unlock_is_told_by_quartiles_in_days(clock):
    make("ten")
    names = [f"p{number}" for number in range(5)]
    for name in names:
        make_player(name)
    do("no-profile", "coin", amount=10)
    for name in names[:4]:
        clock.advance(days=1)
        do(name, "coin", amount=10)
    assert insights.time_to_unlock(["ten"]) == {}
    clock.advance(days=1)
    do(names[4], "coin", amount=10)
    assert insights.time_to_unlock(["ten", "ten"]) == {"ten": insights.TimeToUnlock(2, 3, 4, 5)}


def test_unlock_before_joining_took_no_time(clock):
    make("ten")
    names = [f"p{number}" for number in range(5)]
    for name in names:
        do(name, "coin", amount=10)
    clock.advance(days=3)
    for name in names:
        make_player(name)
    assert insights.time_to_unlock(["ten"])["ten"].median == 0
