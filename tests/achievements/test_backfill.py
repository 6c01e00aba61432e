"""After an edit, those who now qualify receive it, and nobody loses anything."""

import pytest

from achievements.definitions import Event
from achievements.errors import UnknownAchievement
from achievements.services import backfill, events, insights, progress, streaks, unlocks
from gamify_site.players import services as players
from gamify_site.players import walk
from gamify_site.store import keys, shards
from leaderboards.services import ranking
from tests.achievements.builders import assert_consistent, do, make, on_days, unlocked

pytestmark = pytest.mark.usefixtures("services_store")


def test_lower_target_is_given_to_those_who_reached_it(services_store):
    make("ten", target=10)
    make("first", type="milestone", target=1)
    for player, amount in (("alice", 7), ("bob", 3)):
        do(player, "coin", amount=amount)
    make("ten", target=5)
    assert backfill.recompute("ten") == 1
    assert progress.get("alice", "ten").unlocked
    assert not progress.get("bob", "ten").unlocked
    assert backfill.recompute() == 0
    assert_consistent(services_store, "alice", "bob")


def test_backfill_is_one_summary_in_the_feed(services_store):
    make("ten")
    make("twenty", target=20)
    do("alice", "coin", amount=5)
    make("ten", target=1)
    make("twenty", target=2)
    backfill.recompute()
    feed = services_store.redis.xrange(keys.feed(shards.of("alice"), "alice"))
    told = [fields for _, fields in feed if fields[b"type"] != b"rank"]
    assert [(fields[b"type"], fields[b"unlocked"]) for fields in told] == [(b"backfill", b"2")]


def test_progress_is_told_and_unknown_achievements_refused():
    make("ten")
    do("alice", "coin")
    told = []
    backfill.recompute(progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (1, 1)
    with pytest.raises(UnknownAchievement):
        backfill.recompute("nope")


def test_changed_points_reach_those_who_have_it(services_store):
    make("ten", points=5)
    make("five", target=5, points=1)
    do("alice", "coin", amount=10)
    do("bob", "coin", amount=7)
    make("ten", points=50)
    given = {unlock.achievement: unlock.points for unlock in unlocks.for_player("alice")}
    assert given == {"ten": 5, "five": 1}  # points of old unlocks stay until the backfill
    backfill.recompute("ten")
    assert players.get("alice").points == 51
    assert ranking.standing("achievement-points", "alice").score == 51
    assert_consistent(services_store, "alice", "bob")


def test_points_of_what_is_archived_can_change_too(services_store):
    make("ten", points=5)
    do("alice", "coin", amount=10)
    make("ten", points=7, status="archived")
    backfill.recompute()
    assert_consistent(services_store, "alice")
    assert players.get("alice").points == 7


def test_what_staff_took_away_is_not_given_back_by_a_backfill(services_store):
    make("ten")
    do("alice", "coin", amount=10)
    unlocks.revoke("alice", "ten", "cheated", by="root")
    assert backfill.recompute() == 0
    assert unlocked(do("alice", "coin")) == ["ten"]
    assert_consistent(services_store, "alice")


def test_moving_an_achievement_to_another_category_counts_for_its_metas(services_store):
    make("ten")
    make("sailor", type="meta", action=None, target=1, counts="sea")
    do("alice", "coin", amount=10)
    make("ten", category="sea")
    assert backfill.recompute("ten") == 1
    assert_consistent(services_store, "alice")


def test_new_streak_on_days_that_were_recorded_for_another_one(clock):
    make("three", type="streak", action="login", target=3)
    on_days(clock, "alice", "login", 4, 3, 2)
    make("two", type="streak", action="login", target=2)
    make("frozen", type="streak", action="login", target=4, freezes=1)
    assert backfill.recompute() == 1
    assert unlocked(do("alice", "login")) == ["frozen"]
    assert streaks.status("alice", "two").current == 1


def test_other_freezes_hold_for_the_days_that_were_recorded_before(clock):
    make("four", type="streak", action="login", target=4)
    on_days(clock, "alice", "login", 4, 3, 1)
    make("four", type="streak", action="login", target=4, freezes=1)
    assert unlocked(do("alice", "login")) == ["four"]
    assert streaks.status("alice", "four").freezes_left == 0


def test_backfill_that_was_stopped_goes_on_where_it_was(services_store, monkeypatch):
    make("ten")
    names = [f"p{number:03}" for number in range(250)]
    events.record([Event(name, "coin", 7) for name in names])
    make("ten", target=5)
    monkeypatch.setattr(walk, "STEP", 20)

    def stop(done, _total):
        if done > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backfill.recompute("ten", stop)
    reached = insights.rarity("ten")[0]
    assert 100 < reached < 250
    told = []
    assert backfill.recompute("ten", lambda done, total: told.append((done, total))) == 250
    assert told[0][0] > 100
    assert told[-1] == (250, 250)
    assert insights.rarity("ten") == (250, 250)
    assert not services_store.redis.exists(keys.backfill("ten"))


def test_players_who_are_seen_during_a_walk_are_not_missed(clock, monkeypatch):
    make("ten")
    monkeypatch.setattr(walk, "STEP", 3)
    names = [f"p{number:02}" for number in range(20)]
    for name in names:
        do(name, "coin")
        clock.advance(minutes=1)
    clock.advance(minutes=10)
    met = []
    for step, (found, _) in enumerate(walk.walk()):
        met += found
        if step < 5:
            events.record([Event(found[-1], "coin"), Event("p15", "coin"), Event("p16", "coin")])
            clock.advance(minutes=6)
    assert set(met) == set(names)
