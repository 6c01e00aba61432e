"""`manage.py tick` does what is due and prints a line for each thing done; the next one finds nothing to do."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest
from django.core.management import CommandError, call_command

from gamify_site import clock as site_clock
from gamify_site import travel
from gamify_site.ops import clocks, ticking
from gamify_site.ops.clocks import WrongClock
from gamify_site.ops.management.commands import tick as tick_command
from gamify_site.store.errors import StoreUnavailable
from leaderboards.services import ranking, seasons
from tests.achievements.builders import do
from tests.builders import crowd, make_board

pytestmark = pytest.mark.usefixtures("services_store")


def tick(capsys: pytest.CaptureFixture[str]) -> list[str]:
    call_command("tick")
    return capsys.readouterr().out.splitlines()


def fail(*_arguments: object) -> NoReturn:
    raise StoreUnavailable


def test_tick_prints_a_line_for_each_thing_done(clock, capsys):
    assert tick(capsys) == []
    make_board(windows=("all", "day"), grace_hours=48, entries={"alice": 9, "bob": 5})
    do("alice", "coin")
    clock.advance(days=1)
    assert tick(capsys) == ["Counted: 2082-11-20, 2 players on the day, 2 in 7 days, 2 in 30 days."]
    clock.advance(days=30)
    first, second, *days = tick(capsys)
    assert first == "Closed: coins 2082-11-20, 2 players."
    assert second == "Left the boards: 2 players, not seen for 30 days."
    assert len(days) == 30
    assert tick(capsys) == []


def test_one_player_is_no_players(clock, capsys):
    make_board(windows=("all", "day"), entries={"alice": 9})
    clock.advance(days=31)
    first, second, third, *_ = tick(capsys)
    assert first == "Closed: coins 2082-11-20, 1 player."
    assert second == "Left the boards: 1 player, not seen for 30 days."
    assert third == "Counted: 2082-11-20, 1 player on the day, 1 in 7 days, 1 in 30 days."


def test_of_many_periods_the_first_ten_have_a_line_each(clock, capsys, settings):
    settings.GAMIFY_INACTIVE_DAYS = 0
    for number in range(12):
        make_board(f"coins-{number:02}", windows=("day",), entries={"alice": 9})
    clock.advance(days=9)
    closed = [line for line in tick(capsys) if line.startswith("Closed")]
    assert len(closed) == 11
    assert closed[-1] == "Closed: 2 more periods."


@pytest.mark.parametrize("error", [StoreUnavailable(), ValueError("a broken suffix")])
def test_part_that_fails_keeps_no_other_from_being_done(clock, capsys, monkeypatch, error):
    for slug in ("coins", "laps"):
        make_board(slug, windows=("all", "day"), entries=crowd(3))
    clock.advance(days=31)
    close = seasons.close_due_of

    def fail_with_coins(slug, suffixes):
        if slug == "coins":
            raise error
        return close(slug, suffixes)

    monkeypatch.setattr(seasons, "close_due_of", fail_with_coins)
    with pytest.raises(CommandError, match=str(error)):
        call_command("tick")
    first, second, third, *_ = capsys.readouterr().out.splitlines()
    assert first == "Closed: laps 2082-11-20, 3 players."
    assert second == "Left the boards: 3 players, not seen for 30 days."
    assert third.startswith("Counted: ")


def test_reasons_are_told_once():
    failures = [ValueError("a broken suffix"), StoreUnavailable(), ValueError("a broken suffix"), KeyError()]
    assert str(ticking.PartsFailed(failures)) == "a broken suffix The data store does not answer. KeyError"


def test_daemon_outlives_a_failure(clock, capsys, monkeypatch):
    make_board(windows=("day",), entries={"alice": 9})
    clock.advance(days=9)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        """Mends what failed, and stops the daemon the second time."""
        pauses.append(seconds)
        monkeypatch.setattr(seasons, "close_due_of", close)
        if len(pauses) == 2:
            raise KeyboardInterrupt

    close = seasons.close_due_of
    monkeypatch.setattr(seasons, "close_due_of", fail)
    monkeypatch.setattr(tick_command.time, "sleep", pause)
    call_command("tick", "--every", "60")
    told = capsys.readouterr()
    assert pauses == [60, 60]
    assert told.err == "The data store does not answer. Next try in 60 seconds.\n"
    assert "Closed: coins 2082-11-20, 1 player." in told.out.splitlines()


@pytest.fixture
def own_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Sets the clock of this machine ahead of that of the data store, or behind."""

    def set_ahead(ahead: timedelta) -> None:
        monkeypatch.setattr(site_clock, "untravelled", lambda: datetime.now(UTC) + ahead)

    return set_ahead


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(minutes=-6)])
def test_tick_refuses_to_work_by_a_clock_that_is_not_the_store_s(clock, capsys, caplog, own_clock, ahead):
    make_board(windows=("all", "day"), entries={"alice": 9})
    clock.advance(days=31)
    own_clock(ahead)
    before = datetime.now(UTC)
    with pytest.raises(CommandError) as refused:
        call_command("tick")
    times = [datetime.fromisoformat(it) for it in re.findall(r"[0-9-]{10} [0-9:]{8}", str(refused.value))]
    (ours, theirs) = (it.replace(tzinfo=UTC) for it in times)
    assert abs(ours - theirs - ahead) <= timedelta(seconds=2)
    assert abs(theirs - before) < timedelta(minutes=5)
    assert "set the clock that is wrong" in str(refused.value)
    assert [it.getMessage() for it in caplog.records if it.levelname == "ERROR"] == [str(refused.value)]
    assert capsys.readouterr().out == ""
    assert (seasons.past("coins")[0].is_final, ranking.size("coins")) == (False, 1)
    with pytest.raises(WrongClock):
        ticking.run_once(by="root")
    own_clock(timedelta(minutes=4))
    assert tick(capsys)[0] == "Closed: coins 2082-11-20, 1 player."


def test_daemon_goes_on_once_the_clock_is_right(clock, capsys, monkeypatch, own_clock):
    make_board(windows=("day",), entries={"alice": 9})
    clock.advance(days=9)
    own_clock(timedelta(days=1))

    def pause(_seconds: float) -> None:
        own_clock(timedelta())
        monkeypatch.setattr(tick_command.time, "sleep", stop)

    def stop(_seconds: float) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(tick_command.time, "sleep", pause)
    call_command("tick", "--every", "60")
    told = capsys.readouterr()
    assert "Nothing was done" in told.err
    assert told.err.endswith("Next try in 60 seconds.\n")
    assert "Closed: coins 2082-11-20, 1 player." in told.out.splitlines()


def test_the_demo_s_clock_travel_is_no_wrong_clock(capsys, settings):
    settings.GAMIFY_DEMO = True
    make_board(windows=("day",), entries={"alice": 9})
    travel.go(9, by="root")
    try:
        assert tick(capsys)[0].startswith("Closed: coins ")
    finally:
        site_clock.set_ahead(site_clock.NOT_AHEAD)


def test_tick_refuses_where_the_store_does_not_tell_its_time(monkeypatch):
    monkeypatch.setattr(clocks, "ask_what_is_allowed", lambda *_: [None])
    with pytest.raises(CommandError, match="TIME"):
        call_command("tick")
