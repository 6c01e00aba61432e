"""The board among friends: a player and those whom the player follows, ranked among themselves."""

import pytest

from gamify_site.players import services as players
from leaderboards.errors import UnknownBoard
from leaderboards.services import friends, scores
from tests.builders import brief, ids, make_board, make_player, season

pytestmark = pytest.mark.usefixtures("followed")

FRIENDS = ("bob", "charlie")


@pytest.fixture
def followed(services_store, clock) -> None:  # noqa: ARG001
    """Alice follows bob and charlie."""
    make_friends()


def make_friends() -> None:
    for player in ("alice", *FRIENDS):
        make_player(player)
    for other in FRIENDS:
        players.follow("alice", other)


def test_me_and_those_i_follow_are_ranked_among_ourselves():
    make_board("coins", {"alice": 5, "bob": 9, "charlie": 1, "stranger": 7, "other": 100})
    assert brief(friends.board("coins", "alice")) == [(1, "bob", 9), (2, "alice", 5), (3, "charlie", 1)]
    assert brief(friends.board("coins", "bob")) == [(1, "bob", 9)]


@pytest.mark.parametrize(("ties", "expected"), [("shared", [1, 1, 3]), ("dense", [1, 1, 2]), ("earliest", [1, 2, 3])])
def test_ties_are_as_on_the_board(clock, ties, expected):
    make_board("coins", ties=ties)
    for player, score in (("bob", 5), ("stranger", 5), ("alice", 5), ("charlie", 4)):
        scores.submit("coins", player, score)
        clock.advance(seconds=1)
    found = friends.board("coins", "alice")
    assert [row.rank for row in found] == expected
    if ties == "earliest":
        assert ids(found) == ["bob", "alice", "charlie"]


def test_least_leads_where_the_board_says_so():
    make_board("laps", {"alice": 60, "bob": 58, "charlie": 61}, order="asc", combine="best")
    assert ids(friends.board("laps", "alice")) == ["bob", "alice", "charlie"]


def test_names_and_avatars_are_told():
    make_board("coins", {"bob": 1, "alice": 2})
    make_player("bob", name="Bob B.", avatar="tone-3")
    (first, second) = friends.board("coins", "alice")
    assert (first.name, second.name, second.avatar) == ("alice", "Bob B.", "tone-3")


def test_who_is_not_on_the_board_is_left_out():
    make_board("coins", {"charlie": 1})
    assert ids(friends.board("coins", "alice")) == ["charlie"]
    assert friends.board("coins", "bob") == []
    assert friends.board("coins", "nobody") == []


def test_who_is_deleted_is_left_out():
    make_board("coins", {"alice": 1, "bob": 2})
    players.delete("bob")
    assert brief(friends.board("coins", "alice")) == [(1, "alice", 1)]


def test_windows_and_periods(clock):
    make_board("coins", windows=("all", "day", "season"), seasons=(season("autumn", "2082-09-01", "2082-12-01"),))
    scores.submit("coins", "bob", 3)
    clock.advance(days=1)
    scores.submit("coins", "alice", 2)
    assert ids(friends.board("coins", "alice", window="day")) == ["alice"]
    assert ids(friends.board("coins", "alice", window="day", period="2082-11-20")) == ["bob"]
    assert ids(friends.board("coins", "alice", window="season")) == ["bob", "alice"]


def test_unknown_boards_are_refused():
    with pytest.raises(UnknownBoard):
        friends.board("nope", "alice")


def test_version_changes_with_scores_names_and_whom_i_follow():
    make_board("coins", {"alice": 1, "bob": 2})
    found = [friends.version("coins", "alice")]
    assert friends.version("coins", "alice") == found[0]
    for change in (
        lambda: scores.submit("coins", "bob", 1),
        lambda: make_player("bob", name="Somebody"),
        lambda: players.unfollow("alice", "bob"),
    ):
        change()
        found.append(friends.version("coins", "alice"))
    assert len(set(found)) == 4


def test_friends_are_two_round_trips(open_store, round_trips):
    open_store("valkey", 8)
    make_friends()
    make_board("coins", {"alice": 1, "bob": 2, "charlie": 3})
    friends.board("coins", "alice")
    round_trips()
    assert len(friends.board("coins", "alice")) == 3
    assert round_trips() == 2
