"""Reading boards: full windows at both ends, exact ranks, pages without gaps, the same on any number of shards."""

import random
from decimal import Decimal

import pytest

from leaderboards.definitions import Standing
from leaderboards.services import ranking, scores
from tests.builders import brief, crowd, ids, make_board, make_player, ranks

pytestmark = pytest.mark.usefixtures("services_store")

SIZE = 40


@pytest.fixture
def crowded(services_store) -> None:  # noqa: ARG001
    """coins, with p0001 on rank 1 to p0040 on rank 40, all scores different."""
    make_board(entries=crowd(SIZE))


def places(first: int, last: int) -> list[tuple[int, str, int]]:
    """The rows of `crowded` from one rank to another."""
    return [(rank, f"p{rank:04}", SIZE + 1 - rank) for rank in range(first, last + 1)]


# Top


def test_top_is_best_first():
    make_board(entries={"alice": 5, "bob": 9, "charlie": 7})
    assert brief(ranking.top("coins", 2)) == [(1, "bob", 9), (2, "charlie", 7)]


def test_top_of_an_ascending_board_is_least_first():
    make_board(entries={"alice": 5, "bob": 9, "charlie": -7}, combine="best", order="asc")
    assert brief(ranking.top("coins", 3)) == [(1, "charlie", -7), (2, "alice", 5), (3, "bob", 9)]


def test_top_is_ten_unless_asked_otherwise():
    make_board(entries=crowd(SIZE))
    assert brief(ranking.top("coins")) == places(1, 10)


def test_top_is_all_there_is_on_a_short_board():
    make_board(entries={"alice": 5})
    assert brief(ranking.top("coins", 1000)) == [(1, "alice", 5)]


# Around


@pytest.mark.usefixtures("crowded")
def test_around_is_a_full_window_clamped_at_both_ends(subtests):
    for rank, first, last in [
        (20, 15, 25),
        (6, 1, 11),
        (5, 1, 11),
        (1, 1, 11),
        (2, 1, 11),
        (35, 30, 40),
        (36, 30, 40),
        (39, 30, 40),
        (40, 30, 40),
    ]:
        with subtests.test(rank=rank):
            assert brief(ranking.around_player("coins", f"p{rank:04}", 5)) == places(first, last)
            assert brief(ranking.around_rank("coins", rank, 5)) == places(first, last)


@pytest.mark.usefixtures("crowded")
def test_window_is_as_wide_as_asked(subtests):
    for around, first, last in [
        (0, 38, 38),
        (1, 37, 39),
        (2, 36, 40),
        (3, 34, 40),
        (19, 2, 40),
        (20, 1, 40),
        (500, 1, 40),
    ]:
        with subtests.test(around=around):
            assert brief(ranking.around_player("coins", "p0038", around)) == places(first, last)
            assert brief(ranking.around_rank("coins", 38, around)) == places(first, last)


def test_short_boards_are_shown_as_a_whole(subtests):
    for count in range(1, 12):
        slug = make_board(f"coins-{count}", entries=crowd(count)).slug
        for rank in range(1, count + 1):
            with subtests.test(count=count, rank=rank):
                expected = [(place, f"p{place:04}", count + 1 - place) for place in range(1, count + 1)]
                assert brief(ranking.around_player(slug, f"p{rank:04}", 5)) == expected


@pytest.mark.usefixtures("crowded")
def test_rank_beyond_the_end_shows_the_end(subtests):
    for rank in (41, 1000, 10**15):
        with subtests.test(rank=rank):
            assert brief(ranking.around_rank("coins", rank, 2)) == places(36, 40)


def test_around_nobody_is_empty():
    make_board()
    assert ranking.around_rank("coins", 1) == []
    assert ranking.around_player("coins", "alice") == []
    assert ranking.top("coins") == []
    assert ranking.page("coins") == ([], None)
    assert ranking.size("coins") == 0


@pytest.mark.usefixtures("crowded")
def test_around_a_stranger_is_empty_and_no_error():
    assert ranking.around_player("coins", "alice") == []


# Standing and size


def test_standing_says_rank_score_size_and_percentile():
    make_board(entries={"alice": 9, "bob": 7, "charlie": 7, "dora": 1})
    assert ranking.standing("coins", "alice") == Standing(rank=1, score=9, size=4, percentile=100.0)
    assert ranking.standing("coins", "bob") == Standing(rank=2, score=7, size=4, percentile=75.0)
    assert ranking.standing("coins", "charlie") == Standing(rank=2, score=7, size=4, percentile=75.0)
    assert ranking.standing("coins", "dora") == Standing(rank=4, score=1, size=4, percentile=25.0)


def test_standing_of_a_stranger_is_none():
    make_board(entries={"alice": 9})
    make_player("bob", name="Bob")
    assert ranking.standing("coins", "bob") is None
    assert ranking.standing("coins", "nobody") is None


def test_size_counts_everybody_of_the_window():
    make_board(windows=("all", "day"), entries=crowd(7))
    assert ranking.size("coins") == ranking.size("coins", window="day") == 7


# Pages


def walk(limit: int, **where) -> list[tuple[int, str, object]]:
    """All pages of coins, one after the other."""
    found, cursor = ranking.page("coins", limit=limit, **where)
    rows = list(found)
    while cursor is not None:
        found, cursor = ranking.page("coins", after=cursor, limit=limit, **where)
        assert 0 < len(found) <= limit
        rows += found
    return brief(rows)


@pytest.mark.usefixtures("crowded")
def test_pages_walk_the_board_without_gap_or_repetition(subtests):
    for limit in (1, 3, 7, 20, 39, 40, 41, 1000):
        with subtests.test(limit=limit):
            assert walk(limit) == places(1, SIZE)


@pytest.mark.parametrize("ties", ["shared", "dense", "earliest", "unlocks"])
def test_pages_walk_through_ties(ties):
    chance = random.Random(7)
    make_board(ties=ties, entries={f"p{i}": chance.randint(1, 4) for i in range(25)})
    whole = brief(ranking.top("coins", 100))
    assert len(whole) == 25
    for limit in (1, 4, 25):
        assert walk(limit) == whole


def test_page_ends_exactly_at_the_end():
    make_board(entries=crowd(4))
    rows, cursor = ranking.page("coins", limit=2)
    rows, cursor = ranking.page("coins", limit=2, after=cursor)
    assert ids(rows) == ["p0003", "p0004"]
    assert cursor is None


def test_cursor_is_a_place_that_outlives_the_player_there():
    make_board(entries=crowd(6))
    _, cursor = ranking.page("coins", limit=3)
    scores.remove("coins", "p0003")
    assert brief(ranking.page("coins", limit=3, after=cursor)[0]) == [(3, "p0004", 3), (4, "p0005", 2), (5, "p0006", 1)]
    _, cursor = ranking.page("coins", limit=3)
    scores.submit("coins", "newcomer", 100)
    assert ids(ranking.page("coins", limit=3, after=cursor)[0]) == ["p0005", "p0006"]


def test_cursor_fits_any_player_id():
    players = ["a", "Z" * 64, "0.-_", "a_b"]
    make_board(entries=dict.fromkeys(players, 1))
    assert sorted(player for _, player, _ in walk(1)) == sorted(players)


def test_pages_of_negative_and_decimal_scores():
    make_board(entries={"alice": "-1.5", "bob": "0", "charlie": "1.5"}, decimals=1)
    assert walk(1) == [(1, "charlie", Decimal("1.5")), (2, "bob", 0), (3, "alice", Decimal("-1.5"))]


# The view of a page


@pytest.mark.usefixtures("crowded")
def test_view_is_what_the_parts_are():
    view = ranking.view("coins", window="all", top=3, around=2, player="p0020")
    assert view.board.slug == "coins"
    assert (view.window, view.period, view.segment, view.size) == ("all", "all", None, SIZE)
    assert brief(view.top) == places(1, 3)
    assert brief(view.around) == places(18, 22)
    assert view.standing == ranking.standing("coins", "p0020")
    assert view.version == ranking.version("coins")


@pytest.mark.usefixtures("crowded")
def test_view_around_a_rank_keeps_the_players_own_standing():
    view = ranking.view("coins", window="all", top=0, around=1, player="p0020", rank=30)
    assert brief(view.around) == places(29, 31)
    assert view.standing == ranking.standing("coins", "p0020")
    assert view.top == ()


@pytest.mark.usefixtures("crowded")
def test_view_for_a_stranger_shows_the_board():
    view = ranking.view("coins", window="all", top=3, around=2, player="alice")
    assert brief(view.top) == places(1, 3)
    assert (view.around, view.standing) == ((), None)


# Large and uneven boards


def test_every_rank_of_a_large_uneven_board_is_found():
    """More entries than the shards sample in one step, with long runs of equal scores."""
    chance = random.Random(3)
    entries = {
        f"p{i}": chance.choice((0, 0, 1, chance.randint(-9, 9), chance.randint(-(10**9), 10**9))) for i in range(900)
    }
    make_board(entries=entries)
    order = sorted(entries.items(), key=lambda item: (item[1], item[0]), reverse=True)
    for place in [1, 2, 3, 64, 65, 300, 449, 450, 451, 600, 777, 898, 899, 900, *chance.sample(range(1, 901), 12)]:
        first = max(1, min(place - 2, 896))
        rows = ranking.around_rank("coins", place, 2)
        assert ids(rows) == [player for player, _ in order[first - 1 : first + 4]]
        assert ranks(rows) == [1 + sum(score > row.score for score in entries.values()) for row in rows]
