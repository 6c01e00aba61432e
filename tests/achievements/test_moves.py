"""Streaks of players who move to another timezone: what counts, and what a move never breaks."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achievements.services import backfill, catalog, integrity, states, streaks
from gamify_site.players import services as players
from tests.achievements.builders import do, make

AUCKLAND, HONOLULU = "Pacific/Auckland", "Pacific/Honolulu"


def at(zone: str, text: str) -> datetime:
    """The moment at which clocks in a timezone show a time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def live(clock, *happened: tuple[str, str]) -> None:
    """Lets alice do something at each of these times, in the timezone that she has then."""
    for zone, text in happened:
        clock.set(at(zone, text))
        players.upsert("alice", timezone=zone)
        assert do("alice", "login").accepted == 1


def agrees(slug: str = "three") -> streaks.StreakStatus:
    """The streak, once it has been seen that the days make the same run, by the check and by a backfill."""
    assert [it for it in integrity.check() if it.rule == "streak"] == []
    before = streaks.status("alice", slug)
    catalog.define(catalog.get(slug))
    backfill.recompute()
    assert streaks.status("alice", slug) == before
    return before


pytestmark = pytest.mark.usefixtures("services_store", "clock", "three")


@pytest.fixture
def three(services_store):
    """A streak without freezes and one with two, on an empty store."""
    assert services_store
    make("three", type="streak", action="login", target=3)
    make("frozen", type="streak", action="login", target=3, freezes=2)


def test_three_timezones_within_a_minute_make_no_streak_of_three(clock):
    clock.set(at("UTC", "2082-11-20 10:29"))
    players.upsert("alice", name="Alice")
    players.upsert("alice", timezone="Pacific/Pago_Pago")
    do("alice", "login")
    players.upsert("alice", timezone="UTC")
    do("alice", "login")
    clock.advance(seconds=50)
    with pytest.raises(players.ValidationError):
        players.upsert("alice", timezone="Pacific/Kiritimati")
    do("alice", "login")
    assert agrees().best == 1


def test_first_timezone_makes_no_second_day(clock):
    clock.set(at("UTC", "2082-11-20 10:29"))
    do("alice", "login")
    players.upsert("alice", timezone="Pacific/Kiritimati")
    do("alice", "login")
    assert agrees().best == 1
    assert streaks.status("alice", "three").recorded_today


def test_days_before_the_first_timezone_that_are_told_later_belong_to_it(clock):
    clock.set(at(AUCKLAND, "2082-11-20 09:00"))
    do("alice", "coin")
    players.upsert("alice", timezone=AUCKLAND)
    for hours in (48, 24, 0):
        do("alice", "login", at=clock.now() - timedelta(hours=hours))
    assert agrees().current == 3


def test_ten_to_midnight_and_ten_past_are_two_days(clock):
    live(clock, ("Europe/Berlin", "2082-11-20 23:50"), ("Europe/Berlin", "2082-11-21 00:10"))
    assert agrees().current == 2


def test_move_from_honolulu_to_auckland_breaks_nothing(clock):
    live(
        clock,
        (HONOLULU, "2082-11-19 08:00"),
        (HONOLULU, "2082-11-20 08:00"),  # the 21st in Auckland, 07:00
        (AUCKLAND, "2082-11-22 23:00"),
    )
    status = agrees()
    assert (status.current, status.active) == (3, True)
    shown = streaks.calendar("alice", "three", datetime(2082, 11, 19).date(), datetime(2082, 11, 22).date())
    assert list(shown.values()).count("done") == 3
    assert shown[datetime(2082, 11, 21).date()] == "moved"


def test_move_east_breaks_what_was_missed_in_both_timezones(clock):
    live(
        clock,
        (HONOLULU, "2082-11-19 08:00"),
        (HONOLULU, "2082-11-20 08:00"),
        (AUCKLAND, "2082-11-23 01:00"),  # the 22nd in Honolulu, 02:00
    )
    assert agrees().current == 1


def test_move_from_auckland_to_honolulu_and_back_breaks_nothing(clock):
    live(
        clock,
        (AUCKLAND, "2082-11-19 12:00"),
        (AUCKLAND, "2082-11-20 12:00"),
        (HONOLULU, "2082-11-20 14:00"),  # the same date again, 25 hours later
        (HONOLULU, "2082-11-21 14:00"),
        (HONOLULU, "2082-11-22 14:00"),
        (AUCKLAND, "2082-11-24 14:00"),
        (AUCKLAND, "2082-11-25 14:00"),
    )
    assert agrees().current == 6


def test_day_that_began_less_than_twenty_hours_after_another_does_not_count_and_breaks_nothing(clock):
    live(
        clock,
        ("Europe/Berlin", "2082-11-20 12:00"),
        ("Asia/Tokyo", "2082-11-21 01:00"),  # which began at 16:00 in Berlin
    )
    assert agrees().current == 1
    live(clock, ("Asia/Tokyo", "2082-11-22 12:00"))
    assert agrees().current == 2


def test_streak_holds_until_the_last_moment_by_either_calendar(clock):
    live(clock, ("Europe/Berlin", "2082-11-19 12:00"), ("Europe/Berlin", "2082-11-20 12:00"))
    clock.set(at("Europe/Berlin", "2082-11-21 21:00"))
    players.upsert("alice", timezone="Asia/Kolkata")  # where it is the 22nd, 01:30
    status = agrees()
    assert (status.current, status.active, status.recorded_today) == (2, True, False)
    assert status.expires_at == at("Europe/Berlin", "2082-11-22 00:00")
    clock.set(status.expires_at - timedelta(seconds=1))
    do("alice", "login")
    assert agrees().current == 3
    assert streaks.status("alice", "three").expires_at == at("Asia/Kolkata", "2082-11-24 00:00")


def test_streak_that_is_defined_later_is_the_same(clock):
    live(clock, (HONOLULU, "2082-11-19 08:00"), (HONOLULU, "2082-11-20 08:00"), (AUCKLAND, "2082-11-22 23:00"))
    make("later", type="streak", action="login", target=3)
    assert backfill.recompute("later") == 1
    assert agrees("later").current == agrees().current == 3


def test_late_event_belongs_to_the_timezone_of_its_time(clock):
    clock.set(at(HONOLULU, "2082-11-20 08:00"))
    players.upsert("alice", timezone=HONOLULU)
    clock.advance(minutes=1)
    players.upsert("alice", timezone=AUCKLAND)
    clock.set(at(AUCKLAND, "2082-11-22 23:00"))
    for moment in [None, at(HONOLULU, "2082-11-19 08:00"), at(HONOLULU, "2082-11-20 08:00")]:
        do("alice", "login", at=moment)
    assert agrees().current == 3


def test_freezes_cover_what_the_calendar_with_fewer_missed_days_has(clock):
    make("frozen", type="streak", action="login", target=3, freezes=1)
    live(
        clock,
        (HONOLULU, "2082-11-19 08:00"),
        (AUCKLAND, "2082-11-22 23:00"),  # the 21st in Honolulu: the 20th is missed there
    )
    status = agrees("frozen")
    assert (status.current, status.freezes_left) == (2, 0)
    assert agrees().current == 1


@pytest.mark.parametrize(("month", "day"), [(3, 29), (10, 25)])
def test_move_on_the_day_on_which_clocks_change(clock, month, day):
    days = [datetime(2082, month, day) + timedelta(days=ago, hours=20) for ago in (-1, 0, 1)]
    zones = ["Europe/Berlin", "Europe/Berlin", "Europe/London"]
    live(clock, *((zone, moment.isoformat()) for zone, moment in zip(zones, days, strict=True)))
    assert agrees().current == 3


def test_deleted_player_leaves_no_days_of_a_move(services_store, clock):
    live(clock, ("Europe/Berlin", "2082-11-20 12:00"), ("Asia/Tokyo", "2082-11-21 01:00"))
    players.delete("alice")
    names = services_store.keys()
    assert not [name for name in names if "alice" in name]


def test_player_who_has_not_moved_has_nothing_more(services_store):
    players.upsert("alice", timezone="Asia/Tokyo")
    do("alice", "login")
    names = services_store.keys()
    assert not [name for name in names if "moved_days" in name]
    assert states.read("alice").covered == {}


class Plain:
    """The rule in plain words, for somebody whose events are reported as they happen."""

    def __init__(self) -> None:
        self.began: dict[date, float] = {}  # of each day that counts, by the calendar of then
        self.covered: set[date] = set()
        self.latest: tuple[datetime, str] | None = None  # when and where the last event of the last day happened
        self.moves: list[tuple[datetime, str]] = []  # when, and where to leave

    def day(self, zone: str, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(zone)).date()

    def happen(self, zone: str, moment: datetime) -> None:
        day = self.day(zone, moment)
        if day in self.began:
            if day == max(self.began):
                self.latest = (moment, zone)
            return
        if self.latest:
            self._cover(day, zone, moment)
        began = datetime.combine(day, time(), ZoneInfo(zone)).timestamp()
        if any(abs(began - other) < 20 * 3600 for other in self.began.values()):
            self.covered.add(day)
        else:
            self.began[day] = began
            self.latest = (moment, zone)

    def _cover(self, day: date, zone: str, moment: datetime) -> None:
        """Of the days since the last one only as many count as missed as one of the calendars has.

        Which are the present one, that of the last event, and the one that was left on the day of it or later.
        """
        before, old = self.latest
        left = [zone for at, zone in self.moves if at <= before and self.day(zone, at) == self.day(zone, before)]
        calendars = {zone, old, *left}
        missed = min((self.day(it, moment) - self.day(it, before)).days - 1 for it in calendars)
        last = max(self.began)
        between = [last + timedelta(days=ago) for ago in range(1, (day - last).days)]
        if len(calendars) > 1 and moment - before < timedelta(days=7):
            self.covered |= set(between[max(0, missed) :])

    def run(self, freezes: int) -> tuple[int, int]:
        """The run to the last day, and the longest."""
        current = best = 0
        left, previous = freezes, None
        for day in sorted(self.began):
            gap = range(1, (day - previous).days) if previous else ()
            missed = sum(previous + timedelta(days=ago) not in self.covered for ago in gap)
            current, left = (current + 1, left - missed) if current and missed <= left else (1, freezes)
            best, previous = max(best, current), day
        return current, best


ZONES = (
    "UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Tokyo", AUCKLAND, "Pacific/Kiritimati", "Pacific/Pago_Pago",
    "America/New_York", "America/St_Johns",
)  # fmt: skip
a_life = st.lists(st.tuples(st.integers(1, 140), st.sampled_from([None, None, None, *ZONES])), max_size=14)


@given(life=a_life)
def test_random_lives_agree_with_the_plain_rule(clock, life):
    """Each step is so many quarters of an hour later, in the same timezone or in another one."""
    clock.set(datetime(2082, 10, 21, 12, tzinfo=UTC))
    players.delete("alice")
    plain, here, moved_at = Plain(), "UTC", None
    players.upsert("alice", timezone=here)
    for quarters, zone in life:
        clock.advance(minutes=15 * quarters)
        now = clock.now()
        if zone and zone != here and (moved_at is None or now - moved_at >= timedelta(days=1)):
            plain.moves.append((now, here))
            here, moved_at = zone, now
            players.upsert("alice", timezone=here)
        if plain.began and plain.day(here, now) < max(plain.began) and plain.day(here, now) not in plain.began:
            continue  # an earlier day is filled later on: told by the tests of late events
        do("alice", "login")
        plain.happen(here, now)
        state = states.read("alice")
        found = {slug: (state.runs[slug].current, state.progress[slug]) for slug in ("three", "frozen")}
        assert found == {"three": plain.run(0), "frozen": plain.run(2)}
    assert [it for it in integrity.check() if it.rule == "streak"] == []


@given(life=a_life, late=st.lists(st.booleans(), min_size=14, max_size=14), order=st.randoms(use_true_random=False))
def test_order_of_reports_breaks_nothing_that_was_unbroken(clock, life, late, order):
    """Some events are reported as they happen, the others up to a week later, in any order."""
    clock.set(datetime(2082, 10, 21, 12, tzinfo=UTC))
    players.delete("alice")
    here, moved_at, happened, known = "UTC", None, [], set()
    players.upsert("alice", timezone=here)
    for is_late, (quarters, zone) in zip(late, life, strict=False):
        clock.advance(minutes=15 * quarters)
        now = clock.now()
        if zone and zone != here and (moved_at is None or now - moved_at >= timedelta(days=1)):
            here, moved_at = zone, now
            players.upsert("alice", timezone=here)
        happened.append((now, here))
        if not is_late:
            do("alice", "login")
            known.add((now, here))
    reported = [it for it in happened if clock.now() - it[0] <= timedelta(days=7)]
    for moment, _ in order.sample(reported, len(reported)):
        do("alice", "login", at=moment)
    assert [it for it in integrity.check() if it.rule == "streak"] == []
    known.update(reported)
    told = pairwise(sorted(known))
    if all(min(_days(it, first, then) for it in (old, new)) <= 1 for (first, old), (then, new) in told):
        recorded = states.read("alice", days=["login"]).days["login"] if known else ()
        assert streaks.status("alice", "three").current == len(recorded)


def _days(zone: str, first: datetime, then: datetime) -> int:
    return (then.astimezone(ZoneInfo(zone)).date() - first.astimezone(ZoneInfo(zone)).date()).days
