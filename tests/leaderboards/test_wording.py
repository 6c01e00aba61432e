"""Ranks, numbers and differences in words."""

from decimal import Decimal

from django.utils.translation import override

from leaderboards import wording
from leaderboards.definitions import Standing


def test_place_in_words(subtests):
    for rank, size, words in [
        (1, 1, "In the lead"),
        (1, 500, "In the lead"),
        (3, 100, "Top 3 %"),
        (2, 100_000, "Top 0.1 %"),
        (7, 1000, "Top 0.7 %"),
        (50, 100, "Top 50 %"),
        (51, 100, "Ahead of 49 %"),
        (100, 100, "Everything to win"),
    ]:
        with subtests.test(rank=rank, size=size):
            assert wording.place(Standing(rank, 0, size, 0.0)) == words


def test_numbers_are_written_as_the_language_does(subtests):
    for language, words in [
        ("en", "1,234,567.50"),
        ("de", "1.234.567,50"),
        ("fr", "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567,50"),
    ]:
        with subtests.test(language=language), override(language):
            found = wording.number(Decimal("1234567.50"))
            assert found.replace("\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}") == words


def test_differences_have_a_sign():
    assert [wording.difference(value) for value in (1200, 0, -3)] == ["+1,200", "±0", "\N{MINUS SIGN}3"]
