"""Who was not seen for long leaves the boards, keeps everything, and is back with whatever they do next."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from achievements.definitions import Event
from achievements.services import backfill, events, progress
from achievements.services import integrity as achievement_integrity
from gamify_site.ops import integrity
from gamify_site.players import services as players
from gamify_site.store import keys, replacing, shards
from leaderboards.definitions import EXACT
from leaderboards.errors import InsufficientBalance
from leaderboards.services import away, boards, moderation, ranking, scores, seasons
from leaderboards.services import integrity as board_integrity
from tests import snapshots
from tests.achievements.builders import do, make
from tests.builders import brief, crowd, ids, make_board, make_player, season
from tests.conftest import Store

pytestmark = pytest.mark.usefixtures("services_store")


def clean() -> None:
    assert [*achievement_integrity.check(), *board_integrity.check(), *integrity.check()] == []


def test_who_was_not_seen_for_thirty_days_leaves_and_bob_stays(clock):
    make_player("alice", country="SE")
    make_board(segment_by="country", ties="dense", entries={"alice": 9, "bob": 5})
    clock.advance(days=30)
    scores.submit("coins", "bob", 1)
    assert away.leave_due() == 0
    clock.advance(seconds=1)
    assert away.leave_due() == 1
    assert brief(ranking.top("coins", 9)) == [(1, "bob", 6)]
    assert ranking.top("coins", 9, segment="SE") == []
    assert moderation.absence("alice") == (False, datetime(2082, 11, 20, 12, tzinfo=UTC))
    assert not moderation.is_hidden("alice")
    clean()


def test_zero_days_mean_never(clock, settings):
    settings.GAMIFY_INACTIVE_DAYS = 0
    make_board(entries={"alice": 9})
    clock.advance(days=3000)
    assert away.leave_due() == 0
    assert ids(ranking.top("coins", 9)) == ["alice"]


@pytest.mark.parametrize("come_back", ["event", "score", "progress", "batch"])
def test_next_event_brings_everything_back(clock, come_back):
    make_player("alice", country="SE")
    make("ten", points=5)
    make_board("coins", action="coin", segment_by="country")
    make_board("laps", order="asc", ties="dense", entries={"alice": 7, "bob": 8})
    do("alice", "coin", amount=10)
    clock.advance(days=31)
    scores.submit("laps", "bob", 9)
    assert away.leave_due() == 1
    assert ranking.standing(boards.POINTS, "alice") is None
    {
        "event": lambda: do("alice", "coin", amount=2),
        "score": lambda: scores.increment("coins", "alice", 2),
        "batch": lambda: scores.submit_many("coins", {"alice": 2, "charlie": 1}),
        "progress": lambda: (progress.increment("alice", "ten"), scores.increment("coins", "alice", 2)),
    }[come_back]()
    assert ranking.standing("coins", "alice").score == 12
    assert ids(ranking.top("coins", 9, segment="SE")) == ["alice"]
    assert ranking.standing("laps", "alice").score == 7
    assert ranking.standing(boards.POINTS, "alice").score == 5
    assert moderation.absence("alice") == (False, None)
    assert away.leave_due() == 0
    clean()


def test_who_comes_back_into_the_top_makes_no_news_and_keeps_the_previous_rank(clock):
    make_board(entries={"alice": 9, "bob": 5})
    clock.advance(days=31)
    away.leave_due()
    scores.submit("coins", "charlie", 7)
    update = scores.increment("coins", "alice", 1)
    assert (update.score, update.rank, update.previous_rank) == (10, 1, 1)


def test_backfill_brings_nobody_back_and_counts_on(clock):
    make("ten", points=5)
    do("alice", "coin", amount=10)
    clock.advance(days=31)
    away.leave_due()
    make("five", target=5, points=3)
    backfill.recompute()
    make("ten", points=7)
    backfill.recompute()
    assert ranking.size(boards.POINTS) == 0
    clean()
    do("alice", "lap")
    assert ranking.standing(boards.POINTS, "alice").score == players.get("alice").points


def test_past_periods_stay_as_they_are(clock):
    make_board(windows=("month", "season"), seasons=(season("long", "2082-11-01", "2083-11-01"),), entries={"alice": 9})
    clock.set(datetime(2082, 12, 31, tzinfo=UTC))
    assert away.leave_due() == 1
    assert ids(ranking.top("coins", 9, window="month", period="2082-11")) == ["alice"]
    assert ranking.size("coins", window="season") == 0
    clean()
    assert [it.size for it in seasons.close_due()] == [1]


def test_staff_hide_who_is_away_for_real_and_show_brings_back(clock):
    make_board(windows=("all", "month"), entries={"alice": 9})
    clock.advance(days=31)
    away.leave_due()
    assert moderation.hide("alice", "two aces", by="root")
    assert moderation.absence("alice") == (True, None)
    assert ranking.size("coins", window="month", period="2082-11") == 0
    scores.increment("coins", "alice", 1)
    assert ranking.size("coins") == 0
    assert moderation.show("alice", "no cheat", by="root")
    assert ranking.standing("coins", "alice").score == 10
    clean()


def test_shown_player_stays_until_seen_and_gone_again(clock):
    make_board(entries={"alice": 9})
    clock.advance(days=31)
    away.leave_due()
    assert moderation.show("alice", "asked for it", by="root")
    assert moderation.absence("alice") == (False, None)
    assert away.leave_due() == 0
    scores.increment("coins", "alice", 1)
    clock.advance(days=31)
    assert away.leave_due() == 1


def test_hidden_player_is_not_away(clock):
    make_board(entries={"alice": 9})
    moderation.hide("alice", "two aces", by="root")
    clock.advance(days=31)
    assert away.leave_due() == 0
    assert moderation.is_hidden("alice")


def test_deleted_while_away_leaves_no_trace(clock, services_store):
    make_board(entries={"alice": 9})
    clock.advance(days=31)
    away.leave_due()
    players.delete("alice")
    left = [key for key in services_store.redis.scan_iter() if b"alice" in key]
    assert left == []
    assert services_store.redis.zscore(keys.away(shards.of("alice")), "alice") is None


def test_a_crowd_leaves_in_steps_and_comes_back_with_one_batch(clock):
    make_board(max_entries=250, entries=crowd(250))
    clock.advance(days=31)
    assert away.leave_due() == 250
    scores.submit_many("coins", dict.fromkeys(crowd(250), 1))
    assert brief(ranking.top("coins", 2)) == [(1, "p0001", 251), (2, "p0002", 250)]
    assert ranking.size("coins") == 250
    clean()


def test_returning_to_a_full_board_trims_it(clock):
    make_board("laps", max_entries=2, entries={"alice": 9})
    make_board("coins", action="coin")
    clock.advance(days=31)
    away.leave_due()
    scores.submit_many("laps", {"bob": 5, "charlie": 7})
    events.record([Event("alice", "coin")])
    assert ids(ranking.top("laps", 9)) == ["alice", "charlie"]
    clean()


def test_killed_in_the_middle_is_gone_on_with(clock, monkeypatch):
    make_board(entries=crowd(120))
    clock.advance(days=31)
    calls: list[int] = []
    take_off = away._take_off

    def fail(*arguments):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return take_off(*arguments)

    monkeypatch.setattr(away, "_take_off", fail)
    with pytest.raises(KeyboardInterrupt):
        away.leave_due()
    assert 0 < ranking.size("coins") < 120
    away.leave_due()
    assert ranking.size("coins") == 0


def test_leaving_and_returning_are_told_to_live_pages(clock):
    make_board(entries={"alice": 9})
    first = ranking.version("coins")
    clock.advance(days=31)
    away.leave_due()
    second = ranking.version("coins")
    do("alice", "anything")
    assert len({first, second, ranking.version("coins")}) == 3


def test_how_far_leaving_has_come_does_not_outlive_the_data(clock, monkeypatch, services_store):
    make_board(entries={"alice": 9})
    clock.advance(days=31)
    take_off = away._take_off

    def take_off_and_replace(*arguments):
        left = take_off(*arguments)
        with replacing.all_data("other data"):
            pass
        return left

    monkeypatch.setattr(away, "_take_off", take_off_and_replace)
    assert away.leave_due() == 1
    assert not services_store.redis.exists(keys.away_until(shards.of("alice")))


def refused_spend() -> None:
    with pytest.raises(InsufficientBalance):
        scores.spend("coins", "alice", 100)


def refused_event() -> None:
    assert len(events.record([Event("alice", "coin", EXACT)]).rejected) == 1


def refused_batch() -> None:
    """With more players than one script call puts back."""
    with pytest.raises(ValidationError, match=r"left out: p0001, .* and others"):
        scores.submit_many("coins", dict.fromkeys(crowd(40), EXACT))


@pytest.mark.parametrize("refused", [refused_spend, refused_event, refused_batch])
def test_who_comes_back_for_something_that_is_refused_leaves_again(clock, refused):
    make_board(action="coin", entries={"alice": 9, **crowd(40)})
    clock.advance(days=31)
    assert away.leave_due() == 41
    refused()
    clock.advance(days=31)
    assert ranking.size("coins") > 0
    away.leave_due()
    assert ranking.size("coins") == 0
    clean()


def stored(store: Store) -> list[tuple[bytes, bytes]]:
    return [(key, value) for key, value, _life in snapshots.copy(store)]


@pytest.mark.parametrize(
    "report",
    [
        lambda: do("alice", "coin", amount=9, id="a"),
        lambda: scores.submit("coins", "alice", 9, id="a"),
        lambda: scores.spend("coins", "alice", 1, id="a"),
        lambda: scores.submit_many("coins", [("alice", 9, "a")]),
    ],
    ids=["event", "score", "spend", "batch"],
)
@pytest.mark.parametrize("fields", [{}, {"combine": "last"}, {"ties": "earliest", "segment_by": "country"}])
def test_what_is_sent_again_changes_nothing(clock, services_store, report, fields):
    """It neither counts as seen, so that players who only repeat themselves leave, nor brings anybody back."""
    make("ten")
    make_board(action="coin", **fields, entries={"alice": 7, "bob": 5})
    report()
    clock.advance(days=29)
    before = stored(services_store)
    report()
    assert stored(services_store) == before
    clock.advance(days=2)
    assert away.leave_due() == 2
    before = stored(services_store)
    report()
    assert stored(services_store) == before
    assert moderation.absence("alice")[1] is not None
    clean()


def test_players_who_left_by_a_clock_that_was_ahead_are_back_with_the_next_look(clock, settings):
    make_board(windows=("all", "day"), entries={"alice": 9, "bob": 5, "charlie": 3, "dora": 2})
    moderation.hide("dora", "two aces", by="root")
    now = clock.now()
    clock.advance(days=365)
    assert away.leave_due() == 3
    clock.set(now)
    assert away.leave_due() == 0
    assert brief(ranking.top("coins")) == [(1, "alice", 9), (2, "bob", 5), (3, "charlie", 3)]
    clock.advance(days=20)
    scores.submit("coins", "bob", 1)
    clock.advance(days=11)
    assert away.leave_due() == 2
    assert brief(ranking.top("coins")) == [(1, "bob", 6)]
    settings.GAMIFY_INACTIVE_DAYS = 40
    assert away.leave_due() == 0
    assert ranking.size("coins") == 3
