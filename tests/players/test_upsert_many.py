"""Many profiles at once are what one after the other would be, in fewer round trips."""

from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError

from gamify_site.players import services as players
from leaderboards.services import ranking, scores
from tests.builders import brief, make_board, make_player


@pytest.mark.usefixtures("services_store")
def test_profiles_are_those_of_one_by_one(clock):
    profile = {"name": "Zoë Ängström", "country": "SE", "team": "Red", "timezone": "Europe/Stockholm"}
    assert players.upsert_many({"alice": profile, "bob": {}, "charlie": {"name": " Charlie "}}) == 3
    many = players.get_many(["alice", "bob", "charlie"])
    make_player("dora", **profile)
    assert replace(many["alice"], id="dora") == players.get("dora")
    assert many["charlie"].name == "Charlie"
    assert {player.joined for player in many.values()} == {clock.now()}
    assert [player.id for player in players.find("angstrom")] == ["alice", "dora"]


@pytest.mark.usefixtures("services_store")
def test_fields_that_are_not_given_stay_and_entries_move():
    make_board(segment_by="country")
    make_player("alice", name="Alice", country="SE")
    scores.submit_many("coins", {"alice": 5, "bob": 3})
    players.upsert_many({"alice": {"country": "NO"}, "bob": {"country": "NO"}})
    assert players.get("alice").name == "Alice"
    assert brief(ranking.top("coins", 5, segment="NO")) == [(1, "alice", 5), (2, "bob", 3)]
    assert ranking.size("coins", segment="SE") == 0


@pytest.mark.usefixtures("store")
def test_one_bad_profile_is_named_and_nothing_is_written(subtests):
    for wrong, field in [
        ({"no one": {}}, "player"),
        ({"bob": {"country": "Sweden"}}, "country"),
        ({"bob": {"points": "1000"}}, "points"),
        ({"bob": {"timezone": "Mars/Olympus"}}, "timezone"),
    ]:
        with subtests.test(wrong=wrong, field=field):
            with pytest.raises(ValidationError) as error:
                players.upsert_many({"alice": {"name": "Alice"}, **wrong})
            assert list(error.value.message_dict) == [field]
            assert not players.exists("alice")


def test_500_profiles_are_one_round_trip(open_store, round_trips):
    open_store("valkey", 3)
    make_player("alice")  # loads the script
    round_trips()
    players.upsert_many({f"p{number}": {"name": f"Player {number}"} for number in range(500)})
    assert round_trips() == 1
    assert players.upsert_many({}) == 0
    assert round_trips() == 0
    players.upsert_many({f"p{number}": {"team": "Red"} for number in range(501)})
    assert round_trips() == 2
