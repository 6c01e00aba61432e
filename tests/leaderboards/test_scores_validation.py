"""Scores, amounts, player ids and board slugs that the writers accept, or refuse before they send a command.

The checks are in Python, the same on any data store and with any number of shards, so one store is enough.
"""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from leaderboards.errors import UnknownBoard
from leaderboards.services import ranking, scores
from tests.builders import brief, make_board

pytestmark = pytest.mark.usefixtures("store")

ONE_PLAYER_WRITES = ((scores.submit, "score"), (scores.increment, "increment"), (scores.set, "score"))

NO_NUMBER = "Enter a number."
TOO_LARGE = "The score must lie within ±9,007,199,254,740,991."
UNREADABLE = "The number is out of range."
BAD_ID = "A player id has 1 to 64 letters, digits or _ . : @ | - and begins with a letter or digit."

BAD_SCORES = [
    (float("nan"), NO_NUMBER),
    (float("inf"), NO_NUMBER),
    (float("-inf"), NO_NUMBER),
    ("nan", NO_NUMBER),
    ("-Infinity", NO_NUMBER),
    ("sNaN", NO_NUMBER),
    (Decimal("nan"), NO_NUMBER),
    (Decimal("inf"), NO_NUMBER),
    (True, NO_NUMBER),
    (False, NO_NUMBER),
    (None, NO_NUMBER),
    ("", NO_NUMBER),
    ("ten", NO_NUMBER),
    ("1e400", UNREADABLE),
    ("-1e999999999", UNREADABLE),
    (Decimal("1e999999999999"), UNREADABLE),
    ("0x10", NO_NUMBER),
    (b"10", NO_NUMBER),
    ([1], NO_NUMBER),
    (2**53, TOO_LARGE),
    (-(2**53), TOO_LARGE),
    (float(2**53), TOO_LARGE),
    (10**19, TOO_LARGE),
    ("12345678901234567890", TOO_LARGE),
    (10**400, TOO_LARGE),
]
BAD_PLAYERS = [
    "",
    "a" * 65,
    "al/ice",
    "alice\n",
    "\nalice",
    " alice",
    "álice",
    "alice bob",
    "-alice",
    ".alice",
    "ali\x00ce",
    "{a}",
    ":ab",
    None,
    7,
    b"alice",
]


def score_of(player: str) -> object:
    standing = ranking.standing("coins", player)
    return standing and standing.score


# Accepted


def test_decimal_scores_are_exact(subtests):
    make_board(combine="last", decimals=2)
    for number, given in enumerate([83, 83.4, "83.4", Decimal("83.40"), "8.34e1", "0.29", 0.29, -0.01]):
        with subtests.test(given=given):
            assert scores.submit("coins", f"p{number}", given).score == Decimal(str(given))


def test_numbers_of_any_length_are_rounded_once(subtests):
    make_board(combine="last", decimals=2)
    for number, (given, score) in enumerate(
        [
            ("68.2899999999999999999999999999999999999999999999", "68.29"),
            ("68.28" + "9" * 5000, "68.29"),
            ("0.0049" + "9" * 100, "0.00"),
            ("0.005" + "0" * 100, "0.01"),
            ("-0.005" + "0" * 100, "-0.01"),
            ("0" * 100 + "7", "7.00"),
            ("1e-50", "0.00"),
            ("0e999999999", "0.00"),
            ("-1e-999999999", "0.00"),
            (Decimal("1e-999999999999"), "0.00"),
            (5e-324, "0.00"),
        ]
    ):
        with subtests.test(given=str(given)[:30]):
            assert scores.submit("coins", f"p{number}", given).score == Decimal(score)


def test_whole_numbers_are_taken_in_any_spelling(subtests):
    make_board()
    for number, given in enumerate([7, 7.0, "7", " 7 ", "7.0", "7e0", Decimal("7.00"), "+7"]):
        with subtests.test(given=given):
            assert scores.submit("coins", f"p{number}", given).score == 7


def test_good_player_ids_are_taken(subtests):
    make_board()
    for player in ("a", "7", "A" * 64, "a_b-c.d", "0.-_", "a:b@c|d"):
        with subtests.test(player=player):
            scores.submit("coins", player, 1)
            assert brief(ranking.top("coins", 2)) == [(1, player, 1)]
        scores.remove("coins", player)


def test_more_decimals_than_the_board_has_are_rounded_half_up(subtests):
    """As programs make them: 60 + 8.29 is 68.28999999999999."""
    make_board("laps", combine="last", decimals=2)
    for given, kept in (
        (60 + 8.29, "68.29"),
        ("0.005", "0.01"),
        (0.004999, "0.00"),
        ("-0.005", "-0.01"),
        (Decimal("1.2349999"), "1.23"),
        ("99999999999.995", "100000000000.00"),
    ):
        with subtests.test(given=given):
            assert scores.submit("laps", "alice", given).score == Decimal(kept)
    make_board("coins", combine="last")
    for given, kept in ((0.5, 1), ("1.49", 1), (-2.5, -3)):
        with subtests.test(given=given):
            assert scores.submit("coins", "alice", given).score == kept
            assert scores.submit_many("coins", {"bob": given}) == 1
            assert score_of("bob") == kept


# Refused


def test_bad_scores_are_refused_with_field_and_reason(subtests):
    make_board()
    for write, field in ONE_PLAYER_WRITES:
        for number, (score, reason) in enumerate(BAD_SCORES):
            player = f"{write.__name__}-{number}"
            with subtests.test(write=write.__name__, score=str(score)[:50]):
                with pytest.raises(ValidationError) as refusal:
                    write("coins", player, score)
                assert refusal.value.message_dict == {field: [reason]}
                assert score_of(player) is None


def test_bad_player_ids_are_refused_with_field_and_reason(subtests):
    make_board()
    for write, _field in ONE_PLAYER_WRITES:
        for player in BAD_PLAYERS:
            with subtests.test(write=write.__name__, player=player):
                before = ranking.size("coins")
                with pytest.raises(ValidationError) as refusal:
                    write("coins", player, 1)
                assert refusal.value.message_dict == {"player": [BAD_ID]}
                assert ranking.size("coins") == before


def test_bad_amounts_are_refused_with_field_and_reason(subtests):
    make_board()
    bad_amounts = [
        (0, "The amount must be greater than 0."),
        (-1, "The amount must be greater than 0."),
        (float("nan"), NO_NUMBER),
        (float("inf"), NO_NUMBER),
        (True, NO_NUMBER),
        (None, NO_NUMBER),
        ("x", NO_NUMBER),
        (2**53, TOO_LARGE),
        (10**19, TOO_LARGE),
        (10**400, TOO_LARGE),
        ("1e999999999", UNREADABLE),
    ]
    for number, (amount, reason) in enumerate(bad_amounts):
        player = f"p{number}"
        scores.set("coins", player, 30)
        with subtests.test(amount=amount):
            with pytest.raises(ValidationError) as refusal:
                scores.spend("coins", player, amount)
            assert refusal.value.message_dict == {"amount": [reason]}
            assert score_of(player) == 30


def test_bad_entry_refuses_the_whole_batch(subtests):
    make_board()
    for bad, field, reason in [
        (("al/ice", 1), "player", BAD_ID),
        (("bob", float("nan")), "score", NO_NUMBER),
        (("bob", 2**53), "score", TOO_LARGE),
    ]:
        with subtests.test(bad=bad):
            before = ranking.size("coins")
            with pytest.raises(ValidationError) as refusal:
                scores.submit_many("coins", [("alice", 1), bad, ("charlie", 1)])
            assert refusal.value.message_dict == {field: [reason]}
            assert ranking.size("coins") == before


def test_unknown_board_is_told(subtests):
    make_board()
    writes = {
        "submit": lambda slug: scores.submit(slug, "alice", 1),
        "increment": lambda slug: scores.increment(slug, "alice", 1),
        "set": lambda slug: scores.set(slug, "alice", 1),
        "submit_many": lambda slug: scores.submit_many(slug, {"alice": 1}),
        "spend": lambda slug: scores.spend(slug, "alice", 1),
        "remove": lambda slug: scores.remove(slug, "alice"),
    }
    for slug in ("", "no-such-board", "Coins", "co/ins", "x" * 65, "münzen", "coins\n"):
        for name, write in writes.items():
            with subtests.test(slug=slug, write=name):
                with pytest.raises(UnknownBoard) as refusal:
                    write(slug)
                assert refusal.value.slug == slug


def test_refusals_need_no_data_store(store):
    make_board()
    scores.submit("coins", "alice", 1)
    store.stop()
    try:
        for player, score in (("alice", float("nan")), ("al/ice", 1)):
            with pytest.raises(ValidationError):
                scores.submit("coins", player, score)
    finally:
        store.start()
