"""Which period a moment belongs to, by the board's own timezone, and when a period's data goes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from leaderboards import windows
from leaderboards.definitions import Board
from leaderboards.services import boards, ranking, scores
from tests.builders import brief, make_board, season

STOCKHOLM = ZoneInfo("Europe/Stockholm")
EVERY_WINDOW = ("all", "day", "week", "month", "season")
SPRING = season("spring", "2026-03-01", "2026-06-01")
SUMMER = season("summer", "2026-06-10", "2026-09-01")


def board(**fields) -> Board:
    return Board(**{"slug": "coins", "name": "Coins", "windows": EVERY_WINDOW, "seasons": (SPRING, SUMMER), **fields})


def test_period_goes_by_the_moment_in_the_boards_timezone(subtests):
    stockholm = board(timezone="Europe/Stockholm")
    for window, at, period in [
        ("all", "2026-11-20T12:00+00:00", "all"),
        ("day", "2026-11-20T22:59+00:00", "2026-11-20"),
        ("day", "2026-11-20T23:00+00:00", "2026-11-21"),  # midnight in Stockholm, winter
        ("day", "2026-07-01T21:59+00:00", "2026-07-01"),
        ("day", "2026-07-01T22:00+00:00", "2026-07-02"),  # midnight in Stockholm, summer
        ("day", "2026-03-28T23:00+00:00", "2026-03-29"),  # the day of 23 hours begins …
        ("day", "2026-03-29T21:59+00:00", "2026-03-29"),
        ("day", "2026-03-29T22:00+00:00", "2026-03-30"),  # … and ends
        ("day", "2026-10-24T22:00+00:00", "2026-10-25"),  # the day of 25 hours begins …
        ("day", "2026-10-25T22:59+00:00", "2026-10-25"),
        ("day", "2026-10-25T23:00+00:00", "2026-10-26"),  # … and ends
        ("day", "2026-10-25T02:30+01:00", "2026-10-25"),  # the hour that comes twice
        ("week", "2026-11-22T22:59+00:00", "2026-W47"),  # Sunday
        ("week", "2026-11-22T23:00+00:00", "2026-W48"),  # Monday
        ("week", "2026-12-31T12:00+00:00", "2026-W53"),
        ("week", "2027-01-03T22:59+00:00", "2026-W53"),  # still the old year's week
        ("week", "2027-01-03T23:00+00:00", "2027-W01"),
        ("week", "2024-12-30T12:00+00:00", "2025-W01"),  # already the new year's week
        ("month", "2026-11-30T22:59+00:00", "2026-11"),
        ("month", "2026-11-30T23:00+00:00", "2026-12"),
        ("month", "2026-12-31T23:00+00:00", "2027-01"),
        ("season", "2026-02-28T23:00+00:00", "spring"),
        ("season", "2026-05-31T21:59+00:00", "spring"),
        ("season", "2026-05-31T22:00+00:00", None),
        ("season", "2026-06-09T22:00+00:00", "summer"),
    ]:
        with subtests.test(window=window, at=at):
            found = windows.period_at(stockholm, window, datetime.fromisoformat(at))
            assert found == period


def test_days_of_a_period(subtests):
    for window, period, first, behind in [
        ("day", "2026-11-20", date(2026, 11, 20), date(2026, 11, 21)),
        ("week", "2026-W53", date(2026, 12, 28), date(2027, 1, 4)),
        ("week", "2025-W01", date(2024, 12, 30), date(2025, 1, 6)),
        ("month", "2026-12", date(2026, 12, 1), date(2027, 1, 1)),
        ("month", "2028-02", date(2028, 2, 1), date(2028, 3, 1)),
        ("season", "spring", date(2026, 3, 1), date(2026, 6, 1)),
    ]:
        with subtests.test(period=period):
            assert windows.days(board(), window, period) == (first, behind)


def test_period_that_does_not_exist_is_refused(subtests):
    for window, period in [
        ("day", "2026-02-30"),
        ("day", "20261120"),
        ("day", "2026-11-20T10:00"),
        ("day", "2026-W47"),
        ("day", "9999-12-31"),
        ("week", "2025-W53"),
        ("week", "2026-W00"),
        ("week", "0000-W01"),
        ("month", "2026-13"),
        ("month", "0000-01"),
        ("month", "9999-12"),
        ("season", "autumn"),
        ("season", ""),
    ]:
        with subtests.test(window=window, period=period):
            with pytest.raises(ValidationError) as refusal:
                windows.days(board(), window, period)
            reason = f"“{period}” is not a period of the window “{window}”."
            assert refusal.value.message_dict == {"period": [reason]}


def test_window_that_the_board_lacks_is_refused():
    with pytest.raises(ValidationError) as refusal:
        windows.resolve(board(windows=("all",)), "day", None, datetime.now(UTC))
    assert refusal.value.message_dict == {"window": ["This board has the windows all."]}


def test_all_has_no_periods():
    with pytest.raises(ValidationError) as refusal:
        windows.resolve(board(), "all", "2026-11-20", datetime.now(UTC))
    assert refusal.value.message_dict == {"period": ["The window 'all' has no periods."]}


def test_between_seasons_the_latest_one_that_has_begun_is_current(subtests):
    stockholm = board(timezone="Europe/Stockholm")
    for now, current in [
        ("2026-01-01T00:00+00:00", "spring"),  # before the first one
        ("2026-04-01T00:00+00:00", "spring"),
        ("2026-06-05T00:00+00:00", "spring"),  # between the two
        ("2026-06-09T23:30+00:00", "summer"),  # Stockholm is in the next day
        ("2026-12-01T00:00+00:00", "summer"),
    ]:
        with subtests.test(now=now):
            found = windows.resolve(stockholm, "season", None, datetime.fromisoformat(now))
            assert found == ("season", current)


def test_season_begins_by_the_boards_day_not_by_that_of_utc():
    """In Honolulu it is still 9 June: the summer has not begun, although it has in UTC."""
    honolulu = board(timezone="Pacific/Honolulu")
    assert windows.resolve(honolulu, "season", None, datetime(2026, 6, 10, 5, tzinfo=UTC)) == ("season", "spring")


def test_period_is_final_when_it_is_over_and_the_grace_has_passed(subtests):
    definition = board(timezone="Europe/Stockholm", grace_hours=30, windows=("all", "day", "season"), seasons=(SPRING,))
    assert windows.sets_at(definition, datetime(2026, 4, 9, 12, tzinfo=UTC))[0] == ("all", 0, 0)
    for window, period, final in [
        ("day", "2026-03-29", datetime(2026, 3, 31, 4, tzinfo=UTC)),  # a day of 23 hours
        ("season", "spring", datetime(2026, 6, 2, 4, tzinfo=UTC)),
    ]:
        with subtests.test(window=window):
            assert windows.final_from(definition, window, period) == final
            sets = windows.sets_at(definition, final - timedelta(hours=31))
            assert int(final.timestamp()) in [it.final for it in sets]


def test_data_goes_when_the_retention_after_the_periods_end_is_over(subtests):
    definition = board(timezone="Europe/Stockholm", retention_days=30)
    for window, period, end in [
        ("day", "2026-03-29", "2026-03-29T22:00+00:00"),
        ("day", "2026-10-25", "2026-10-25T23:00+00:00"),
        ("week", "2026-W53", "2027-01-03T23:00+00:00"),
        ("month", "2026-06", "2026-06-30T22:00+00:00"),
        ("season", "spring", "2026-05-31T22:00+00:00"),
    ]:
        with subtests.test(period=period):
            expected = datetime.fromisoformat(end) + timedelta(days=30)
            assert windows.expires(definition, window, period) == int(expected.timestamp())


def test_data_stays_until_no_event_can_change_it_and_it_has_been_closed():
    end = int(windows.end(board(), "day", "2026-06-30").timestamp())
    assert windows.expires(board(retention_days=1), "day", "2026-06-30") == end + 8 * 86400
    assert windows.expires(board(retention_days=9), "day", "2026-06-30") == end + 9 * 86400


def test_all_time_never_goes():
    assert windows.expires(board(), "all", "all") == 0


# Through the services, on every store


@pytest.fixture
def _three_days(services_store, clock) -> None:  # noqa: ARG001
    """coins, with alice on three days in a row; the last of them is today."""
    make_board(windows=("all", "day", "week", "month"), timezone="Europe/Stockholm")
    for day, amount in ((18, 1), (19, 10), (20, 100)):
        clock.set(datetime(2082, 11, day, 12, tzinfo=UTC))
        scores.submit("coins", "alice", amount)


@pytest.mark.usefixtures("_three_days")
def test_score_counts_in_every_window_of_its_moment():
    assert brief(ranking.top("coins", 10)) == [(1, "alice", 111)]
    assert brief(ranking.top("coins", 10, window="day")) == [(1, "alice", 100)]
    assert brief(ranking.top("coins", 10, window="week")) == [(1, "alice", 111)]
    assert brief(ranking.top("coins", 10, window="month")) == [(1, "alice", 111)]


@pytest.mark.usefixtures("_three_days")
def test_past_periods_stay_readable():
    assert brief(ranking.top("coins", 10, window="day", period="2082-11-18")) == [(1, "alice", 1)]
    assert brief(ranking.top("coins", 10, window="day", period="2082-11-17")) == []
    assert ranking.choices("coins", "day").periods == ["2082-11-20", "2082-11-19", "2082-11-18"]


@pytest.mark.usefixtures("services_store", "clock")
def test_late_score_goes_to_the_windows_of_its_own_moment():
    make_board(windows=("all", "day"), timezone="Europe/Stockholm", grace_hours=48)
    scores.submit("coins", "alice", 5, at=datetime(2082, 11, 18, 23, 30, tzinfo=UTC))
    assert ranking.size("coins", window="day") == 0
    assert brief(ranking.top("coins", 10, window="day", period="2082-11-19")) == [(1, "alice", 5)]
    assert brief(ranking.top("coins", 10)) == [(1, "alice", 5)]


@pytest.mark.usefixtures("store", "clock")
def test_moment_that_cannot_be_placed_is_refused(subtests):
    make_board(windows=("all", "day", "week", "month"), timezone="America/New_York")
    no_moment = "The time must be a datetime with a timezone."
    no_year = "The time must lie within the years 1970 to 2999."
    for at, reason in [
        (datetime(2082, 11, 18), no_moment),  # in nobody's timezone
        (datetime(9999, 12, 31, 23, tzinfo=UTC), no_year),
        (datetime(1, 1, 1, tzinfo=UTC), no_year),
        ("2082-11-18", no_moment),
        (date(2082, 11, 18), no_moment),
    ]:
        with subtests.test(at=at):
            before = ranking.size("coins")
            with pytest.raises(ValidationError) as refusal:
                scores.submit("coins", "alice", 5, at=at)
            assert refusal.value.message_dict == {"at": [reason]}
            assert ranking.size("coins") == before


@pytest.mark.usefixtures("services_store")
def test_new_day_begins_empty_and_all_time_goes_on(clock):
    make_board(windows=("all", "day"))
    scores.submit("coins", "alice", 7)
    clock.advance(days=1)
    assert ranking.size("coins", window="day") == 0
    scores.submit("coins", "alice", 2)
    assert ranking.standing("coins", "alice", window="day").score == 2
    assert ranking.standing("coins", "alice").score == 9


@pytest.mark.usefixtures("services_store")
def test_score_between_seasons_counts_all_time_only(clock):
    make_board(windows=("all", "season"), seasons=(SPRING, SUMMER))
    clock.set(datetime(2026, 6, 5, tzinfo=UTC))
    scores.submit("coins", "alice", 3)
    assert ranking.size("coins", window="season", period="spring") == 0
    assert ranking.size("coins", window="season", period="summer") == 0
    assert ranking.size("coins") == 1


@pytest.mark.usefixtures("services_store")
def test_board_without_all_time_ranks_by_its_first_window(clock):
    make_board(windows=("week",))
    assert scores.submit("coins", "alice", 4).rank == 1
    assert brief(ranking.top("coins", 10, window="week")) == [(1, "alice", 4)]
    clock.advance(days=7)
    assert ranking.size("coins", window="week") == 0


def test_past_periods_have_a_life_time_and_all_time_has_none(services_store, clock):
    """The server's own clock decides when keys go, so the board's moment is the real present here."""
    clock.set(datetime.now(UTC))
    definition = make_board(windows=("all", "day"), retention_days=30)
    scores.submit("coins", "alice", 4)
    today = windows.period_at(definition, "day", clock.now())
    redis = services_store.redis
    found = {key: redis.ttl(key) for key in sorted(services_store.keys()) if ":board:coins:" in key}
    assert {key.rpartition(":")[2]: ttl for key, ttl in found.items()}.keys() == {"all", today}
    for key, ttl in found.items():
        end = windows.expires(definition, "day", today) - int(clock.now().timestamp())
        assert ttl == -1 if key.endswith(":all") else abs(ttl - end) <= 5


@pytest.mark.usefixtures("services_store")
def test_expired_period_leaves_nothing_behind(clock):
    """A late write to a period that is beyond its retention must not bring it back for ever."""
    clock.set(datetime.now(UTC))
    make_board(windows=("all", "day"), retention_days=1)
    long_ago = clock.now() - timedelta(days=10)
    scores.submit("coins", "alice", 4, at=long_ago)
    period = windows.period_at(boards.get("coins"), "day", long_ago)
    assert ranking.size("coins", window="day", period=period) == 0
    assert period not in ranking.choices("coins", "day").periods
