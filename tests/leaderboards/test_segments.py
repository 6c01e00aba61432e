"""Segments: a board also ranks within a profile field, and moves with the player."""

import pytest

from gamify_site.players import services as players
from leaderboards.services import ranking, scores
from tests.builders import brief, ids, make_board, make_player

pytestmark = pytest.mark.usefixtures("services_store")


@pytest.fixture
def by_country(services_store) -> None:  # noqa: ARG001
    """coins by country: alice and bob in Sweden, charlie in Norway, dora nowhere."""
    make_board(segment_by="country", windows=("all", "day"))
    make_player("alice", country="SE")
    make_player("bob", country="SE")
    make_player("charlie", country="NO")
    make_player("dora", name="Dora")
    scores.submit_many("coins", {"alice": 5, "bob": 7, "charlie": 9, "dora": 8})


@pytest.mark.usefixtures("by_country")
def test_segment_has_ranks_of_its_own():
    assert brief(ranking.top("coins", 5, segment="SE")) == [(1, "bob", 7), (2, "alice", 5)]
    assert brief(ranking.top("coins", 5, segment="NO", window="day")) == [(1, "charlie", 9)]
    assert ranking.size("coins", segment="SE") == 2
    assert ranking.standing("coins", "alice", segment="SE").rank == 2
    assert ranking.standing("coins", "alice").rank == 4
    assert ranking.standing("coins", "alice", segment="NO") is None
    assert ids(ranking.around_player("coins", "alice", 5, segment="SE")) == ["bob", "alice"]
    assert ids(ranking.around_rank("coins", 1, 0, segment="SE")) == ["bob"]
    assert ids(ranking.page("coins", limit=5, segment="SE")[0]) == ["bob", "alice"]


@pytest.mark.usefixtures("by_country")
def test_segments_with_entries_are_listed():
    assert ranking.choices("coins", "all", "all").segments == ["NO", "SE"]


@pytest.mark.usefixtures("by_country")
def test_segment_nobody_is_in_is_empty():
    assert ranking.top("coins", 5, segment="FI") == []


@pytest.mark.usefixtures("by_country")
def test_moving_a_player_moves_the_entries_of_every_period():
    players.upsert("alice", country="NO")
    for window in ("all", "day"):
        assert brief(ranking.top("coins", 5, segment="SE", window=window)) == [(1, "bob", 7)]
        assert brief(ranking.top("coins", 5, segment="NO", window=window)) == [(1, "charlie", 9), (2, "alice", 5)]
    assert ranking.standing("coins", "alice").score == 5


@pytest.mark.usefixtures("by_country")
def test_player_without_the_field_is_in_no_segment():
    players.upsert("alice", country="")
    assert ids(ranking.top("coins", 5, segment="SE")) == ["bob"]
    players.upsert("dora", country="SE")
    assert ids(ranking.top("coins", 5, segment="SE")) == ["dora", "bob"]


@pytest.mark.usefixtures("by_country")
def test_moving_changes_the_version():
    version = ranking.version("coins")
    players.upsert("alice", country="NO")
    assert ranking.version("coins") != version


@pytest.mark.usefixtures("by_country")
def test_removed_player_leaves_the_segment_too():
    scores.remove("coins", "bob")
    assert ids(ranking.top("coins", 5, segment="SE")) == ["alice"]
    players.delete("alice")
    assert ranking.top("coins", 5, segment="SE") == []


@pytest.mark.usefixtures("by_country")
def test_spending_and_setting_reach_the_segment():
    scores.spend("coins", "bob", 3)
    scores.set("coins", "alice", 6)
    assert brief(ranking.top("coins", 5, segment="SE")) == [(1, "alice", 6), (2, "bob", 4)]


def test_segments_of_a_board_that_gets_them_later():
    make_board()
    for player, country in (("alice", "SE"), ("bob", "SE"), ("charlie", "NO")):
        make_player(player, country=country)
    scores.submit_many("coins", {"alice": 5, "bob": 7, "charlie": 9})
    make_board(segment_by="country")
    assert brief(ranking.top("coins", 5, segment="SE")) == [(1, "bob", 7), (2, "alice", 5)]
    scores.submit("coins", "alice", 5)
    assert brief(ranking.top("coins", 5, segment="SE")) == [(1, "alice", 10), (2, "bob", 7)]


def test_segments_by_another_field(services_store):
    make_board(segment_by="country")
    make_player("alice", country="SE", team="Red")
    scores.submit("coins", "alice", 5)
    make_board(segment_by="team")
    assert brief(ranking.top("coins", 5, segment="Red")) == [(1, "alice", 5)]
    assert not [key for key in sorted(services_store.keys()) if "country=" in key]


def test_segment_values_may_be_any_text(subtests):
    for number, team in enumerate(["Red: the best", "Ängeln & Söner", "a=b", "{x}", "100 %"]):
        with subtests.test(team=team):
            slug = make_board(f"coins-{number}", segment_by="team").slug
            make_player("alice", team=team)
            make_player("bob", team="Red")
            scores.submit_many(slug, {"alice": 5, "bob": 3})
            assert brief(ranking.top(slug, 5, segment=team)) == [(1, "alice", 5)]
            assert team in ranking.choices(slug, "all", "all").segments
            players.upsert("alice", team="Red")
            assert brief(ranking.top(slug, 5, segment="Red")) == [(1, "alice", 5), (2, "bob", 3)]
            assert ranking.top(slug, 5, segment=team) == []


@pytest.mark.parametrize("ties", ["dense", "earliest", "unlocks"])
def test_segments_keep_the_tie_rule(clock, ties):
    make_board(segment_by="country", ties=ties)
    for player in ("alice", "bob", "charlie"):
        make_player(player, country="SE")
    for player, score in (("bob", 5), ("alice", 5), ("charlie", 1)):
        scores.submit("coins", player, score)
        clock.advance(seconds=1)
    expected = {
        "dense": [("bob", 1), ("alice", 1), ("charlie", 2)],
        "earliest": [("bob", 1), ("alice", 2), ("charlie", 3)],
    }
    expected["unlocks"] = [("bob", 1), ("alice", 1), ("charlie", 3)]
    assert [(row.player, row.rank) for row in ranking.top("coins", 5, segment="SE")] == expected[ties]


def test_who_falls_off_the_board_falls_off_the_segment_too():
    """A segment ranks the entries of the board, so it never holds somebody whom the board does not hold."""
    make_board(segment_by="country", max_entries=2)
    make_player("alice", country="SE")
    scores.submit("coins", "alice", 5)
    scores.submit_many("coins", {"bob": 7, "charlie": 9})
    assert ranking.top("coins", 5, segment="SE") == []
    players.upsert("alice", country="NO")
    assert ranking.top("coins", 5, segment="SE") == ranking.top("coins", 5, segment="NO") == []
    assert scores.submit("coins", "alice", 8).score == 8
    assert brief(ranking.top("coins", 5, segment="NO")) == [(1, "alice", 8)]
