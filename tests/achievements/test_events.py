"""Recording events: exactly once, all or nothing, nothing silently lost."""

from datetime import timedelta

import pytest

from achievements.definitions import Event
from achievements.services import events, progress
from gamify_site.players import services as players
from leaderboards.services import ranking
from tests.achievements.builders import assert_consistent, do, make, unlocked
from tests.builders import make_board, make_player

pytestmark = pytest.mark.usefixtures("services_store")


def test_one_event_reaches_everything_that_listens():
    make_board("coins", action="coin", windows=("all", "day"))
    make("ten")
    make("first", type="milestone", target=1)
    assert sorted(unlocked(do("alice", "coin", amount=10))) == ["first", "ten"]
    assert ranking.standing("coins", "alice").score == 10
    assert ranking.standing("coins", "alice", window="day").score == 10
    assert ranking.standing("achievement-points", "alice").score == 10


def test_event_with_an_id_counts_once(services_store):
    make("ten")
    batch = [Event("alice", "coin", 4, id="a"), Event("alice", "coin", 4, id="a"), Event("bob", "coin", 1, id="b")]
    outcome = events.record(batch)
    assert (outcome.accepted, outcome.duplicates) == (2, 1)
    assert events.record(batch).duplicates == 3
    assert progress.get("alice", "ten").progress == 4
    assert_consistent(services_store, "alice", "bob")


def test_ids_are_remembered_for_a_day_at_least_and_two_at_most(clock, services_store):
    make("ten")
    do("alice", "coin", id="a")
    for _ in range(3):
        clock.advance(hours=7)
        assert do("alice", "coin", id="a").duplicates == 1
    do("alice", "coin", id="b")
    clock.advance(hours=23, minutes=59)
    assert do("alice", "coin", id="b").duplicates == 1
    clock.advance(hours=24)
    assert do("alice", "coin", id="b").accepted == 1
    clock.advance(hours=48)
    do("alice", "coin", id="c")
    assert len(services_store.redis.keys("*:event_ids:*")) <= 2


def test_batch_with_a_key_is_answered_again_and_changes_nothing():
    make("ten", target=4)
    batch = [Event(player, "coin", 4) for player in ("alice", "bob", "charlie", "dora")]
    first = events.record(batch, idempotency_key="monday")
    assert events.record(batch, idempotency_key="monday") == first
    assert len(first.unlocked) == 4
    assert progress.get("bob", "ten").progress == 4
    assert events.record(batch, idempotency_key="tuesday").unlocked == []


def test_batch_is_answered_as_before_when_its_events_have_become_too_old(clock):
    make("ten", target=4)
    a_week_ago = clock.now() - timedelta(days=7)
    batch = [Event(f"p{number}", "coin", 4, at=a_week_ago if number % 2 else None) for number in range(500)]
    batch[7] = Event("p7", "coin", -1)
    first = events.record(batch, idempotency_key="edge")
    assert list(first.rejected) == [7]
    clock.advance(seconds=5)
    assert events.record(batch, idempotency_key="edge") == first


def test_event_id_is_no_batch_key():
    make("ten")
    events.record([Event("alice", "coin", id="x:0")])
    assert events.record([Event("alice", "coin")], idempotency_key="x").accepted == 1
    assert progress.get("alice", "ten").progress == 2


def test_unknown_action_is_accepted_and_reported():
    outcome = events.record([Event("alice", "whistle"), Event("bob", "whistle")])
    assert (outcome.accepted, outcome.no_listeners) == (2, ["whistle"])


def test_event_that_would_leave_the_range_changes_nothing_anywhere():
    make_board("coins", action="coin", ties="earliest")
    make("ten", target=10**9)
    do("alice", "coin", amount=33_000_000)
    outcome = do("alice", "coin", amount=1_000_000)
    assert list(outcome.rejected) == [0]
    assert progress.get("alice", "ten").progress == 33_000_000
    assert ranking.standing("coins", "alice").score == 33_000_000


def test_event_that_was_refused_may_be_sent_again_under_its_id():
    make("ten", target=10**9)
    do("alice", "coin", amount=2**53 - 1)
    assert [do("alice", "coin", id="a").rejected.keys() for _ in range(2)] == [{0}, {0}]
    players.delete("alice")
    assert do("alice", "coin", id="a").accepted == 1


def test_windows_go_by_the_time_of_the_event(clock):
    make_board("coins", action="coin", windows=("all", "day"))
    do("alice", "coin", amount=5, at=clock.now() - timedelta(days=2))
    do("alice", "coin", amount=3)
    yesterday_but_one = (clock.now() - timedelta(days=2)).date().isoformat()
    assert ranking.standing("coins", "alice", window="day", period=yesterday_but_one).score == 5
    assert ranking.standing("coins", "alice", window="day").score == 3
    assert ranking.standing("coins", "alice").score == 8


def test_negative_amount_is_for_boards_alone():
    make_board("coins", action="correction")
    assert do("alice", "correction", amount=-5).accepted == 1
    assert ranking.standing("coins", "alice").score == -5


def test_limited_board_keeps_its_size_under_events():
    make_board("coins", action="coin", max_entries=2)
    events.record([Event(f"p{number}", "coin", number) for number in range(1, 9)])
    assert [row.player for row in ranking.top("coins")] == ["p8", "p7"]
    assert ranking.size("coins") == 2


def test_player_moves_between_timezones_and_days_follow():
    make("week", type="streak", action="login", target=2)
    make_player("alice", timezone="Pacific/Auckland")
    make_player("bob", timezone="America/Los_Angeles")
    assert events.record([Event("alice", "login"), Event("bob", "login")]).accepted == 2
