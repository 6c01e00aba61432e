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
BAD_SLUG = "A slug has 1 to 64 lower-case letters, digits, '_' or '-', and begins with a letter or digit."


def test_field_that_breaks_a_rule_is_refused_with_its_name_and_the_reason(subtests):
    for field, value, reason in [
        ("slug", "", BAD_SLUG),
        ("slug", "Coins", BAD_SLUG),
        ("slug", "-coins", BAD_SLUG),
        ("slug", "co/ins", BAD_SLUG),
        ("slug", "coins\n", BAD_SLUG),
        ("slug", "mÿnzen", BAD_SLUG),
        ("slug", "c" * 65, BAD_SLUG),
        ("slug", None, BAD_SLUG),
        ("action", "Coin Collected", BAD_SLUG),
        ("action", "", BAD_SLUG),
        ("name", "", "Enter a text of 1 to 80 characters."),
        ("name", "   ", "Enter a text of 1 to 80 characters."),
        ("name", "x" * 81, "Enter a text of 1 to 80 characters."),
        ("name", "Co\x00ins", "The text must not hold control characters or line breaks."),
        ("name", None, "Enter a text."),
        ("combine", "average", "Choose one of sum, best, last."),
        ("order", "up", "Choose one of desc, asc."),
        ("ties", "random", "Choose one of shared, dense, earliest, unlocks."),
        ("decimals", -1, "Enter a whole number from 0 to 4."),
        ("decimals", 5, "Enter a whole number from 0 to 4."),
        ("decimals", True, "Enter a whole number from 0 to 4."),
        ("decimals", "2", "Enter a whole number from 0 to 4."),
        ("windows", (), "Choose one or more of all, day, week, month, season, each once."),
        ("windows", ("year",), "Choose one or more of all, day, week, month, season, each once."),
        ("windows", ("day", "day"), "Choose one or more of all, day, week, month, season, each once."),
        ("max_entries", 0, "Enter a whole number from 1 to 10000000."),
        ("max_entries", -5, "Enter a whole number from 1 to 10000000."),
        ("max_entries", 1.5, "Enter a whole number from 1 to 10000000."),
        ("segment_by", "name", "Choose one of region, country, team."),
        ("timezone", "Mars/Olympus", "There is no such timezone; an example is Europe/Stockholm."),
        ("timezone", "../etc/passwd", "There is no such timezone; an example is Europe/Stockholm."),
        ("retention_days", 0, "Enter a whole number from 1 to 3650."),
        ("retention_days", 1_000_000, "Enter a whole number from 1 to 3650."),
        ("grace_hours", -1, "Enter a whole number from 0 to 168."),
        ("grace_hours", 169, "Enter a whole number from 0 to 168."),
        ("grace_hours", 0.5, "Enter a whole number from 0 to 168."),
        ("news_top", -1, "Enter a whole number from 0 to 10000."),
        ("floor", "nan", "Enter a number."),
        ("floor", 0.5, "The score must be a whole number."),
    ]:
        with subtests.test(field=field, value=value):
            with pytest.raises(ValidationError) as refusal:
                board(**{field: value})
            assert refusal.value.message_dict == {field: [reason]}


def test_season_window_needs_a_season():
    with pytest.raises(ValidationError) as refusal:
        board(windows=("season",))
    assert refusal.value.message_dict == {"seasons": ["The window 'season' needs at least one season."]}


def test_seasons_neither_overlap_nor_share_a_slug(subtests):
    for second, reason in [
        (season("late", "2026-05-31", "2026-08-01"), "Seasons must not overlap."),
        (season("spring", "2026-07-01", "2026-08-01"), "Each season needs a slug of its own."),
    ]:
        with subtests.test(second=second.slug):
            with pytest.raises(ValidationError) as refusal:
                board(windows=("season",), seasons=(SPRING, second))
            assert refusal.value.message_dict == {"seasons": [reason]}


def test_seasons_may_touch():
    board(windows=("season",), seasons=(SPRING, season("summer", "2026-06-01", "2026-09-01")))


def test_season_ends_after_it_starts():
    with pytest.raises(ValidationError) as refusal:
        Season("s", "S", date(2026, 3, 1), date(2026, 3, 1))
    assert refusal.value.message_dict == {"seasons": ["Season s: it must end after it starts."]}


def test_definition_survives_storage(subtests):
    everything = board(
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
        grace_hours=12,
        description="The best lap, in seconds.",
        seasons=(SPRING,),
        floor=Decimal("-1.25"),
        news_top=10,
    )
    for original in (board(), everything):
        with subtests.test(original=original):
            assert Board.from_fields(original.to_fields()) == original


def test_definition_that_was_stored_without_a_grace_has_an_hour():
    stored = board().to_fields()
    del stored["grace_hours"]
    assert Board.from_fields(stored).grace_hours == 1


def test_tie_rule_leaves_a_range_that_is_told_and_exact(subtests):
    for ties, greatest in {
        "shared": 2**53 - 1,
        "dense": 2**53 - 1,
        "earliest": 2**22 - 1,
        "unlocks": 2**41 - 1,
    }.items():
        with subtests.test(ties=ties):
            definition = board(ties=ties)
            assert definition.greatest_score == greatest
            assert definition.to_units(greatest) == greatest
            assert definition.to_units(-greatest) == -greatest
            for beyond in (greatest + 1, -greatest - 1):
                with pytest.raises(ValidationError) as refusal:
                    definition.to_units(beyond)
                assert refusal.value.message_dict == {"score": [f"The score must lie within ±{greatest:,}."]}


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


def test_many_scores_are_read_as_each_of_them(subtests):
    for decimals in (0, 2):
        definition = board(decimals=decimals)
        for scores in ([1, -5, 2**53 - 1], ["7", 2.0, Decimal(3)], [1, True], [1, 2**53], []):
            with subtests.test(decimals=decimals, scores=scores):
                try:
                    expected = [definition.to_units(score) for score in scores]
                except ValidationError as error:
                    with pytest.raises(ValidationError) as refusal:
                        definition.all_to_units(scores)
                    assert refusal.value.message_dict == error.message_dict
                else:
                    assert definition.all_to_units(scores) == expected
