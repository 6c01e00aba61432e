"""Writing scores: by the board's rule, exactly or not at all, and with an answer that says what happened."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from achievements.definitions import Event
from achievements.services import events
from leaderboards.definitions import BatchUpdate, ScoreUpdate, Withdrawal
from leaderboards.errors import InsufficientBalance
from leaderboards.services import ranking, scores
from tests.builders import brief, make_board, make_player

pytestmark = pytest.mark.usefixtures("services_store")

EXACT = 2**53 - 1


def score_of(player: str, **where) -> object:
    standing = ranking.standing("coins", player, **where)
    return standing and standing.score


# The board's rule


def test_sum_adds_up():
    make_board(combine="sum")
    assert scores.submit("coins", "alice", 5).score == 5
    assert scores.submit("coins", "alice", 7).score == 12
    assert scores.submit("coins", "alice", -20).score == -8


@pytest.mark.parametrize(("order", "best"), [("desc", 9), ("asc", 2)])
def test_best_keeps_the_better_score(order, best):
    make_board(combine="best", order=order)
    for score in (5, 9, 2, 7):
        update = scores.submit("coins", "alice", score)
    assert update.score == best
    assert score_of("alice") == best


def test_last_keeps_the_latest_score():
    make_board(combine="last")
    for score in (5, 9, 2):
        assert scores.submit("coins", "alice", score).score == score
    assert score_of("alice") == 2


@pytest.mark.parametrize("order", ["desc", "asc"])
@pytest.mark.parametrize("combine", ["sum", "best", "last"])
def test_increment_and_set_work_under_every_rule(combine, order):
    make_board(combine=combine, order=order)
    assert scores.set("coins", "alice", 10).score == 10
    assert scores.increment("coins", "alice", 5).score == 15
    assert scores.increment("coins", "alice", -8).score == 7
    assert scores.set("coins", "alice", 100).score == 100
    assert scores.set("coins", "alice", 0).score == 0
    assert score_of("alice") == 0


def test_increment_begins_at_zero():
    make_board(combine="best")
    assert scores.increment("coins", "alice", 5).score == 5


def test_writes_reach_every_window():
    make_board(windows=("all", "day", "week", "month"))
    scores.submit("coins", "alice", 5)
    scores.increment("coins", "alice", 2)
    assert [score_of("alice", window=window) for window in ("all", "day", "week", "month")] == [7, 7, 7, 7]
    scores.set("coins", "alice", 3)
    assert [score_of("alice", window=window) for window in ("all", "day", "week", "month")] == [3, 3, 3, 3]


# The answer


def test_update_tells_score_and_ranks():
    make_board()
    assert scores.submit("coins", "alice", 10) == ScoreUpdate(score=10, rank=1, previous_rank=None, trimmed=False)
    assert scores.submit("coins", "bob", 5) == ScoreUpdate(score=5, rank=2, previous_rank=None, trimmed=False)
    assert scores.submit("coins", "bob", 20) == ScoreUpdate(score=25, rank=1, previous_rank=2, trimmed=False)
    assert scores.submit("coins", "alice", 1) == ScoreUpdate(score=11, rank=2, previous_rank=2, trimmed=False)


def test_scores_are_integers_without_decimals_and_decimals_with_them():
    make_board()
    make_board("best-lap", combine="best", order="asc", decimals=2)
    assert type(scores.submit("coins", "alice", 5).score) is int
    lap = scores.submit("best-lap", "alice", "83.40").score
    assert (lap, str(lap)) == (Decimal("83.40"), "83.40")
    assert str(ranking.top("best-lap", 1)[0].score) == "83.40"


def test_three_tenths_are_three_tenths():
    make_board(decimals=1)
    for _ in range(3):
        update = scores.submit("coins", "alice", 0.1)
    assert update.score == Decimal("0.3")


def test_negative_zero_is_zero():
    make_board(order="asc", combine="last")
    assert str(scores.submit("coins", "alice", -0.0).score) == "0"
    assert str(ranking.top("coins", 1)[0].score) == "0"


# Exactness and range


@pytest.mark.parametrize("order", ["desc", "asc"])
def test_large_scores_are_exact(order, subtests):
    make_board(order=order, combine="last")
    for score in (EXACT, EXACT - 1, -EXACT, -EXACT + 1, 123_456_789_012_345, -987_654_321_098_765):
        with subtests.test(score=score):
            assert scores.submit("coins", "alice", score).score == score
            assert ranking.top("coins", 1)[0].score == score
            assert ranking.standing("coins", "alice").score == score


@pytest.mark.parametrize(
    ("ties", "greatest"), [("shared", EXACT), ("dense", EXACT), ("earliest", 2**22 - 1), ("unlocks", 2**41 - 1)]
)
@pytest.mark.parametrize("order", ["desc", "asc"])
def test_neighbours_at_the_end_of_the_range_stay_apart(ties, greatest, order):
    make_board(order=order, combine="last", ties=ties)
    scores.submit_many("coins", {"alice": greatest, "bob": greatest - 1, "charlie": -greatest})
    best_first = [(1, "alice", greatest), (2, "bob", greatest - 1), (3, "charlie", -greatest)]
    if order == "asc":
        best_first = [(1, "charlie", -greatest), (2, "bob", greatest - 1), (3, "alice", greatest)]
    assert brief(ranking.top("coins", 3)) == best_first


@pytest.mark.parametrize("ties", ["shared", "dense", "earliest", "unlocks"])
@pytest.mark.parametrize("order", ["desc", "asc"])
def test_sum_that_would_leave_the_range_is_refused_and_changes_nothing(ties, order):
    definition = make_board(order=order, ties=ties)
    greatest = int(definition.greatest_score)
    for sign in (1, -1):
        scores.set("coins", "alice", sign * (greatest - 1))
        version = ranking.version("coins")
        for write, field in ((scores.submit, "score"), (scores.increment, "increment")):
            with pytest.raises(ValidationError) as refusal:
                write("coins", "alice", sign * 2)
            reason = f"The result would leave ±{greatest:,}; nothing was changed."
            assert refusal.value.message_dict == {field: [reason]}
        assert score_of("alice") == sign * (greatest - 1)
        assert ranking.version("coins") == version
        assert scores.increment("coins", "alice", sign).score == sign * greatest


def test_refused_in_one_window_changes_no_window(clock):
    """The total is nearly at the end of the range, today's is not: neither grows."""
    make_board(windows=("all", "day"))
    scores.submit("coins", "alice", EXACT)
    clock.advance(days=1)
    with pytest.raises(ValidationError) as refusal:
        scores.submit("coins", "alice", 1)
    assert refusal.value.message_dict == {
        "score": ["The result would leave ±9,007,199,254,740,991; nothing was changed."]
    }
    assert score_of("alice") == EXACT
    assert score_of("alice", window="day") is None


# Many at once


def test_many_scores_as_mapping_or_pairs():
    make_board()
    assert scores.submit_many("coins", {"alice": 5, "bob": 3}) == 2
    assert scores.submit_many("coins", [("alice", 1), ("charlie", 2)]) == 2
    assert scores.submit_many("coins", (pair for pair in [("bob", 10)])) == 1
    assert brief(ranking.top("coins", 5)) == [(1, "bob", 13), (2, "alice", 6), (3, "charlie", 2)]


def test_nothing_to_submit_is_no_error():
    make_board()
    assert scores.submit_many("coins", {}) == 0
    assert scores.submit_many("coins", []) == 0


@pytest.mark.parametrize(("combine", "expected"), [("sum", 12), ("best", 9), ("last", 1)])
def test_player_twice_in_a_batch_counts_twice_and_is_one_player(combine, expected):
    make_board(combine=combine)
    assert scores.submit_many("coins", [("alice", 2), ("bob", 1), ("alice", 9), ("alice", 1)]) == 2
    assert score_of("alice") == expected


def test_large_batches_are_written_as_a_whole():
    make_board()
    assert scores.submit_many("coins", {f"p{i}": i for i in range(1, 1301)}) == 1300
    assert ranking.size("coins") == 1300
    assert brief(ranking.top("coins", 2)) == [(1, "p1300", 1300), (2, "p1299", 1299)]


def test_result_out_of_range_leaves_that_player_out_and_names_them():
    make_board()
    scores.submit("coins", "bob", EXACT)
    with pytest.raises(ValidationError) as refusal:
        scores.submit_many("coins", {"alice": 1, "bob": 1, "charlie": 1})
    assert refusal.value.message_dict == {"score": ["The result would leave ±9,007,199,254,740,991; left out: bob."]}
    assert brief(ranking.top("coins", 3)) == [(1, "bob", EXACT), (2, "charlie", 1), (2, "alice", 1)]


# Removing


def test_removed_player_leaves_every_window_of_that_board_alone(clock):
    make_board(windows=("all", "day"))
    make_board("gems")
    scores.submit("coins", "alice", 5)
    yesterday = clock.now().date().isoformat()
    clock.advance(days=1)
    for slug in ("coins", "gems"):
        scores.submit_many(slug, {"alice": 5, "bob": 1})
    assert scores.remove("coins", "alice")
    assert score_of("alice") is None
    assert score_of("alice", window="day") is None
    assert score_of("alice", window="day", period=yesterday) is None
    assert ranking.standing("gems", "alice").score == 5
    assert brief(ranking.top("coins", 5)) == [(1, "bob", 1)]


def test_removing_who_is_not_there_is_no_error():
    make_board()
    assert not scores.remove("coins", "alice")


def test_removed_player_starts_anew():
    make_board()
    scores.submit("coins", "alice", 5)
    scores.remove("coins", "alice")
    assert scores.submit("coins", "alice", 2).score == 2


# Names and seen players


def test_rows_show_names_and_ids_where_there_are_none():
    make_board()
    make_player("alice", name="Alice <b>Ångström</b>")
    scores.submit_many("coins", {"alice": 2, "bob": 1})
    assert [row.name for row in ranking.top("coins", 2)] == ["Alice <b>Ångström</b>", "bob"]
    assert [row.name for row in ranking.around_player("coins", "bob", 1)] == ["Alice <b>Ångström</b>", "bob"]
    assert [row.name for row in ranking.page("coins", limit=5)[0]] == ["Alice <b>Ångström</b>", "bob"]


def test_new_name_is_shown_at_once():
    make_board()
    make_player("alice", name="Alice")
    scores.submit("coins", "alice", 2)
    version = ranking.version("coins")
    make_player("alice", name="Alicia")
    assert ranking.top("coins", 1)[0].name == "Alicia"
    assert ranking.version("coins") != version


# Versions, by which pages know that nothing has changed


def test_version_grows_with_every_change_and_only_then():
    make_board()
    make_board("gems")
    seen = [ranking.version("coins")]

    def check(changed: bool) -> None:
        version = ranking.version("coins")
        assert (version not in seen) is changed
        seen.append(version)

    scores.submit("coins", "alice", 5)
    check(changed=True)
    ranking.top("coins", 5)
    ranking.standing("coins", "alice")
    check(changed=False)
    scores.submit("gems", "alice", 5)
    check(changed=False)
    scores.submit_many("coins", {"bob": 1, "charlie": 2})
    check(changed=True)
    scores.spend("coins", "alice", 1)
    check(changed=True)
    scores.remove("coins", "bob")
    check(changed=True)
    scores.remove("coins", "bob")
    check(changed=False)


def test_version_changes_with_the_definition():
    make_board()
    version = ranking.version("coins")
    make_board(name="Golden coins")
    assert ranking.version("coins") != version


# Ids


def test_score_with_an_id_counts_once(clock):
    make_board()
    first = scores.submit("coins", "alice", 5, id="r-1")
    again = scores.submit("coins", "alice", 5, id="r-1")
    assert (again.score, again.rank, again.previous_rank, again.trimmed) == (5, first.rank, 1, False)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert scores.increment("coins", "alice", 2, id="r-2").score == 7
    clock.advance(days=3)  # of this program's clock; the store's goes on as it does
    assert scores.increment("coins", "alice", 2, id="r-2").score == 7
    assert scores.increment("coins", "bob", 2, id="r-2").score == 2
    assert scores.submit_many("coins", [("alice", 1, "r-1"), ("alice", 1, "r-3"), ("bob", 1, "r-3"), ("bob", 1)]) == 2
    assert scores.submit_many("coins", [("alice", 1, "r-3"), ("bob", 1, "r-3")]) == 0
    assert (score_of("alice"), score_of("bob")) == (8, 4)
    more = [("alice", 9, "r-3"), ("bob", 9, "r-4"), ("bob", 9, "r-4")]
    assert scores.submit_batch("coins", more) == BatchUpdate(written=1, duplicates=2)


def test_ids_of_scores_are_a_boards_own_and_no_events():
    make_board(action="coin")
    make_board("laps")
    scores.submit("coins", "alice", 5, id="r-1")
    scores.submit("laps", "alice", 5, id="r-1")
    assert events.record([Event("alice", "coin", 5, id="r-1")]).accepted == 1
    assert score_of("alice") == 10


def test_score_that_was_refused_may_be_sent_again_under_its_id():
    make_board()
    scores.set("coins", "alice", EXACT)
    for _ in range(2):
        with pytest.raises(ValidationError):
            scores.increment("coins", "alice", 1, id="r-1")
    scores.set("coins", "alice", 0)
    assert scores.increment("coins", "alice", 1, id="r-1").score == 1


def test_score_sent_again_after_it_was_removed_changes_nothing():
    make_board(decimals=2)
    scores.submit("coins", "alice", "5.001", id="r-1")
    scores.remove("coins", "alice")
    again = scores.submit("coins", "alice", "5.001", id="r-1")
    assert (again.score, again.rank, again.trimmed) == (5, None, True)
    assert score_of("alice") is None


def test_spending_with_an_id_takes_once():
    make_board(entries={"alice": 10})
    assert [scores.spend("coins", "alice", 4, id="s-1") for _ in range(3)] == [6, 6, 6]
    with pytest.raises(InsufficientBalance):
        scores.spend("coins", "alice", 7, id="s-2")
    assert scores.withdraw("coins", "alice", 6, id="s-2") == Withdrawal(balance=0, duplicate=False)
    assert scores.withdraw("coins", "alice", 1, id="s-2") == Withdrawal(balance=0, duplicate=True)
    for bad in ("", "x" * 129, "a\tb", 7):
        with pytest.raises(ValidationError) as refusal:
            scores.spend("coins", "alice", 1, id=bad)
        assert "id" in refusal.value.message_dict
