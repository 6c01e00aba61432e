"""Equal scores: four rules, each with one order of players and one numbering, whatever the shards."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from gamify_site.store import keys, shards
from leaderboards.services import ranking, scores
from tests.builders import brief, ids, make_board, make_player, ranks

pytestmark = pytest.mark.usefixtures("services_store")

FOUR = {"alice": 9, "bob": 7, "charlie": 7, "dora": 1}


@pytest.mark.parametrize(("ties", "expected"), [("shared", [1, 2, 2, 4]), ("dense", [1, 2, 2, 3])])
@pytest.mark.parametrize("order", ["desc", "asc"])
def test_equal_scores_share_a_rank(ties, expected, order):
    sign = 1 if order == "desc" else -1
    make_board(ties=ties, order=order, entries={player: sign * score for player, score in FOUR.items()})
    rows = ranking.top("coins", 4)
    assert ids(rows) == ["alice", "charlie", "bob", "dora"]  # among equals the greater id first, as Redis has it
    assert ranks(rows) == expected
    assert [ranking.standing("coins", row.player).rank for row in rows] == expected
    assert ranks(ranking.around_player("coins", "dora", 1)) == expected[1:]
    assert ranks(ranking.around_rank("coins", 3, 0)) == [2]


@pytest.mark.parametrize("ties", ["shared", "dense"])
def test_equal_scores_are_ordered_byte_by_byte(ties):
    players = ["a", "B", "x", "0", "a-", "a.", "a_", "aa", "A", "a0", "Z", "z"]
    make_board(ties=ties, entries=dict.fromkeys(players, 5))
    assert ids(ranking.top("coins", 50)) == sorted(players, key=str.encode, reverse=True)
    assert set(ranks(ranking.top("coins", 50))) == {1}
    assert ranks(ranking.around_player("coins", "0", 1)) == [1, 1, 1]


def test_dense_ranks_follow_every_change():
    make_board(ties="dense", combine="last", entries={"alice": 9, "bob": 7, "charlie": 7, "dora": 1})
    scores.set("coins", "bob", 8)
    assert brief(ranking.top("coins", 4)) == [(1, "alice", 9), (2, "bob", 8), (3, "charlie", 7), (4, "dora", 1)]
    scores.set("coins", "charlie", 8)
    assert brief(ranking.top("coins", 4)) == [(1, "alice", 9), (2, "charlie", 8), (2, "bob", 8), (3, "dora", 1)]
    scores.remove("coins", "alice")
    assert ranks(ranking.top("coins", 4)) == [1, 1, 2]
    scores.set("coins", "bob", 1)
    scores.set("coins", "charlie", 1)
    assert ranks(ranking.top("coins", 4)) == [1, 1, 1]
    assert ranking.standing("coins", "dora").rank == 1


def test_dense_update_tells_dense_ranks():
    make_board(ties="dense", entries={"alice": 9, "bob": 9, "charlie": 7})
    update = scores.submit("coins", "dora", 8)
    assert (update.rank, update.previous_rank) == (2, None)
    update = scores.submit("coins", "charlie", 1)
    assert (update.rank, update.previous_rank) == (2, 3)


@pytest.mark.parametrize("order", ["desc", "asc"])
def test_earliest_is_above(clock, order):
    for number, players in enumerate(permutations(["alice", "bob", "charlie"])):
        slug = make_board(f"board-{number}", ties="earliest", order=order).slug
        for player in players:
            scores.submit(slug, player, 5)
            clock.advance(seconds=1)
        assert brief(ranking.top(slug, 3)) == [(place, player, 5) for place, player in enumerate(players, 1)]
        assert [ranking.standing(slug, player).rank for player in players] == [1, 2, 3]


@pytest.mark.parametrize("combine", ["sum", "best", "last"])
def test_earliest_goes_by_at_whatever_arrives_first(clock, combine):
    now = clock.now()
    for number, players in enumerate(permutations(["alice", "bob", "charlie"])):
        slug = make_board(f"board-{number}", ties="earliest", combine=combine).slug
        for player in players:
            scores.submit(slug, player, 5, at=now + timedelta(seconds=ord(player[0])))
        assert ids(ranking.top(slug, 3)) == ["alice", "bob", "charlie"]


def test_reached_within_the_same_second_is_reached_at_once(clock):
    make_board(ties="earliest")
    now = clock.now().replace(microsecond=0)
    for player, microsecond in (("alice", 0), ("bob", 999_999)):
        scores.submit("coins", player, 5, at=now.replace(microsecond=microsecond))
    assert ranks(ranking.top("coins", 2)) == [1, 1]


def test_best_was_there_since_the_first_of_equal_scores(clock):
    make_board(ties="earliest", combine="best")
    now = clock.now()
    for player, score, minutes in (("alice", 5, 5), ("bob", 5, 3), ("alice", 5, 1), ("bob", 5, 4), ("bob", 4, 0)):
        scores.submit("coins", player, score, at=now + timedelta(minutes=minutes))
    assert ids(ranking.top("coins", 2)) == ["alice", "bob"]


def test_sum_was_reached_with_its_latest_part(clock):
    make_board(ties="earliest", combine="sum")
    now = clock.now()
    for player, minutes in (("alice", 5), ("bob", 4), ("alice", 1), ("bob", 2)):
        scores.submit("coins", player, 5, at=now + timedelta(minutes=minutes))
    assert ids(ranking.top("coins", 2)) == ["bob", "alice"]


@pytest.mark.parametrize(("combine", "idle"), [("best", 3), ("best", 5), ("last", 5), ("sum", 0)])
def test_write_that_does_not_change_the_score_keeps_the_time(clock, combine, idle):
    make_board(ties="earliest", combine=combine)
    for player in ("alice", "bob"):
        scores.submit("coins", player, 5)
        clock.advance(seconds=1)
    scores.submit("coins", "alice", idle)
    assert ids(ranking.top("coins", 2)) == ["alice", "bob"]
    scores.submit_many("coins", [("bob", idle), ("alice", idle)])
    assert ids(ranking.top("coins", 2)) == ["alice", "bob"]


def test_score_reached_again_counts_from_then(clock):
    make_board(ties="earliest", combine="last", entries=[("alice", 5), ("bob", 5)])
    clock.advance(seconds=1)
    scores.set("coins", "alice", 4)
    scores.set("coins", "alice", 5)
    assert brief(ranking.top("coins", 2)) == [(1, "bob", 5), (2, "alice", 5)]


def test_better_score_is_above_an_earlier_one(clock):
    make_board(ties="earliest", entries=[("alice", 5)])
    clock.advance(seconds=1)
    scores.submit("coins", "bob", 6)
    assert ids(ranking.top("coins", 2)) == ["bob", "alice"]


def test_each_window_has_its_own_times(clock):
    """Bob was first today, alice first of all time."""
    make_board(ties="earliest", windows=("all", "day"))
    scores.submit("coins", "alice", 5)
    scores.submit("coins", "bob", 2)
    clock.advance(days=1)
    for player in ("bob", "alice", "bob"):
        scores.submit("coins", player, 3)
        clock.advance(seconds=1)
    assert brief(ranking.top("coins", 2)) == [(1, "alice", 8), (2, "bob", 8)]
    assert brief(ranking.top("coins", 2, window="day")) == [(1, "bob", 6), (2, "alice", 3)]


def test_earliest_holds_at_both_ends_of_time_and_range():
    """Nothing runs out: before 2020 and after 2087 all are equally early and late."""
    most = make_board(ties="earliest").most_units
    assert most == 2**22 - 1
    for player, year in (("alice", 1970), ("bob", 2019), ("charlie", 2087), ("dora", 2088), ("erin", 2999)):
        scores.submit("coins", player, most, at=datetime(year, 6, 1, tzinfo=UTC))
    expected = [(1, "bob", most), (1, "alice", most), (3, "charlie", most), (4, "erin", most), (4, "dora", most)]
    assert brief(ranking.top("coins", 5)) == expected


def give_unlocks(store, player: str, count: int) -> None:
    """Sets the number of a player's achievements, which the achievements' own scripts count elsewhere."""
    store.redis.hset(keys.player(shards.of(player), player), "unlocked", count)


@pytest.mark.parametrize("order", ["desc", "asc"])
def test_more_unlocks_is_above(services_store, order):
    for player, count in (("alice", 2), ("bob", 10), ("charlie", 9)):
        make_player(player)
        give_unlocks(services_store, player, count)
    make_board(ties="unlocks", order=order, entries={"alice": 5, "bob": 5, "charlie": 5, "dora": 5})
    assert brief(ranking.top("coins", 4)) == [(1, "bob", 5), (2, "charlie", 5), (3, "alice", 5), (4, "dora", 5)]


def test_equal_scores_and_unlocks_share_a_rank(services_store):
    for player in ("alice", "bob"):
        make_player(player)
        give_unlocks(services_store, player, 3)
    make_board(ties="unlocks", entries={"alice": 5, "bob": 5, "charlie": 5})
    assert brief(ranking.top("coins", 4)) == [(1, "bob", 5), (1, "alice", 5), (3, "charlie", 5)]


def test_unlocks_count_from_the_next_write(services_store):
    make_board(ties="unlocks", combine="best", entries={"alice": 5, "bob": 5})
    give_unlocks(services_store, "alice", 4)
    scores.submit("coins", "alice", 5)
    assert ids(ranking.top("coins", 2)) == ["alice", "bob"]
