"""A period is final once it is over and the board's grace has passed: it takes nothing more, and `tick` archives it."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from achievements.definitions import Achievement, Event
from achievements.services import catalog, events, progress
from gamify_site import clock as site_clock
from gamify_site.store import keys, shards
from leaderboards.services import away, boards, closings, moderation, ranking, scores, seasons
from tests.builders import brief, crowd, make_board, season

pytestmark = pytest.mark.usefixtures("services_store")

DAY = "2082-11-20"
NOON = datetime(2082, 11, 20, 12, tzinfo=UTC)
MIDNIGHT = datetime(2082, 11, 21, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def at_noon(clock) -> None:
    clock.set(NOON)


def report(player: str, amount: int = 1, at: datetime = NOON, **fields) -> dict[int, list[str]]:
    """Report a coin; return the boards that took nothing of it."""
    outcome = events.record([Event(player, "coin", amount, at=at, **fields)])
    assert (outcome.rejected, outcome.accepted + outcome.duplicates) == ({}, 1)
    return outcome.skipped


def rows(window: str = "day", period: str | None = DAY) -> list[tuple[int, str, object]]:
    return brief(ranking.top("coins", 999, window=window, period=period))


def archived() -> list[tuple[int, str, object]]:
    """Return what was kept of the one period that is closed."""
    (past,) = seasons.past("coins", winners=999)
    assert past.is_final
    found = brief(past.winners)
    ranks = {player: (it.rank, it.score) for _, player, _ in found for it in seasons.final_ranks(player)}
    assert {player: (rank, score) for rank, player, score in found} == ranks
    assert past.size == len(found)
    return found


@pytest.mark.parametrize("hours", [0, 1, 30, 168])
def test_period_is_closed_when_its_grace_is_over(clock, hours):
    make_board(windows=("day", "all"), grace_hours=hours, entries={"alice": 9})
    clock.set(MIDNIGHT + hours * HOUR - timedelta(seconds=1))
    assert seasons.close_due() == []
    clock.advance(seconds=1)
    assert seasons.close_due() == [("coins", DAY, 1)]


def test_grace_is_an_hour_unless_given(clock):
    make_board(windows=("day",), entries={"alice": 9})
    clock.set(MIDNIGHT + HOUR)
    assert len(seasons.close_due()) == 1


def test_late_event_counts_until_the_grace_is_over(clock):
    make_board(action="coin", windows=("day", "week", "all"), grace_hours=2)
    clock.set(MIDNIGHT + 2 * HOUR - timedelta(seconds=1))
    assert report("alice", 5) == {}
    clock.advance(seconds=1)
    assert report("alice", 7) == {}
    assert rows() == [(1, "alice", 5)]
    assert rows("week", None) == rows("all", None) == [(1, "alice", 12)]


@pytest.mark.parametrize("is_closed", [False, True])
def test_event_of_a_final_period_counts_for_everything_else(clock, is_closed):
    catalog.define(Achievement("saver", "Saver", "", "counter", "coin", 2, 10, "home", status="published"))
    make_board(action="coin", windows=("day",), entries={"alice": 9})
    make_board("ever", action="coin")
    clock.set(MIDNIGHT + HOUR)
    if is_closed:
        seasons.close_due()
    assert report("alice", 5) == {0: ["coins"]}
    assert rows() == [(1, "alice", 9)]
    assert brief(ranking.top("ever")) == [(1, "alice", 5)]
    assert progress.get("alice", "saver").unlocked


def test_skipped_board_is_named_once_for_each_event_that_counts(clock):
    make_board(action="coin", windows=("day",))
    clock.set(MIDNIGHT + HOUR)
    late, fresh = {"at": NOON, "id": "late"}, {"at": clock.now(), "id": "fresh"}
    batch = [Event("alice", "coin", **it) for it in (late, fresh, late)]
    outcome = events.record(batch, idempotency_key="batch")
    assert (outcome.accepted, outcome.duplicates, outcome.skipped) == (2, 1, {0: ["coins"]})
    assert events.record(batch, idempotency_key="batch").skipped == {0: ["coins"]}


def test_event_between_two_seasons_skips_no_board():
    make_board(action="coin", windows=("season",), seasons=(season("winter", "2082-12-01", "2083-01-01"),))
    assert report("alice") == {}


def test_board_with_seven_days_of_grace_takes_every_event_that_is_legal(clock):
    make_board(action="coin", windows=("day",), grace_hours=168)
    clock.set(NOON + timedelta(days=7))
    assert report("alice", 5) == {}
    assert rows() == [(1, "alice", 5)]
    clock.set(MIDNIGHT + timedelta(days=7))
    assert seasons.close_due() == [("coins", DAY, 1)]


def test_seasons_have_the_same_grace(clock):
    autumn = season("autumn", "2082-11-01", "2082-11-21")
    make_board(action="coin", windows=("season",), seasons=(autumn,), timezone="America/New_York", grace_hours=3)
    over = MIDNIGHT + 5 * HOUR
    clock.set(over + 3 * HOUR - timedelta(seconds=1))
    assert report("alice", 5) == {}
    assert seasons.close_due() == []
    clock.advance(seconds=1)
    assert report("alice", 5) == {0: ["coins"]}
    assert [it.suffix for it in seasons.close_due()] == ["season-autumn"]
    assert archived() == [(1, "alice", 5)]


# Scores that are sent directly


def test_direct_score_counts_for_the_windows_that_are_open(clock):
    make_board(windows=("day", "week"), entries={"alice": 5, "bob": 9})
    clock.set(MIDNIGHT + HOUR)
    update = scores.submit("coins", "alice", 7, at=NOON)
    assert (update.score, update.rank, update.previous_rank) == (12, 1, 2)
    assert scores.submit_many("coins", [("alice", 1), ("bob", 1)], at=NOON) == 2
    assert [rows(), rows("week", None)] == [[(1, "bob", 9), (2, "alice", 5)], [(1, "alice", 13), (2, "bob", 10)]]


@pytest.mark.parametrize("is_closed", [False, True])
@pytest.mark.parametrize(
    "write",
    [
        lambda: scores.submit("coins", "alice", 7, at=NOON),
        lambda: scores.increment("coins", "alice", 7, at=NOON),
        lambda: scores.set("coins", "alice", 7, at=NOON),
        lambda: scores.submit_many("coins", [("alice", 7), ("zoe", 1)], at=NOON),
    ],
)
def test_direct_score_that_nothing_takes_is_refused(clock, write: Callable[[], object], is_closed):
    make_board(windows=("day",), entries={"alice": 5})
    clock.set(MIDNIGHT + HOUR)
    if is_closed:
        seasons.close_due()
    with pytest.raises(ValidationError) as refused:
        write()
    assert refused.value.message_dict == {
        "at": ["The board “coins” takes no more scores for this time: its periods are final."]
    }
    assert rows() == [(1, "alice", 5)]


# Closing and writing at the same moment


def test_period_that_was_closed_takes_nothing_by_a_clock_that_is_behind(clock):
    make_board(action="coin", windows=("day", "all"), entries={"alice": 5})
    make_board("daily", action="coin", windows=("day",), entries={"alice": 5})
    clock.set(MIDNIGHT + HOUR)
    assert len(seasons.close_due()) == 2
    clock.set(MIDNIGHT + HOUR / 2)
    assert report("alice", 7) == {0: ["daily"]}
    assert report("bob", 7) == {0: ["daily"]}
    scores.submit("coins", "alice", 1, at=NOON)
    with pytest.raises(ValidationError):
        scores.submit("daily", "alice", 1, at=NOON)
    assert rows() == archived() == [(1, "alice", 5)]
    assert rows("all", None) == [(1, "alice", 13), (2, "bob", 7)]


def test_period_that_is_closed_while_events_come_in_is_archived_as_it_is(monkeypatch):
    """Half of the reporters have clocks that are behind, so that they take the period for open."""
    make_board(action="coin", windows=("day", "all"), entries=crowd(20))
    own = threading.local()
    monkeypatch.setattr(site_clock, "now", lambda: own.now)

    def tell(number: int) -> None:
        own.now = MIDNIGHT + HOUR - timedelta(seconds=30 if number % 2 else 0)
        for turn in range(8):
            report(f"p{1 + (number + turn) % 25:04}", 100)

    def close() -> list[seasons.Closed]:
        own.now = MIDNIGHT + HOUR
        return seasons.close_due()

    own.now = MIDNIGHT + HOUR
    with ThreadPoolExecutor(6) as pool:
        told = [pool.submit(tell, number) for number in range(5)]
        assert len(pool.submit(close).result()) == 1
        for it in told:
            it.result()
    assert rows() == archived()


def test_who_comes_back_while_a_period_is_closed_is_in_its_archive(clock, monkeypatch):
    """It is closed when it has been opened for the one who comes back, who is not there yet."""
    make_board(windows=("season",), seasons=(season("autumn", "2082-11-01", "2082-12-25"),), entries={"alice": 5})
    make_board("gems", action="coin")
    clock.advance(days=31)
    scores.submit("coins", "bob", 1)
    assert away.leave_due() == 1
    clock.advance(days=9)
    seasons.close_due()
    assert archived() == [(1, "bob", 1)]
    open_again = closings.open_again

    def open_and_close(periods: Iterable[tuple[str, str]]) -> None:
        monkeypatch.setattr(closings, "open_again", open_again)
        open_again(periods)
        assert len(seasons.close_due()) == 1

    monkeypatch.setattr(closings, "open_again", open_and_close)
    report("alice", at=clock.now())
    seasons.close_due()
    assert rows("season", "autumn") == archived() == [(1, "alice", 5), (2, "bob", 1)]


# What opens a period again


def test_longer_grace_opens_the_periods_that_are_not_final_by_it(clock):
    board = make_board(action="coin", windows=("day",), entries={"alice": 5})
    clock.set(MIDNIGHT + HOUR)
    seasons.close_due()
    assert report("bob", 7) == {0: ["coins"]}
    boards.define(replace(board, grace_hours=24))
    assert seasons.final_ranks("alice") == []
    assert report("bob", 7) == {}
    assert seasons.close_due() == []
    clock.set(MIDNIGHT + 24 * HOUR)
    assert report("bob", 7) == {0: ["coins"]}
    assert seasons.close_due() == [("coins", DAY, 2)]
    assert rows() == archived() == [(1, "bob", 7), (2, "alice", 5)]


def test_longer_grace_leaves_periods_closed_that_are_final_by_it_too(clock):
    board = make_board(action="coin", windows=("day",), entries={"alice": 5})
    clock.set(MIDNIGHT + 3 * HOUR)
    seasons.close_due()
    boards.define(replace(board, grace_hours=2))
    assert archived() == [(1, "alice", 5)]
    assert report("bob", 7) == {0: ["coins"]}


def test_shorter_grace_closes_sooner(clock):
    board = make_board(action="coin", windows=("day",), grace_hours=48, entries={"alice": 5})
    seasons.close_due()
    clock.set(MIDNIGHT + 3 * HOUR)
    assert report("bob", 7) == {}
    boards.define(replace(board, grace_hours=2))
    assert report("bob", 7) == {0: ["coins"]}
    assert seasons.close_due() == [("coins", DAY, 2)]


def test_season_that_goes_on_takes_events_again(clock):
    def define(ends: str) -> None:
        make_board(action="coin", windows=("season",), seasons=(season("autumn", "2082-11-01", ends),))

    define("2082-11-21")
    report("alice", 5)
    clock.set(MIDNIGHT + HOUR)
    seasons.close_due()
    define("2082-11-30")
    assert report("alice", 5, at=clock.now()) == {}
    assert rows("season", "autumn") == [(1, "alice", 10)]


def test_period_closed_by_a_clock_that_was_ahead_takes_events_again_after_the_next_tick(clock):
    make_board(action="coin", windows=("day",), entries={"alice": 5})
    clock.set(MIDNIGHT + HOUR)
    seasons.close_due()
    moderation.hide("alice", "a cheat", by="root")
    moderation.show("alice", "no cheat", by="root")
    clock.set(NOON)
    assert seasons.close_due() == []
    assert report("alice", 7) == {}
    assert rows() == [(1, "alice", 12)]


def test_correction_of_a_closed_period_lets_no_late_event_count(clock):
    make_board(action="coin", windows=("day",), entries={"alice": 9, "bob": 5, "charlie": 3})
    clock.set(MIDNIGHT + HOUR)
    seasons.close_due()
    moderation.hide("alice", "two aces", by="root")
    assert scores.remove("coins", "charlie")
    clock.set(MIDNIGHT + HOUR / 2)
    assert report("bob", 7) == report("alice", 7) == {0: ["coins"]}
    clock.set(MIDNIGHT + 2 * HOUR)
    assert report("bob", 7) == {0: ["coins"]}
    assert len(seasons.close_due()) == 1
    assert rows() == archived() == [(1, "bob", 5)]
    moderation.show("alice", "a mistake", by="root")
    seasons.close_due()
    assert rows() == archived() == [(1, "alice", 9), (2, "bob", 5)]


def test_deleted_board_leaves_nothing_of_its_closed_periods(clock, services_store):
    make_board(windows=("day",), entries={"alice": 5})
    clock.set(MIDNIGHT + HOUR)
    seasons.close_due()
    boards.delete("coins")
    assert [services_store.redis.exists(keys.final_periods(shard)) for shard in shards.everyone()] == (
        [0] * shards.count()
    )
