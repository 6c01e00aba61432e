"""`tick` looks at the periods that are due, not at all that ever were, and mends what a clock ahead has done."""

from datetime import UTC, datetime, timedelta

import pytest

from gamify_site.store import keys, shards
from leaderboards.services import archive, boards, closings, ranking, scores, seasons
from tests.builders import brief, crowd, make_board, season

pytestmark = pytest.mark.usefixtures("services_store")

DAY = "2082-11-20"


def told(player: str) -> list[tuple[str, int, object, int]]:
    return [(it.period, it.rank, it.score, it.size) for it in seasons.final_ranks(player)]


def play(days: int, clock) -> None:
    for _ in range(days):
        scores.submit("coins", "alice", 1)
        clock.advance(days=1)


def test_looking_costs_the_same_whatever_there_was(clock, round_trips):
    make_board(windows=("all", "day"))
    found = []
    for number in range(3):
        play(10, clock)
        for more in range(5 * number):
            make_board(f"laps-{number}-{more}", windows=("all", "day"), entries={"alice": 9})
        clock.advance(days=9)
        seasons.close_due()
        round_trips()
        assert seasons.close_due() == []
        found.append(round_trips())
    assert found == [found[0]] * 3
    assert found[0] <= 4


def test_periods_that_are_not_due_are_not_looked_at(clock, monkeypatch):
    make_board(windows=("day",), grace_hours=168)
    play(12, clock)
    seasons.close_due()
    clock.advance(days=1)
    looked: list[str] = []
    is_due = seasons._is_due

    def note(board, suffix, mark):
        looked.append(suffix)
        return is_due(board, suffix, mark)

    monkeypatch.setattr(seasons, "_is_due", note)
    assert [it.suffix for it in seasons.close_due()] == looked == ["2082-11-25"]


def test_period_closed_by_a_clock_that_was_ahead_is_closed_again_when_it_ends(clock):
    make_board(windows=("week",), entries={"alice": 9, "bob": 5})
    now = clock.now()
    clock.advance(days=20)
    assert [it.size for it in seasons.close_due()] == [2]
    clock.set(now)
    assert seasons.close_due() == []
    scores.submit_many("coins", {"bob": 50, "charlie": 20})
    clock.set(datetime(2082, 11, 23, 1, tzinfo=UTC))
    (period,) = seasons.past("coins")
    assert (period.is_final, brief(period.winners)[0]) == (False, (1, "bob", 55))
    assert told("alice") == []
    clock.set(datetime(2082, 11, 30, tzinfo=UTC))
    assert seasons.close_due() == [("coins", "2082-W47", 3)]
    (period,) = seasons.past("coins")
    assert (period.is_final, brief(period.winners)) == (True, [(1, "bob", 55), (2, "charlie", 20), (3, "alice", 9)])
    assert [told(player)[0][1] for player in ("alice", "bob", "charlie")] == [3, 1, 2]
    assert seasons.close_due() == []


def test_period_is_closed_again_also_where_nobody_looked_before_it_ended(clock, services_store):
    """What tells is when it was closed: before it was final, by the mark of a program that knew no better."""
    make_board(windows=("week",), grace_hours=168, entries={"alice": 9, "bob": 5})
    clock.advance(days=1)
    clock_ahead = int(datetime(2082, 11, 29, tzinfo=UTC).timestamp() * 1000)
    services_store.redis.hset(keys.closed_periods("coins"), "2082-W47", f'{{"at": {clock_ahead}, "size": 1}}')
    clock.advance(days=30)
    assert seasons.close_due() == [("coins", "2082-W47", 2)]


def test_a_server_whose_clock_is_ahead_forgets_no_period(clock):
    make_board(windows=("all", "day"), entries={"alice": 9})
    now = clock.now()
    clock.advance(days=365)
    scores.submit("coins", "bob", 1)
    clock.set(now + timedelta(days=9))
    assert [it.suffix for it in seasons.close_due()] == [DAY]
    assert scores.remove("coins", "alice")
    assert ranking.top("coins", window="day", period=DAY) == []


def test_where_nobody_has_looked_yet_all_periods_are_gone_through(clock, services_store):
    make_board(windows=("day",), grace_hours=168)
    play(9, clock)
    assert len(seasons.close_due()) == 2
    services_store.redis.delete(keys.due_periods())
    services_store.redis.delete(keys.last_look())
    clock.advance(days=30)
    assert len(seasons.close_due()) == 7
    assert seasons.close_due() == []


def test_notes_of_new_periods_that_were_lost_with_one_who_was_killed_are_not_lost(clock, monkeypatch):
    make_board(windows=("day",), entries={"alice": 9})
    seasons.close_due()
    make_board("laps", windows=("day",), entries={"alice": 9})
    plan = closings.plan

    def die(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(closings, "plan", die)
    with pytest.raises(KeyboardInterrupt):
        seasons.close_due()
    monkeypatch.setattr(closings, "plan", plan)
    clock.advance(days=9)
    assert [it.board for it in seasons.close_due()] == ["coins", "laps"]


def test_season_that_is_over_sooner_or_is_back_again_is_closed(clock):
    def define(*seasons_of: tuple[str, str, str]) -> None:
        make_board(windows=("season",), seasons=tuple(season(*it) for it in seasons_of))

    winter = ("winter", "2083-03-01", "2083-04-01")
    define(("autumn", "2082-11-01", "2083-02-01"), winter)
    scores.submit("coins", "alice", 9)
    assert seasons.close_due() == []
    define(("autumn", "2082-11-01", "2082-11-21"), winter)
    clock.advance(days=8)
    assert [it.suffix for it in seasons.close_due()] == ["season-autumn"]
    clock.set(datetime(2083, 3, 2, tzinfo=UTC))
    scores.submit("coins", "alice", 9)
    define(("autumn", "2082-11-01", "2082-11-21"))
    clock.advance(days=60)
    assert seasons.close_due() == []
    define(("autumn", "2082-11-01", "2082-11-21"), winter)
    assert [it.suffix for it in seasons.close_due()] == ["season-winter"]


def test_deleted_board_leaves_nothing_to_look_at(clock, services_store):
    make_board(windows=("day",), entries={"alice": 9})
    seasons.close_due()
    boards.delete("coins")
    clock.advance(days=9)
    assert seasons.close_due() == []
    assert not services_store.redis.exists(keys.due_periods())


def test_latest_periods_of_each_window_stay_archived(clock, monkeypatch, services_store):
    monkeypatch.setattr(seasons, "ARCHIVED", 3)
    make_board(windows=("day", "week"), grace_hours=168, entries=crowd(9))
    redis = services_store.redis

    def archived() -> list[str]:
        tops = [key.decode() for key in redis.scan_iter(match="*final_top*")]
        assert {key.rpartition(":")[2] for key in tops} <= closings.marks("coins").keys()
        return sorted(closings.marks("coins"))

    for _ in range(12):
        scores.submit_many("coins", crowd(9))
        clock.advance(days=1)
    clock.advance(days=8)
    seasons.close_due()
    assert len(archived()) == 14  # their data is there
    for number in range(1, 9):
        expire(redis, f"2082-11-{19 + number}")
    clock.advance(days=100)
    scores.submit_many("coins", crowd(9))
    clock.advance(days=9)
    assert len(seasons.close_due()) == 3
    seasons.close_due()
    days = [suffix for suffix in archived() if "W" not in suffix]
    assert days == ["2082-11-28", "2082-11-29", "2082-11-30", "2082-12-01", "2083-03-20"]
    assert seasons.past("coins")[0].is_final


def expire(redis, suffix: str) -> None:
    """As the server does when its time has come."""
    for shard in shards.everyone():
        redis.delete(keys.board(shard, "coins", suffix))


def test_archive_that_was_thinned_in_part_is_thinned_to_its_end(clock, monkeypatch, services_store):
    monkeypatch.setattr(seasons, "ARCHIVED", 1)
    make_board(windows=("day",))
    play(3, clock)
    clock.advance(days=8)
    seasons.close_due()
    for number in range(3):
        expire(services_store.redis, f"2082-11-{20 + number}")
    clock.advance(days=100)
    assert seasons.close_due() == []
    play(1, clock)
    clock.advance(days=8)
    assert len(seasons.close_due()) == 1
    assert len(closings.marks("coins")) == 1
    assert archive.MOST_KEPT >= len(told("alice")) > 1
