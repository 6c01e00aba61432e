"""Recording events: exactly once, all or nothing, nothing silently lost."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings

from achievements.definitions import EXACT, Event
from achievements.services import applying, events, progress
from gamify_site import clock as site_clock
from gamify_site.players import services as players
from gamify_site.store import keys, shards
from gamify_site.store.errors import StoreUnavailable
from leaderboards.services import boards, moderation, ranking, scores
from tests.achievements.builders import assert_consistent, do, make, unlocked
from tests.builders import brief, make_board, make_player, season

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


def test_ids_are_remembered_for_a_day_at_least_and_two_at_most(services_store):
    """By the store's clock: when that goes on by a day, what was this span is the one before."""
    make("ten")
    do("alice", "coin", id="a")
    let_a_span_pass(services_store, "alice")
    assert do("alice", "coin", id="a").duplicates == 1
    do("alice", "coin", id="b")
    let_a_span_pass(services_store, "alice")
    assert [do("alice", "coin", id=it).duplicates for it in ("a", "b")] == [0, 1]
    do("alice", "coin", id="c")
    assert len(services_store.redis.keys("*:event_ids:*")) == 2


def let_a_span_pass(store, player: str) -> None:
    """Make the ids of each span those of the span before."""
    now = int(store.redis.time()[0]) // settings.GAMIFY_EVENT_TTL
    for span in (now - 2, now - 1, now):
        key = keys.event_ids(shards.of(player), span)
        if store.redis.exists(key):
            store.redis.rename(key, keys.event_ids(shards.of(player), span - 1))


def test_an_id_is_its_players_own():
    """Four players report one match."""
    make("ten")
    match = [Event(player, "coin", 4, id="match-77") for player in ("alice", "bob", "charlie", "dora")]
    assert (events.record(match).accepted, events.record(match).duplicates) == (4, 4)
    assert [progress.get(event.player, "ten").progress for event in match] == [4, 4, 4, 4]


def test_clocks_of_those_who_report_do_not_matter_for_ids(clock):
    make("ten")
    midnight = clock.now().replace(hour=0, minute=0, second=1)
    for hours in (24, 23.99, 0, 48, -48, 24):
        with site_clock.frozen(midnight + timedelta(hours=hours)):
            do("alice", "coin", id="a")
    assert progress.get("alice", "ten").progress == 1


def test_latest_goes_by_the_time_of_the_event(clock):
    make_board("mood", action="mood", combine="last", windows=("all", "day"), grace_hours=24)
    yesterday = clock.now() - timedelta(days=1)
    reports = ((5, clock.now()), (7, yesterday), (6, yesterday - timedelta(hours=1)), (4, clock.now()))
    for value, at in reports:
        do("alice", "mood", value=value, at=at)
    assert ranking.standing("mood", "alice").score == 4  # of the same moment what arrives last
    assert ranking.standing("mood", "alice", window="day", period=yesterday.date().isoformat()).score == 7
    do("alice", "mood", value=1, at=clock.now() - timedelta(seconds=1))
    assert ranking.standing("mood", "alice").score == 4
    scores.submit("mood", "alice", 2, at=yesterday)
    assert ranking.standing("mood", "alice").score == 4
    scores.increment("mood", "alice", 1)
    scores.set("mood", "bob", 9)
    assert ranking.standing("mood", "alice").score == 5
    scores.set("mood", "alice", 3, at=yesterday)
    assert ranking.standing("mood", "alice").score == 3


def test_latest_is_the_same_in_one_batch_and_in_several(clock):
    make_board("mood", action="mood", combine="last")
    now = clock.now()
    reports = [(value, now - timedelta(minutes=ago)) for value, ago in ((1, 3), (2, 1), (3, 2))]
    events.record([Event("alice", "mood", value=value, at=at) for value, at in reports])
    for value, at in reports:
        do("bob", "mood", value=value, at=at)
    assert [ranking.standing("mood", player).score for player in ("alice", "bob")] == [2, 2]


def test_latest_of_hidden_players_goes_by_the_time_too(clock):
    make_board("mood", action="mood", combine="last")
    do("alice", "mood", value=5)
    moderation.hide("alice", "a cheater", by="root")
    do("alice", "mood", value=7, at=clock.now() - timedelta(hours=1))
    moderation.show("alice", "a mistake", by="root")
    assert ranking.standing("mood", "alice").score == 5


def test_nothing_is_left_of_when_a_score_was_reported(services_store):
    make_board("mood", action="mood", combine="last", max_entries=2)
    for number, player in enumerate(("alice", "bob", "charlie", "dora")):
        do(player, "mood", value=number)
    times = services_store.redis.keys("*:times:*")
    assert {name for key in times for name in services_store.redis.hkeys(key)} == {b"charlie", b"dora"}
    players.delete("charlie")
    scores.remove("mood", "dora")
    assert services_store.redis.keys("*:times:*") == []
    moderation.hide("alice", "a cheater", by="root")
    make_board("calm", action="calm", combine="last")
    do("alice", "calm", value=9)
    boards.delete("calm")
    assert services_store.redis.keys("*:times:*") == []


def test_board_skips_an_event_without_a_value():
    """A finished lap without a time must not be ahead of every honest one."""
    make_board("laps", action="lap", combine="best", order="asc", decimals=2)
    make_board("last-lap", action="lap", combine="last", decimals=2)
    make_board("driven", action="lap")
    make("ten", action="lap")
    given = Decimal("61.25")
    outcome = events.record(
        [Event("alice", "lap"), Event("alice", "lap", value=given), Event("bob", "lap", 60), Event("bob", "")]
    )
    assert (outcome.accepted, list(outcome.rejected)) == (3, [3])
    assert {place: sorted(found) for place, found in outcome.skipped.items()} == {0: ["laps", "last-lap"]}
    assert brief(ranking.top("laps")) == [(1, "bob", 60), (2, "alice", given)]
    assert ranking.standing("last-lap", "alice").score == given
    assert brief(ranking.top("driven")) == [(1, "bob", 60), (2, "alice", 2)]
    assert progress.get("alice", "ten").progress == 2


def test_duplicates_are_not_skipped_and_batches_say_again_what_was():
    make_board("laps", action="lap", combine="best")
    first = events.record([Event("alice", "lap", id="a")], idempotency_key="once")
    assert first.skipped == {0: ["laps"]}
    assert events.record([Event("alice", "lap", id="a")], idempotency_key="once") == first
    assert do("alice", "lap", id="a").skipped == {}


def test_a_value_that_a_board_cannot_take_costs_no_other_event():
    make_board("laps", action="lap", combine="best", decimals=2)
    outcome = events.record(
        [Event("alice", "lap", value=value) for value in (60 + 8.29, EXACT, 10**13, Decimal("NaN"), float("inf"), 1)]
    )
    assert list(outcome.rejected) == [1, 3, 4]
    assert ranking.standing("laps", "alice").score == 10**13


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


def test_batch_that_broke_off_is_cut_again_as_it_was_then(monkeypatch):
    """Else what the first call has applied would be applied by the second of other cuts as well."""
    monkeypatch.setattr(events, "MOST_TOUCHED_A_CALL", 12)
    make("ten", target=100)
    batch = [Event(player, "coin") for _ in range(10) for player in ("alice", "bob")]
    with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
        calls = iter([applying.apply])
        patch.setattr(applying, "apply", lambda chunks: next(calls, _fail)(chunks))
        events.record(batch, idempotency_key="once")
    make_board(action="coin")
    make("eleven", target=11)
    for _ in range(2):
        assert events.record(batch, idempotency_key="once").accepted == 20
    assert [progress.get(player, "ten").progress for player in ("alice", "bob")] == [10, 10]


def _fail(_chunks: object) -> None:
    raise StoreUnavailable("The process was killed.")


def test_batch_that_is_sent_again_is_answered_by_the_definitions_of_then():
    batch = [Event("alice", "coin"), Event("bob", "whistle"), Event("no one", "gong")]
    first = events.record(batch, idempotency_key="once")
    assert first.no_listeners == ["coin", "whistle"]
    make("ten")
    make_board("whistles", action="whistle")
    assert events.record(batch, idempotency_key="once") == first


def test_batch_is_answered_again_after_its_board_is_changed_or_deleted():
    made = make_board("coins", action="coin")
    batch = [Event("alice", "coin"), Event("bob", "coin")]
    first = events.record(batch, idempotency_key="once")
    boards.define(replace(made, windows=("season",), seasons=(season("over", "2020-01-01", "2021-01-01"),)))
    assert events.record(batch, idempotency_key="once") == first
    boards.delete("coins")
    assert events.record(batch, idempotency_key="once") == first


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
    do("alice", "coin", amount=4_000_000)
    outcome = do("alice", "coin", amount=1_000_000)
    assert list(outcome.rejected) == [0]
    assert progress.get("alice", "ten").progress == 4_000_000
    assert ranking.standing("coins", "alice").score == 4_000_000


def test_event_that_was_refused_may_be_sent_again_under_its_id():
    make("ten", target=10**9)
    do("alice", "coin", amount=2**53 - 1)
    assert [do("alice", "coin", id="a").rejected.keys() for _ in range(2)] == [{0}, {0}]
    players.delete("alice")
    assert do("alice", "coin", id="a").accepted == 1


def test_windows_go_by_the_time_of_the_event(clock):
    make_board("coins", action="coin", windows=("all", "day"), grace_hours=48)
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
