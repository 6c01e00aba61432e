"""`manage.py tick` does what is due and prints a line for each thing done; the next one finds nothing to do."""

import pytest
from django.core.management import call_command

from tests.achievements.builders import do
from tests.builders import make_board

pytestmark = pytest.mark.usefixtures("services_store")


def tick(capsys: pytest.CaptureFixture[str]) -> list[str]:
    call_command("tick")
    return capsys.readouterr().out.splitlines()


def test_tick_prints_a_line_for_each_thing_done(clock, capsys):
    assert tick(capsys) == []
    make_board(windows=("all", "day"), entries={"alice": 9, "bob": 5})
    do("alice", "coin")
    clock.advance(days=1)
    assert tick(capsys) == ["Counted: 2082-11-20, 2 players on the day, 2 in 7 days, 2 in 30 days."]
    clock.advance(days=30)
    first, second, *days = tick(capsys)
    assert first == "Closed: coins 2082-11-20, 2 players."
    assert second == "Left the boards: 2 players, not seen for 30 days."
    assert len(days) == 30
    assert tick(capsys) == []
