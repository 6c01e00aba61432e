"""Contracts of the scripts of `leaderboards` that close periods and keep winners and final ranks."""

from datetime import UTC, datetime

import pytest

from gamify_site.store import catalog, keys, shards
from leaderboards.services import archive, boards, closings, scores, seasons
from leaderboards.services.closings import Mark
from tests.builders import brief, make_board
from tests.contract.contracts import contract

pytestmark = [pytest.mark.every_store, pytest.mark.usefixtures("services_store")]

ENTRIES = {"alice": 30, "bob": 20, "charlie": 20, "dora": 10}
RANKED = [(1, "alice", 30), (2, "charlie", 20), (2, "bob", 20), (4, "dora", 10)]
DAY = "2082-11-20"


@contract("leaderboards/close_period")
def test_first_players_of_a_closed_period_are_kept(services_store, clock, monkeypatch):
    monkeypatch.setattr(seasons, "KEPT", 2)
    make_board(windows=("day",), entries=ENTRIES | {"erin": 5, "zoe": 15})
    clock.advance(days=9)
    assert seasons.close_due() == [("coins", DAY, 6)]
    for shard in shards.everyone():
        there = services_store.redis.zrevrange(keys.board(shard, "coins", DAY), 0, 1, withscores=True)
        assert services_store.redis.zrevrange(keys.final_top(shard, "coins", DAY), 0, -1, withscores=True) == there
        closed_at = int(clock.now().timestamp())
        closed = services_store.redis.zrange(keys.final_periods(shard), 0, -1, withscores=True)
        assert closed == [(f"coins:{DAY}".encode(), closed_at)]
        assert 0 < services_store.redis.ttl(keys.final_periods(shard)) <= 8 * 86400
    (past,) = seasons.past("coins", winners=2)
    assert (past.size, brief(past.winners)) == (6, RANKED[:2])
    scores.submit("coins", "alice", 1)
    clock.advance(days=9)
    seasons.close_due()
    for shard in shards.everyone():
        assert services_store.redis.zrange(keys.final_periods(shard), 0, -1) == [b"coins:2082-11-29"]


@contract("leaderboards/read_entries")
def test_entries_are_read_in_steps_without_a_gap(clock, monkeypatch):
    monkeypatch.setattr(archive, "STEP_READ", 1)
    make_board(windows=("day",), entries=ENTRIES)
    clock.advance(days=9)
    seasons.close_due()
    found = {player: [(it.rank, it.score, it.size) for it in seasons.final_ranks(player)] for player in ENTRIES}
    assert found == {player: [(rank, score, 4)] for rank, player, score in RANKED}


@contract("leaderboards/write_final_ranks")
def test_final_ranks_of_the_latest_periods_are_kept(services_store, clock, monkeypatch):
    monkeypatch.setattr(archive, "MOST_KEPT", 2)
    make_board(windows=("day", "week", "month"), entries=ENTRIES)
    clock.advance(days=40)
    assert len(seasons.close_due()) == 3
    shard, redis = shards.of("charlie"), services_store.redis
    assert redis.hgetall(keys.final_ranks(shard, "charlie")) == {
        b"coins:2082-W47": b"2:20:4",
        b"coins:2082-11": b"2:20:4",
    }


@contract("leaderboards/mark_closed")
def test_period_is_marked_only_by_the_holder_of_its_lock(services_store, clock):
    make_board(windows=("day",))
    lock, now = keys.closing("coins", DAY), int(clock.now().timestamp() * 1000)
    services_store.redis.set(lock, "mine")
    closings.begin(boards.get("coins"), DAY).finish(4)
    assert closings.marks("coins") == {DAY: Mark(now, 4)}
    for interrupt in (lambda: services_store.redis.set(lock, "theirs"), lambda: make_board("laps")):
        closing = closings.begin(boards.get("coins"), DAY)
        interrupt()
        with pytest.raises(closings.Interrupted):
            closing.finish(5)
    assert closings.marks("coins") == {DAY: Mark(now, 4)}


@contract("leaderboards/open_periods")
def test_marked_periods_are_reopened_and_their_locks_removed(services_store):
    redis, lock = services_store.redis, keys.closing("coins", DAY)
    redis.set(lock, "mine")
    redis.hset(keys.closed_periods("coins"), DAY, '{"at": 3562401600000, "size": 4}')
    closings.open_again([("coins", DAY), ("coins", "2082-11"), ("coins", "all")])
    assert closings.marks("coins") == {DAY: Mark(0, 4)}
    assert not redis.exists(lock)


@contract("leaderboards/plan_periods")
def test_period_is_planned_by_the_mark_that_it_has(services_store):
    board, redis = make_board(windows=("day",)), services_store.redis
    version = catalog.current_version()
    final = datetime(2082, 11, 21, 1, tzinfo=UTC).timestamp()
    closings.plan(board, [DAY, "season-autumn"], version)
    assert redis.zrange(keys.due_periods(), 0, -1, withscores=True) == [(f"coins:{DAY}".encode(), final)]
    redis.hset(keys.closed_periods("coins"), DAY, '{"at": 3562401600000, "size": 4}')
    closings.plan(board, [DAY], version)
    assert redis.zscore(keys.due_periods(), f"coins:{DAY}") == closings.expires(board, DAY)
    closings.open_again([("coins", DAY)])
    assert redis.zscore(keys.due_periods(), f"coins:{DAY}") == 0
    closings.plan(board, [DAY], "another version")
    assert redis.zscore(keys.due_periods(), f"coins:{DAY}") == 0
    closings.plan(board, [DAY], version, {DAY: None})
    assert not redis.exists(keys.due_periods())
