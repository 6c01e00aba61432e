"""Whoever renames players and asks for their pictures neither fills the store nor keeps the site busy."""

import re
from typing import Any

import pytest
from django.test import Client

from achievements.drawing import share_card
from gamify_site.players import services as players
from gamify_site.players.models import Account
from tests.builders import make_player
from tests.conftest import Clock, Store

PICTURE = "/players/alice/share.png"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The cards that were drawn; as a bare picture, which takes no time."""
    cards: list[Any] = []

    def draw(card: Any) -> bytes:
        cards.append(card)
        return f"\x89PNG {card.name}".encode("latin-1")

    monkeypatch.setattr(share_card, "png", draw)
    return cards


@pytest.fixture(autouse=True)
def alice(store: Store, clock: Clock) -> None:  # noqa: ARG001
    make_player("alice", name="Alice")


def kept(store: Store) -> list[str]:
    return [key for key in store.keys() if re.search("share", key)]  # noqa: SIM118


def test_each_player_has_one_picture_whatever_they_are_called(client, clock, store, drawn):
    for number in range(5):
        players.upsert("alice", name=f"Alice {number}")
        clock.advance(minutes=1)
        assert client.get(PICTURE).content == f"\x89PNG Alice {number}".encode("latin-1")
    assert len(drawn) == 5
    assert len(kept(store)) == 1


def test_picture_is_drawn_once_a_minute_at_most(client, clock, drawn):
    client.get(PICTURE)
    for number in range(20):
        players.upsert("alice", name=f"Alice {number}")
        answer = client.get(PICTURE)
        assert answer.content == "\x89PNG Alice".encode("latin-1")
    assert len(drawn) == 1
    clock.advance(minutes=1)
    changed = client.get(PICTURE, headers={"If-None-Match": answer["ETag"]})
    assert (changed.status_code, changed.content) == (200, "\x89PNG Alice 19".encode("latin-1"))


def test_an_address_has_so_many_pictures_drawn(client, drawn):
    for number in range(62):
        make_player(f"p{number}")
    answers = [client.get(f"/players/p{number}/share.png") for number in range(62)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429] * 2
    assert int(answers[-1]["Retry-After"]) > 0
    assert len(drawn) == 60
    assert client.get("/players/p0/share.png").status_code == 200, "what is kept can be had"
    assert Client(REMOTE_ADDR="198.51.100.7").get("/players/p61/share.png").status_code == 200


def test_player_who_is_made_anew_gets_a_picture_of_their_own(client, clock, drawn):
    client.get(PICTURE)
    players.delete("alice", by="root", reason="asked to")
    clock.advance(seconds=5)
    make_player("alice", name="Another")
    assert client.get(PICTURE).content == "\x89PNG Another".encode("latin-1")
    assert len(drawn) == 2


def test_picture_is_small():
    card = share_card.Card("Gamify", "alice", "Alice", "tone-2", (("1,315", "points"), ("43", "unlocked")), ())
    assert len(share_card.png(card)) < 40_000


def test_profile_is_saved_so_many_times(client):
    client.force_login(Account.objects.create_user("alice", "tulips and trams"))
    answers = [
        client.post("/accounts/settings/", {"name": f"Alice {number}", "timezone": "UTC"}) for number in range(32)
    ]
    assert [answer.status_code for answer in answers] == [302] * 30 + [429] * 2
    assert int(answers[-1]["Retry-After"]) > 0
    assert "Too many attempts" in answers[-1].content.decode()
    assert players.get("alice").name == "Alice 29"
