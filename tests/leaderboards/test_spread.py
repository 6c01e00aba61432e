"""How scores spread: equal spans from the worst to the best, everybody counted once."""

import pytest

from leaderboards.services import ranking, scores, spread
from tests.builders import make_board

pytestmark = pytest.mark.usefixtures("services_store")


def read(player: str | None = None, slug: str = "coins"):
    view = ranking.view(slug, top=1, around=0, player=player)
    return spread.read(view, ranking.choices(slug).lowest)


@pytest.mark.parametrize("ties", ["shared", "earliest", "unlocks"])
@pytest.mark.parametrize("order", ["desc", "asc"])
def test_everybody_is_counted_once_in_the_span_of_the_score(ties, order):
    make_board(ties=ties, order=order, combine="last")
    scores.submit_many("coins", {f"p{number}": number * 10 for number in range(49)})
    found = read("p0")
    assert sum(found.counts) == 49
    best, worst = (480, 0) if order == "desc" else (0, 480)
    assert (found.best, found.worst) == (best, worst)
    assert found.mine == (0 if order == "desc" else 23)
    assert max(found.counts) <= 4


def test_scores_that_cannot_be_told_apart_have_no_spread(subtests):
    for entries in ({}, {"alice": 5}, {"alice": 5, "bob": 5}):
        with subtests.test(entries=entries):
            slug = make_board(f"coins-{len(entries)}", entries=entries).slug
            assert read(slug=slug) is None


def test_visitor_has_no_span_of_their_own():
    make_board(entries={"alice": 1, "bob": 9})
    assert read().mine is None
    assert read("bob").counts[read("bob").mine] == 1
