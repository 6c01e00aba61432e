"""Spending: never below the floor, refused with the balance, and only from the total."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from leaderboards.errors import InsufficientBalance
from leaderboards.services import ranking, scores
from tests.builders import make_board

pytestmark = pytest.mark.usefixtures("services_store")


def balance(player: str = "alice") -> object:
    standing = ranking.standing("coins", player)
    return standing and standing.score


def test_spending_gives_the_new_balance():
    make_board(entries={"alice": 30})
    assert scores.spend("coins", "alice", 10) == 20
    assert scores.spend("coins", "alice", 20) == 0
    assert balance() == 0


def test_too_little_is_refused_with_the_balance_and_changes_nothing():
    make_board(entries={"alice": 30})
    with pytest.raises(InsufficientBalance) as refusal:
        scores.spend("coins", "alice", 31)
    assert refusal.value.balance == 30
    assert balance() == 30


def test_player_who_is_not_on_the_board_has_nothing():
    make_board()
    with pytest.raises(InsufficientBalance) as refusal:
        scores.spend("coins", "alice", 1)
    assert refusal.value.balance == 0
    assert balance() is None


def test_floor_of_the_board_holds():
    make_board(entries={"alice": 30}, floor=10)
    assert scores.spend("coins", "alice", 20) == 10
    with pytest.raises(InsufficientBalance) as refusal:
        scores.spend("coins", "alice", 1)
    assert refusal.value.balance == 10


def test_floor_below_zero_is_a_credit():
    make_board(entries={"alice": 5}, floor=-100)
    assert scores.spend("coins", "alice", 105) == -100
    with pytest.raises(InsufficientBalance):
        scores.spend("coins", "alice", 1)


def test_decimals_are_spent_exactly():
    make_board(entries={"alice": "0.3"}, decimals=1)
    assert scores.spend("coins", "alice", Decimal("0.1")) == Decimal("0.2")
    assert scores.spend("coins", "alice", 0.2) == 0
    with pytest.raises(InsufficientBalance) as refusal:
        scores.spend("coins", "alice", "0.1")
    assert refusal.value.balance == 0


def test_other_windows_keep_what_was_earned():
    make_board(entries={"alice": 30}, windows=("all", "day"))
    scores.spend("coins", "alice", 10)
    assert balance() == 20
    assert ranking.standing("coins", "alice", window="day").score == 30


def test_board_without_a_total_cannot_be_spent_from():
    make_board(entries={"alice": 30}, windows=("day",))
    with pytest.raises(ValidationError) as refusal:
        scores.spend("coins", "alice", 1)
    assert refusal.value.message_dict == {"board": ["Spending needs a descending board with the window 'all'."]}
    assert ranking.standing("coins", "alice", window="day").score == 30


@pytest.mark.parametrize("ties", ["dense", "earliest", "unlocks"])
def test_balance_is_right_under_every_tie_rule(ties):
    make_board(entries={"alice": 30, "bob": 20}, ties=ties)
    assert scores.spend("coins", "alice", 10) == 20
    with pytest.raises(InsufficientBalance) as refusal:
        scores.spend("coins", "alice", 21)
    assert refusal.value.balance == 20


def test_spending_moves_the_rank():
    make_board(entries={"alice": 30, "bob": 20})
    scores.spend("coins", "alice", 15)
    assert ranking.standing("coins", "alice").rank == 2


def test_spending_at_once_never_goes_below_the_floor():
    make_board(entries={"alice": 10})

    def attempt(_: int) -> bool:
        try:
            scores.spend("coins", "alice", 1)
        except InsufficientBalance:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(30))) == 10
    assert balance() == 0


def test_setting_to_zero_is_one_call():
    make_board(entries={"alice": 10})
    assert scores.set("coins", "alice", 0).score == 0
