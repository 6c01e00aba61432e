"""Periods that are over keep their winners for good, are closed once, and forget who is deleted."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from gamify_site.players import services as players
from gamify_site.store import catalog
from leaderboards.errors import UnknownBoard
from leaderboards.services import boards, ranking, scores, seasons
from tests.builders import brief, crowd, make_board, make_player, season

pytestmark = pytest.mark.usefixtures("services_store")


def test_period_is_closed_when_no_event_can_change_it_any_more(clock):
    make_board(windows=("day", "all"), entries={"alice": 9, "bob": 5, "charlie": 9})
    day = clock.now().date().isoformat()
    clock.set(datetime(2082, 11, 27, 23, 59, tzinfo=UTC))
    assert seasons.close_due() == []
    clock.set(datetime(2082, 11, 28, 0, 0, tzinfo=UTC))
    assert seasons.close_due() == [("coins", day, 3)]
    assert seasons.close_due() == []


def test_with_a_short_retention_it_is_closed_before_the_data_goes(clock):
    make_board(windows=("day",), retention_days=2, entries={"alice": 9})
    clock.set(datetime(2082, 11, 22, 0, 0, tzinfo=UTC))
    assert len(seasons.close_due()) == 1


def test_winners_outlive_the_data(clock, services_store):
    make_player("alice", name="Alice Hartley")
    make_board(windows=("week",), ties="dense", decimals=1, entries={"alice": 9, "bob": 5, "charlie": 9})
    clock.advance(days=30)
    before = seasons.past("coins", winners=9)
    assert [it.is_final for it in before] == [False]
    seasons.close_due()
    for key in services_store.redis.scan_iter(match="*board:coins:2082*"):
        services_store.redis.delete(key)
    (after,) = seasons.past("coins", winners=9)
    assert (after.window, after.period, after.size, after.is_final) == ("week", "2082-W47", 3, True)
    assert brief(after.winners) == brief(before[0].winners) == [(1, "charlie", 9), (1, "alice", 9), (2, "bob", 5)]
    assert {row.name for row in after.winners} == {"Alice Hartley", "bob", "charlie"}


def test_first_hundred_of_each_shard_are_kept(clock):
    make_board(windows=("day",), entries=crowd(250))
    clock.advance(days=9)
    seasons.close_due()
    (past,) = seasons.past("coins", winners=100)
    assert past.size == 250
    assert [row.player for row in past.winners] == [f"p{rank:04}" for rank in range(1, 101)]


def test_all_time_and_current_periods_are_never_closed(clock):
    make_board(windows=("all", "month"), entries={"alice": 9})
    clock.set(datetime(2082, 11, 30, 23, 59, tzinfo=UTC))
    assert seasons.close_due() == []
    assert seasons.past("coins") == []


def test_seasons_are_closed_by_the_board_s_own_midnight(clock):
    board = make_board(
        windows=("season",), seasons=(season("autumn", "2082-11-01", "2082-11-22"),), timezone="Pacific/Auckland"
    )
    scores.submit(board.slug, "alice", 9)
    clock.set(datetime(2082, 11, 21, 10, 59, tzinfo=UTC) + timedelta(days=7))
    assert seasons.close_due() == []
    clock.advance(minutes=1)
    assert [it.suffix for it in seasons.close_due()] == ["season-autumn"]


def test_two_who_close_at_once_close_once(clock):
    for slug in ("coins", "laps", "jumps"):
        make_board(slug, windows=("day", "week"), entries=crowd(30))
    clock.advance(days=20)
    catalog.snapshot()
    with ThreadPoolExecutor(4) as pool:
        found = [closed for part in pool.map(lambda _: seasons.close_due(), range(4)) for closed in part]
    assert sorted(found) == sorted(set(found))
    assert len(found) == 6


def test_deleted_player_is_no_winner_any_more(clock, services_store):
    make_board(windows=("day",), entries={"alice": 9, "bob": 5})
    clock.advance(days=9)
    seasons.close_due()
    players.delete("alice")
    assert brief(seasons.past("coins")[0].winners) == [(1, "bob", 5)]
    for key in services_store.redis.scan_iter(match="*final_top*"):
        assert services_store.redis.zscore(key, "alice") is None


def test_deleted_board_leaves_no_winners(clock, services_store):
    make_board(windows=("day",), entries={"alice": 9})
    clock.advance(days=9)
    seasons.close_due()
    boards.delete("coins")
    assert not [key for key in services_store.redis.scan_iter() if b"final_top" in key or b"closed" in key]
    with pytest.raises(UnknownBoard):
        seasons.past("coins")


def test_latest_periods_come_first(clock):
    make_board(windows=("day",))
    for _ in range(4):
        scores.submit("coins", "alice", 1)
        clock.advance(days=1)
    assert [it.period for it in seasons.past("coins", limit=3)] == ["2082-11-23", "2082-11-22", "2082-11-21"]
    assert ranking.size("coins") == 0
