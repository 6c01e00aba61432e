"""What the board form refuses, and at which field."""

import pytest

from leaderboards.forms import BoardForm
from tests.leaderboards.test_views_manage import NEW

pytestmark = pytest.mark.usefixtures("store")

BAD = [
    ("name", ""),
    ("name", "x" * 81),
    ("name", "two\nlines"),
    ("slug", ""),
    ("slug", "Coins"),
    ("slug", "co ins"),
    ("slug", "<b>"),
    ("slug", "../x"),
    ("slug", "x" * 65),
    ("description", "x" * 501),
    ("description", "line\nbreak"),
    ("action", "Coin Collected"),
    ("combine", "median"),
    ("order", "random"),
    ("decimals", "nan"),
    ("decimals", "-1"),
    ("decimals", "5"),
    ("decimals", "9" * 20),
    ("decimals", "1.5"),
    ("windows", []),
    ("windows", ["year"]),
    ("ties", "coin toss"),
    ("max_entries", "0"),
    ("max_entries", "-5"),
    ("max_entries", "nan"),
    ("max_entries", "9" * 20),
    ("max_entries", "1e3"),
    ("segment_by", "password"),
    ("timezone", "Mars/Olympus"),
    ("timezone", "../etc/passwd"),
    ("retention_days", ""),
    ("retention_days", "0"),
    ("retention_days", "99999"),
    ("grace_hours", ""),
    ("grace_hours", "-1"),
    ("grace_hours", "169"),
    ("grace_hours", "1.5"),
    ("floor", "nan"),
    ("floor", "inf"),
    ("floor", "1.5"),
    ("floor", "9" * 20),
    ("floor", "9" * 30),
    ("floor", "<b>"),
    ("news_top", "-1"),
    ("news_top", "10001"),
    ("seasons", "autumn"),
    ("seasons", "autumn | Autumn | 2026-09-01"),
    ("seasons", "autumn |  | 2026-09-01 | 2026-12-01"),
    ("seasons", "autumn | Autumn | today | 2026-12-01"),
    ("seasons", "autumn | Autumn | 2026-12-01 | 2026-09-01"),
    ("seasons", "Autumn Cup | Autumn | 2026-09-01 | 2026-12-01"),
    ("seasons", "a | A | 2026-09-01 | 2026-12-01\nb | B | 2026-11-01 | 2027-01-01"),
    ("seasons", "a | A | 2026-09-01 | 2026-10-01\na | B | 2026-11-01 | 2027-01-01"),
]


def test_wrong_value_is_refused_at_its_field(subtests):
    for field, value in BAD:
        with subtests.test(field=field, value=value):
            form = BoardForm({**NEW, field: value})
            assert not form.is_valid()
            assert form.errors.keys() == {field}


def test_grace_that_is_out_of_range_is_told_the_range():
    form = BoardForm({**NEW, "grace_hours": "169"})
    assert form.errors == {"grace_hours": ["Enter a whole number from 0 to 168."]}


def test_window_season_needs_a_season():
    form = BoardForm({**NEW, "windows": ["season"]})
    assert form.errors.keys() == {"seasons"}


def test_wrong_lines_of_seasons_are_named():
    form = BoardForm({**NEW, "seasons": "a | A | 2026-09-01 | 2026-10-01\nnonsense\n\nb | B | x | y"})
    assert [text.partition(":")[0] for text in form.errors["seasons"]] == ["Line 2", "Line 4"]


def test_what_was_typed_is_kept():
    form = BoardForm({**NEW, "max_entries": "many", "seasons": "<b>"})
    assert form["max_entries"].value() == "many"
    assert "&lt;b&gt;" in str(form["seasons"])


def test_every_field_of_a_definition_can_be_edited():
    from dataclasses import fields

    from leaderboards.definitions import Board

    assert set(BoardForm().fields) - {"known"} == {field.name for field in fields(Board)}
