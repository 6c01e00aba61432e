"""Contracts of the scripts of `leaderboards` that close periods and keep winners and final ranks."""

import pytest

from gamify_site.store import keys, shards
from leaderboards.services import archive, closings, seasons
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
    (past,) = seasons.past("coins", winners=2)
    assert (past.size, brief(past.winners)) == (6, RANKED[:2])


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
    closings.begin("coins", DAY).finish(4)
    assert closings.marks("coins") == {DAY: Mark(now, 4)}
    for interrupt in (lambda: services_store.redis.set(lock, "theirs"), lambda: make_board("laps")):
        closing = closings.begin("coins", DAY)
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
