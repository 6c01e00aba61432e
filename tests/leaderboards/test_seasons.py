"""Periods that are over keep their winners beyond their data, are closed once, and forget who is deleted."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from achievements.definitions import Event
from achievements.services import events
from gamify_site.players import services as players
from gamify_site.store import catalog, keys, replacing, shards
from gamify_site.store.errors import StoreUnavailable
from leaderboards.errors import UnknownBoard
from leaderboards.services import archive, away, boards, moderation, ranking, scores, seasons
from tests.builders import brief, crowd, make_board, make_player, season

pytestmark = pytest.mark.usefixtures("services_store")


def test_period_is_closed_when_no_event_can_change_it_any_more(clock):
    make_board(windows=("day", "all"), entries={"alice": 9, "bob": 5, "charlie": 9})
    day = clock.now().date().isoformat()
    clock.set(datetime(2082, 11, 21, 0, 59, tzinfo=UTC))
    assert seasons.close_due() == []
    clock.set(datetime(2082, 11, 21, 1, 0, tzinfo=UTC))
    assert seasons.close_due() == [("coins", day, 3)]
    assert seasons.close_due() == []


def test_short_retention_closes_no_period_that_an_event_can_still_change(clock):
    make_board(action="coin", windows=("day", "all"), retention_days=2, grace_hours=168, entries={"alice": 5})
    clock.set(datetime(2082, 11, 27, 23, 0, tzinfo=UTC))
    assert seasons.close_due() == []
    events.record([Event("bob", "coin", 50, at=clock.now() - timedelta(days=7))])
    clock.advance(hours=1)
    assert seasons.close_due() == [("coins", "2082-11-20", 2)]
    assert told("bob") == [("coins", "2082-11-20", 1, 50, 2)]


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
    clock.set(datetime(2082, 11, 21, 11, 59, tzinfo=UTC))
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


def told(player: str) -> list[tuple[str, str, int, object, int]]:
    return [(it.board.slug, it.period, it.rank, it.score, it.size) for it in seasons.final_ranks(player)]


@pytest.mark.parametrize(("ties", "last"), [("shared", 4), ("dense", 3), ("earliest", 4), ("unlocks", 4)])
def test_everybody_s_final_rank_follows_the_tie_rule_over_all_shards(clock, ties, last):
    make_board(windows=("week",), ties=ties, decimals=1, order="asc")
    for player, score in (("alice", 1), ("bob", 2), ("charlie", 2), ("dora", 3)):
        scores.submit("coins", player, score)
    expected = {row.player: row.rank for row in ranking.top("coins", 9)}
    clock.advance(days=20)
    seasons.close_due()
    found = {player: told(player) for player in expected}
    assert found == {row: [("coins", "2082-W47", rank, found[row][0][3], 4)] for row, rank in expected.items()}
    assert (found["alice"][0][2], found["alice"][0][3], found["dora"][0][2]) == (1, 1, last)


def test_ranks_of_a_crowd_are_as_the_board_shows_them(clock):
    entries = {player: score // 3 for player, score in crowd(1300).items()}
    make_board(windows=("day",), ties="dense", entries=entries)
    rows, cursor = ranking.page("coins", limit=1000)
    rows += ranking.page("coins", limit=1000, after=cursor)[0]
    clock.advance(days=9)
    seasons.close_due()
    asked = rows[::97] + rows[-1:]
    assert [seasons.final_ranks(row.player)[0].rank for row in asked] == [row.rank for row in asked]


def test_player_who_leaves_while_a_period_is_read_leaves_no_gap(clock, monkeypatch):
    monkeypatch.setattr(archive, "STEP_READ", 3)
    make_board(windows=("day",), entries=crowd(30))
    clock.advance(days=9)
    run, deleted = catalog.run, []

    def read_and_lose_the_last(script, *arguments, **options):
        replies = run(script, *arguments, **options)
        if script == "leaderboards/read_entries" and not deleted:
            deleted.append(replies[0][-2].decode())
            players.delete(deleted[0])
        return replies

    monkeypatch.setattr(catalog, "run", read_and_lose_the_last)
    seasons.close_due()
    assert told(deleted[0]) == []
    assert all(len(told(player)) == 1 for player in crowd(30) if player not in deleted)


def test_hidden_players_have_no_final_rank(clock):
    make_board(windows=("day",), entries={"alice": 9, "bob": 5, "charlie": 3})
    moderation.hide("alice", "two aces", by="root")
    clock.advance(days=9)
    seasons.close_due()
    assert told("alice") == []
    assert told("bob") == [("coins", "2082-11-20", 1, 5, 2)]
    moderation.hide("bob", "two aces", by="root")
    assert told("bob") == []
    moderation.show("bob", "a mistake", by="root")
    assert len(told("bob")) == 1


def test_away_players_keep_theirs(clock):
    make_board(windows=("day", "all"), entries={"alice": 9})
    clock.advance(days=40)
    away.leave_due()
    seasons.close_due()
    assert told("alice") == [("coins", "2082-11-20", 1, 9, 1)]


def test_latest_hundred_final_ranks_are_kept(clock, monkeypatch, services_store):
    monkeypatch.setattr(archive, "MOST_KEPT", 4)
    autumn = season("autumn", "2082-11-25", "2082-11-28")
    make_board(windows=("day", "week", "month", "season"), seasons=(autumn,), retention_days=300)
    for _ in range(15):
        scores.submit("coins", "alice", 1)
        clock.advance(days=1)
    clock.advance(days=60)
    seasons.close_due()
    assert [it[1] for it in told("alice")] == ["2082-12", "2082-W49", "2082-12-04", "2082-12-03"]
    key = keys.final_ranks(shards.of("alice"), "alice")
    assert services_store.redis.hlen(key) == 4


def test_closing_that_died_is_done_again(clock, monkeypatch, services_store):
    make_board(windows=("day",), entries=crowd(250))
    clock.advance(days=9)
    run = catalog.run
    calls: list[str] = []

    def die(script, *arguments, **options):
        calls.append(script)
        if calls.count("leaderboards/write_final_ranks") == 2:
            raise KeyboardInterrupt
        return run(script, *arguments, **options)

    monkeypatch.setattr(catalog, "run", die)
    with pytest.raises(KeyboardInterrupt):
        seasons.close_due()
    assert services_store.redis.hgetall(keys.closed_periods("coins")) == {}
    monkeypatch.setattr(catalog, "run", run)
    assert seasons.close_due() == [("coins", "2082-11-20", 250)]
    assert [told(player)[0][2] for player in ("p0001", "p0100", "p0250")] == [1, 100, 250]


def test_lock_of_one_who_was_killed_keeps_others_out_for_its_life_alone(clock, monkeypatch, services_store):
    monkeypatch.setattr(seasons, "LOCK_LIFE", 2.0)
    make_board(windows=("day",), entries={"alice": 9})
    clock.advance(days=9)
    services_store.redis.set(keys.closing("coins", "2082-11-20"), "killed", px=200)
    assert len(seasons.close_due()) == 1
    assert not services_store.redis.exists(keys.closing("coins", "2082-11-20"))


def test_deleted_player_and_deleted_board_leave_no_final_rank(clock, services_store):
    make_board(windows=("day",), entries={"alice": 9, "bob": 5})
    clock.advance(days=9)
    seasons.close_due()
    players.delete("alice")
    assert not [key for key in services_store.redis.scan_iter() if b"alice" in key]
    boards.delete("coins")
    make_board(windows=("day",))
    assert told("bob") == []
    assert not [key for key in services_store.redis.scan_iter() if b"final_ranks" in key]


def test_final_ranks_are_stored_small(clock, services_store):
    make_board(windows=("day",), entries={"alice": 9})
    clock.advance(days=9)
    seasons.close_due()
    key = keys.final_ranks(shards.of("alice"), "alice")
    assert services_store.redis.hgetall(key) == {b"coins:2082-11-20": b"1:9:1"}


def test_nothing_but_the_archive_outlives_a_season_s_retention(clock, services_store):
    """Whatever has no life time of its own would stay for good."""
    make_player("alice", country="SE")
    autumn = season("autumn", "2082-11-01", "2082-12-01")
    make_board(windows=("season",), seasons=(autumn,), ties="dense", segment_by="country", entries={"alice": 9})
    redis = services_store.redis
    ends = datetime(2082, 12, 1, tzinfo=UTC) + timedelta(days=90)
    of_season = [key for key in redis.scan_iter() if b"autumn" in key]
    assert len(of_season) == 5  # ranked set, levels, the same of the segment, and its name
    now = datetime.now(UTC)
    assert all(abs(redis.ttl(key) - (ends - now).total_seconds()) < 60 for key in of_season)
    clock.set(ends + timedelta(seconds=1))
    seasons.close_due()
    for key in of_season:
        redis.delete(key)  # as the server does when their time has come
    seasons.close_due()
    left = {key.split(b"}:")[1].split(b":")[0] for key in redis.scan_iter() if b"autumn" in key}
    assert left == {b"final_top"}
    assert [redis.zcard(keys.board_windows(shard, "coins")) for shard in shards.everyone()] == [0] * shards.count()
    assert seasons.past("coins")[0].is_kept is False
    assert told("alice") == [("coins", "autumn", 1, 9, 1)]


def test_latest_periods_come_first(clock):
    make_board(windows=("day",))
    for _ in range(4):
        scores.submit("coins", "alice", 1)
        clock.advance(days=1)
    assert [it.period for it in seasons.past("coins", limit=3)] == ["2082-11-23", "2082-11-22", "2082-11-21"]
    assert ranking.size("coins") == 0


def test_season_that_goes_on_after_its_closing_is_closed_again(clock):
    def define(ends: str, **rules) -> None:
        make_board(windows=("season",), seasons=(season("autumn", "2082-09-01", ends),), **rules)

    define("2082-11-21", entries={"alice": 9, "bob": 5})
    clock.advance(days=9)
    assert len(seasons.close_due()) == 1
    define("2082-12-20", max_entries=2)
    assert told("bob") == []
    assert seasons.past("coins") == []
    scores.submit_many("coins", {"bob": 100, "charlie": 50})
    assert seasons.close_due() == []
    clock.advance(days=40)
    assert seasons.close_due() == [("coins", "season-autumn", 2)]
    assert seasons.close_due() == []
    (past,) = seasons.past("coins")
    assert (past.is_final, brief(past.winners)) == (True, [(1, "bob", 105), (2, "charlie", 50)])
    assert [told(player) for player in ("alice", "bob")] == [[], [("coins", "autumn", 1, 105, 2)]]


def test_season_that_stays_over_stays_closed(clock):
    make_board(windows=("season",), seasons=(season("autumn", "2082-09-01", "2082-11-21"),), entries={"alice": 9})
    clock.advance(days=30)
    seasons.close_due()
    make_board(windows=("season",), seasons=(season("autumn", "2082-09-02", "2082-11-22"),))
    assert [it.is_final for it in seasons.past("coins")] == [True]
    make_board(windows=("season",), seasons=(season("winter", "2082-12-01", "2083-03-01"),))
    make_board(windows=("season",), seasons=(season("autumn", "2082-09-01", "2082-11-21"),))
    assert [it.is_final for it in seasons.past("coins")] == [True]
    assert len(told("alice")) == 1


def winners(**options) -> list[list[tuple[int, str, object]]]:
    return [brief(period.winners) for period in seasons.past("coins", **options)]


def test_cheater_hidden_after_the_closing_is_no_winner_and_all_move_up(clock):
    make_board(windows=("all", "day"), entries={"alice": 9, "bob": 5, "charlie": 3})
    clock.advance(days=9)
    seasons.close_due()
    moderation.hide("alice", "two aces", by="root")
    (live,) = seasons.past("coins")
    assert (live.is_final, live.size) == (False, 2)
    assert winners() == [[(1, "bob", 5), (2, "charlie", 3)]]
    assert seasons.close_due() == [("coins", "2082-11-20", 2)]
    assert winners() == [[(1, "bob", 5), (2, "charlie", 3)]]
    assert told("bob") == [("coins", "2082-11-20", 1, 5, 2)]
    assert seasons.close_due() == []


def test_who_is_removed_after_the_closing_is_no_winner_and_all_move_up(clock):
    make_board(windows=("day",), entries={"alice": 9, "bob": 5})
    clock.advance(days=8)
    seasons.close_due()
    assert scores.remove("coins", "alice")
    seasons.close_due()
    (period,) = seasons.past("coins")
    assert (period.size, brief(period.winners)) == (1, [(1, "bob", 5)])
    assert seasons.final_ranks("alice") == []
    assert [(it.rank, it.size) for it in seasons.final_ranks("bob")] == [(1, 1)]


def test_who_is_shown_after_the_closing_wins(clock):
    make_board(windows=("all", "day"), entries={"alice": 9, "bob": 5})
    moderation.hide("alice", "two aces", by="root")
    clock.advance(days=9)
    seasons.close_due()
    moderation.show("alice", "a mistake", by="root")
    assert winners() == [[(1, "alice", 9), (2, "bob", 5)]]
    assert seasons.close_due() == [("coins", "2082-11-20", 2)]
    assert (told("alice")[0][2], told("bob")[0][2]) == (1, 2)


@pytest.mark.parametrize("come_back", ["score", "event", "crowd"])
def test_who_was_away_at_the_closing_wins_when_they_come_back(clock, come_back):
    make_board(action="coin", windows=("season",), seasons=(season("autumn", "2082-11-20", "2083-01-01"),))
    scores.submit_many("coins", {"alice": 9, "bob": 5, "charlie": 4, "dora": 3, "emil": 2})
    clock.advance(days=40)
    scores.submit("coins", "bob", 1)
    assert away.leave_due() == 4
    make_board("gems", action="coin")
    clock.set(datetime(2083, 1, 9, tzinfo=UTC))
    seasons.close_due()
    assert winners() == [[(1, "bob", 6)]]
    if come_back == "score":
        scores.submit("gems", "alice", 1)
    else:
        back = ["alice"] if come_back == "event" else ["alice", "charlie", "dora", "emil"]
        events.record([Event(player, "coin", 1) for player in back])
    seasons.close_due()
    assert winners()[0][:2] == [(1, "alice", 9), (2, "bob", 6)]
    assert told("alice")[0][2] == 1


def test_who_was_away_at_the_closing_wins_also_where_nobody_heard_that_they_came_back(clock, monkeypatch):
    """The caller dies after the script; the event is sent again, and is a duplicate."""
    make_board(action="coin", windows=("season",), seasons=(season("autumn", "2082-11-20", "2083-01-01"),))
    scores.submit_many("coins", {"alice": 9})
    clock.advance(days=40)
    away.leave_due()
    clock.set(datetime(2083, 1, 9, tzinfo=UTC))
    scores.submit_many(make_board("gems", action="gem").slug, {"bob": 1})
    seasons.close_due()
    event = Event("alice", "gem", 1, id="e-1")
    with monkeypatch.context() as patched, pytest.raises(StoreUnavailable):
        patched.setattr(away, "settle", fail)
        events.record([event])
    assert events.record([event]).duplicates == 1
    seasons.close_due()
    assert winners() == [[(1, "alice", 9)]]


def fail(*_arguments: object) -> None:
    raise StoreUnavailable


def test_hiding_somebody_opens_no_period_that_they_were_not_on(clock):
    make_board(windows=("all", "day"), entries={"alice": 9})
    clock.advance(days=1)
    scores.submit_many("coins", {"bob": 5, "alice": 1})
    clock.advance(days=9)
    assert len(seasons.close_due()) == 2
    moderation.hide("bob", "two aces", by="root")
    assert [it.is_final for it in seasons.past("coins")] == [False, True]


def test_cheater_hidden_while_a_period_is_closed_does_not_win_it(clock, monkeypatch):
    make_board(windows=("all", "day"), entries={"alice": 9, "bob": 5})
    clock.advance(days=9)
    write = archive.write

    def hide_first(*arguments):
        moderation.hide("alice", "two aces", by="root")
        write(*arguments)

    monkeypatch.setattr(archive, "write", hide_first)
    assert seasons.close_due() == []
    monkeypatch.setattr(archive, "write", write)
    assert seasons.close_due() == [("coins", "2082-11-20", 1)]
    assert winners() == [[(1, "bob", 5)]]


@pytest.mark.parametrize("is_ticked", [True, False])
def test_cheater_hidden_long_after_is_no_winner_of_what_is_gone(clock, services_store, is_ticked):
    make_board(windows=("day",), entries=crowd(30))
    clock.advance(days=9)
    seasons.close_due()
    if not is_ticked:  # hidden while the data was there, which went before the next tick
        moderation.hide("p0001", "two aces", by="root")
    clock.advance(days=100)
    for key in services_store.redis.scan_iter(match="*board:coins:2082*"):
        services_store.redis.delete(key)
    seasons.close_due()
    if is_ticked:
        moderation.hide("p0001", "two aces", by="root")
    expected = [[(1, "p0002", 29), (2, "p0003", 28), (3, "p0004", 27)]]
    assert winners(winners=3) == expected
    assert [(it.is_final, it.is_kept) for it in seasons.past("coins")] == [(True, False)]
    moderation.show("p0001", "a mistake", by="root")
    assert winners(winners=1) == [[(1, "p0001", 30)]]


def test_who_left_the_boards_stays_a_winner(clock):
    make_board(windows=("day",), entries={"alice": 9})
    clock.advance(days=40)
    seasons.close_due()
    away.leave_due()
    assert winners() == [[(1, "alice", 9)]]


def test_closing_is_not_marked_in_data_that_has_been_replaced_meanwhile(clock, monkeypatch, services_store):
    make_board(windows=("day",), entries={"alice": 9})
    clock.advance(days=9)
    write = archive.write

    def replace_then_write(*arguments):
        with replacing.all_data("other data"):
            pass
        write(*arguments)

    monkeypatch.setattr(archive, "write", replace_then_write)
    assert seasons.close_due() == []
    assert not services_store.redis.exists(keys.closed_periods("coins"))
    monkeypatch.setattr(archive, "write", write)
    assert len(seasons.close_due()) == 1
