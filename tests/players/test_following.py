"""Whom a player follows."""

import pytest
from django.core.exceptions import ValidationError

from gamify_site.players import services
from gamify_site.store import keys, shards
from tests.builders import make_player


def make_everybody() -> None:
    for player in ("alice", "bob", "charlie"):
        make_player(player)


@pytest.mark.usefixtures("services_store")
def test_following_is_listed_once_and_in_order():
    make_everybody()
    for other in ("charlie", "bob", "bob"):
        services.follow("alice", other)
    assert services.following("alice") == ["bob", "charlie"]
    assert services.following("bob") == []


@pytest.mark.usefixtures("services_store")
def test_unfollowing_twice_is_as_once():
    make_everybody()
    services.follow("alice", "bob")
    for _ in range(2):
        services.unfollow("alice", "bob")
        assert services.following("alice") == []


def test_nobody_follows_themselves():
    with pytest.raises(ValidationError) as caught:
        services.follow("alice", "alice")
    assert set(caught.value.message_dict) == {"other"}


@pytest.mark.usefixtures("services_store")
def test_unknown_players_neither_follow_nor_are_followed(subtests):
    make_player("alice")
    for player, other, unknown in [("alice", "bob", "bob"), ("bob", "alice", "bob")]:
        with subtests.test(player=player, other=other):
            with pytest.raises(services.UnknownPlayer) as caught:
                services.follow(player, other)
            assert caught.value.player == unknown
            assert services.following(player) == []


@pytest.mark.usefixtures("services_store")
def test_unknown_players_unfollow_nobody():
    with pytest.raises(services.UnknownPlayer):
        services.unfollow("alice", "bob")


def test_ids_that_nobody_has_are_refused_at_their_field(subtests):
    for player, other, field in [("alice", "no body", "other"), ("", "alice", "player")]:
        with subtests.test(player=player, other=other):
            for change in (services.follow, services.unfollow):
                with pytest.raises(ValidationError) as caught:
                    change(player, other)
                assert set(caught.value.message_dict) == {field}


@pytest.mark.usefixtures("services_store")
def test_only_so_many_can_be_followed(monkeypatch):
    monkeypatch.setattr(services, "MOST_FOLLOWED", 1)
    make_everybody()
    services.follow("alice", "bob")
    services.follow("alice", "bob")
    with pytest.raises(ValidationError, match="At most 1 players"):
        services.follow("alice", "charlie")
    assert services.following("alice") == ["bob"]


@pytest.mark.usefixtures("services_store")
def test_who_is_gone_is_left_out_and_does_not_count(monkeypatch):
    monkeypatch.setattr(services, "MOST_FOLLOWED", 1)
    make_everybody()
    services.follow("alice", "bob")
    services.delete("bob")
    assert services.following("alice") == []
    services.follow("alice", "charlie")
    assert services.followed_ids("alice") == {"charlie"}


def test_who_is_gone_follows_nobody(services_store):
    make_everybody()
    services.follow("alice", "bob")
    services.delete("alice")
    assert services_store.redis.exists(keys.following(shards.of("alice"), "alice")) == 0


@pytest.mark.usefixtures("services_store")
def test_profiles_of_many_come_in_the_order_asked_for_without_the_unknown():
    make_player("alice", name="Alice A.")
    make_player("charlie", country="SE")
    found = services.get_many(["charlie", "bob", "alice", "charlie"])
    assert list(found) == ["charlie", "alice"]
    assert (found["alice"].name, found["charlie"].country) == ("Alice A.", "SE")
    assert services.get_many([]) == {}


def test_round_trips(open_store, round_trips):
    open_store("valkey", 3)
    make_everybody()
    services.follow("alice", "bob")
    round_trips()
    services.follow("alice", "charlie")
    assert round_trips() == 2
    services.get_many(["alice", "bob", "charlie"])
    assert round_trips() == 1
    services.following("alice")
    assert round_trips() == 2
