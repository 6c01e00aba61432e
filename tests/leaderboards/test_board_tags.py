"""What the tags of the board pages draw."""

import pytest

from leaderboards.definitions import Distribution
from leaderboards.templatetags import board_tags


def test_own_score_stands_below_its_bar(subtests: pytest.Subtests) -> None:
    for mine, place, anchor in [(0, "0.0", "start"), (4, "45.0", "middle"), (5, "55.0", "middle"), (9, "100.0", "end")]:
        with subtests.test(mine=mine):
            drawn = board_tags.own_mark(Distribution((1,) * 10, 0, 2000, mine), 1040)
            assert f'x="{place}%"' in drawn and f'text-anchor="{anchor}"' in drawn
            assert "You: 1,040" in drawn


def test_who_has_no_score_has_no_mark() -> None:
    assert board_tags.own_mark(Distribution((1,) * 10, 0, 2000, None), 0) == ""
