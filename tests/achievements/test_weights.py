"""What an event weighs, by which batches are cut: more where it may lead to many awards."""

import pytest

from achievements.definitions import Event, Tier
from achievements.services import compiled
from tests.achievements.builders import make
from tests.builders import make_board

pytestmark = pytest.mark.usefixtures("store")


def weight(action: str = "coin", amount: int = 1) -> int:
    return compiled.weight(Event("alice", action, amount))


def test_listeners_and_ranked_sets_weigh():
    assert weight() == 1
    make("ten", target=10)
    assert weight() == 3
    make_board(action="coin", windows=("all", "day"))
    assert weight() == 7


def test_tiers_weigh_if_the_amount_passes_them():
    tiers = tuple(Tier(f"t{target}", f"T{target}", target, 1) for target in (5, 10, 15))
    make("ladder", type="tiered", tiers=tiers, target=15, points=0)
    assert [weight(amount=amount) for amount in (1, 5, 14, 100)] == [3, 13, 23, 33]


def test_what_one_event_is_enough_for_weighs_whatever_the_amount():
    make("first", type="milestone", target=1)
    make("third", measure="count", target=3)
    assert weight(amount=100) == weight() == 15


def test_metas_that_follow_and_achievements_that_wait_weigh():
    make("first", type="milestone", target=1)
    make("meta", type="meta", action=None, target=1)
    make("rare", type="meta", action=None, target=9)
    assert weight() == 23
    make("next", action="other", prerequisites=("first",))
    make("last", action="other", prerequisites=("next",))
    assert weight() == 43
