"""A definition refuses what breaks a rule, with the field, and comes back from Redis as it went."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from leaderboards.definitions import Board, Season
from tests.builders import season


def board(**fields) -> Board:
    return Board(**{"slug": "coins", "name": "Coins", **fields})


SPRING = season("spring", "2026-03-01", "2026-06-01")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", ""),
        ("slug", "Coins"),
        ("slug", "-coins"),
        ("slug", "co/ins"),
        ("slug", "coins\n"),
        ("slug", "mÿnzen"),
        ("slug", "c" * 65),
        ("slug", None),
        ("action", "Coin Collected"),
        ("action", ""),
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 81),
        ("name", "Co\x00ins"),
        ("name", None),
        ("combine", "average"),
        ("order", "up"),
        ("ties", "random"),
        ("decimals", -1),
        ("decimals", 5),
        ("decimals", True),
        ("decimals", "2"),
        ("windows", ()),
        ("windows", ("year",)),
        ("windows", ("day", "day")),
        ("max_entries", 0),
        ("max_entries", -5),
        ("max_entries", 1.5),
        ("segment_by", "name"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../etc/passwd"),
        ("retention_days", 0),
        ("retention_days", 1_000_000),
        ("news_top", -1),
        ("floor", "nan"),
        ("floor", 0.5),
    ],
)
def test_field_that_breaks_a_rule_is_refused_with_its_name(field, value):
    with pytest.raises(ValidationError) as refusal:
        board(**{field: value})
    assert list(refusal.value.message_dict) == [field]
    assert refusal.value.message_dict[field][0]


def test_season_window_needs_a_season():
    with pytest.raises(ValidationError) as refusal:
        board(windows=("season",))
    assert "seasons" in refusal.value.message_dict


@pytest.mark.parametrize(
    "second", [season("late", "2026-05-31", "2026-08-01"), season("spring", "2026-07-01", "2026-08-01")]
)
def test_seasons_neither_overlap_nor_share_a_slug(second):
    with pytest.raises(ValidationError) as refusal:
        board(windows=("season",), seasons=(SPRING, second))
    assert "seasons" in refusal.value.message_dict


def test_seasons_may_touch():
    board(windows=("season",), seasons=(SPRING, season("summer", "2026-06-01", "2026-09-01")))


def test_season_ends_after_it_starts():
    with pytest.raises(ValidationError) as refusal:
        Season("s", "S", date(2026, 3, 1), date(2026, 3, 1))
    assert "seasons" in refusal.value.message_dict


@pytest.mark.parametrize(
    "original",
    [
        board(),
        board(
            action="lap_finished",
            combine="best",
            order="asc",
            decimals=2,
            windows=("all", "week", "season"),
            ties="earliest",
            max_entries=50,
            segment_by="country",
            timezone="Europe/Stockholm",
            retention_days=7,
            description="The best lap, in seconds.",
            seasons=(SPRING,),
            floor=Decimal("-1.25"),
            news_top=10,
        ),
    ],
)
def test_definition_survives_storage(original):
    assert Board.from_fields(original.to_fields()) == original


@pytest.mark.parametrize(
    ("ties", "greatest"), [("shared", 2**53 - 1), ("dense", 2**53 - 1), ("earliest", 2**25 - 1), ("unlocks", 2**41 - 1)]
)
def test_tie_rule_leaves_a_range_that_is_told_and_exact(ties, greatest):
    definition = board(ties=ties)
    assert definition.greatest_score == greatest
    assert definition.to_units(greatest) == greatest
    assert definition.to_units(-greatest) == -greatest
    for beyond in (greatest + 1, -greatest - 1):
        with pytest.raises(ValidationError, match=f"±{greatest:,}"):
            definition.to_units(beyond)


def test_decimals_are_scaled_exactly():
    definition = board(decimals=2)
    assert definition.to_units("0.29") == 29
    assert definition.to_units(0.29) == 29
    assert definition.to_units(Decimal("-1.10")) == -110
    assert definition.from_units(29) == Decimal("0.29")


def test_sentence_says_the_rule():
    assert board(action="coin_collected").sentence() == "Adds up each player's coin collected; the highest leads."
    assert "the lowest leads" in board(combine="best", order="asc").sentence()
    assert "50" in board(max_entries=50).sentence()


@pytest.mark.parametrize("scores", [[1, -5, 2**53 - 1], ["7", 2.0, Decimal(3)], [1, True], [1, 2**53], []])
@pytest.mark.parametrize("decimals", [0, 2])
def test_many_scores_are_read_as_each_of_them(scores, decimals):
    board = Board("coins", "Coins", decimals=decimals)

    def each() -> list[int]:
        return [board.to_units(score) for score in scores]

    try:
        expected = each()
    except ValidationError as error:
        with pytest.raises(ValidationError) as refusal:
            board.all_to_units(scores)
        assert refusal.value.message_dict == error.message_dict
    else:
        assert board.all_to_units(scores) == expected
