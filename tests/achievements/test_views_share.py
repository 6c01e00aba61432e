"""What is shared: a page with tags for other sites, and a picture; secret achievements are counted and never named."""

import struct
from xml.etree import ElementTree

import pytest

from achievements.definitions import Event
from achievements.drawing import share_card
from achievements.drawing.badges import Look
from achievements.drawing.share_card import Card
from achievements.services import events
from tests.achievements.builders import do, make
from tests.builders import make_player

PNG = b"\x89PNG\r\n\x1a\n"
NAMES = ["Ada", "<script>&\"'", "王秀英 🙂", "x" * 60, "\u202eReversed", "Zoë Ångström-Łukasiewicz the Great"]


def card(name: str = "Ada", **fields) -> Card:
    look = Look("gold", "hexagon", 3, "trophy")
    given = {"facts": (("1,315", "points"), ("#43", "of 250 players")), "badges": (look, look)} | fields
    return Card(product="Gamify", player="ada", name=name, tone="tone-2", **given)


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(PNG)
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_picture_is_1200_by_630_whatever_the_name(subtests, pytestconfig):
    names = NAMES if pytestconfig.getoption("everything") else [" ".join(NAMES[:3]), NAMES[4]]
    for name in names:
        with subtests.test(name=name):
            assert size_of(share_card.png(card(name))) == (1200, 630)


def test_picture_is_well_formed_whatever_the_name(subtests):
    for name in NAMES:
        with subtests.test(name=name):
            assert ElementTree.fromstring(share_card.svg(card(name))).get("width") == "1200"


def test_picture_without_badges_and_points():
    assert size_of(share_card.png(card(facts=(), badges=()))) == (1200, 630)


def test_names_are_escaped_and_cut_in_the_picture():
    assert "<script>" not in share_card.svg(card("<script>"))
    assert "ユキ" not in share_card.svg(card("ユキ"))
    assert ">ada<" in share_card.svg(card("ユキ"))
    assert "Žofie 🎮" in share_card.svg(card("Žofie 🎮"))
    assert "x" * 23 + "…" in share_card.svg(card("x" * 60))
    assert "x" * 24 not in share_card.svg(card("x" * 60))


@pytest.fixture
def bob(store, clock) -> None:  # noqa: ARG001  (the store comes first)
    """A player with an open and a secret achievement."""
    make_player("bob", name="Bob <b>")
    make("ten", points=7, name="Ten of them")
    make("hush", hidden=True, name="Hush hush")
    events.record([Event("bob", "coin", 10), Event("alice", "coin", 1)])


@pytest.mark.usefixtures("bob")
def test_page_has_the_tags_that_other_sites_read(client):
    text = client.get("/players/bob/share/").content.decode()
    for tag in (
        '<meta property="og:title" content="Bob &lt;b&gt; · Gamify">',
        '<meta property="og:image" content="http://testserver/players/bob/share.png">',
        '<meta property="og:url" content="http://testserver/players/bob/share/">',
        '<meta property="og:description" content="12 points, 2 unlocked, #1 of 1 player">',
        '<meta name="twitter:card" content="summary_large_image">',
    ):
        assert tag in text
    assert "Ten of them" in text
    assert "And 1 secret one." in text
    assert "Hush" not in text


@pytest.mark.usefixtures("bob")
def test_secret_ones_are_not_named_even_by_the_player_who_has_them(alice):
    do("alice", "coin", amount=10)
    assert "Hush" not in alice.get("/players/alice/share/").content.decode()


@pytest.mark.usefixtures("bob")
def test_picture_is_kept_by_its_contents(client, clock):
    first = client.get("/players/bob/share.png")
    assert size_of(first.content) == (1200, 630)
    assert first["Content-Type"] == "image/png"
    assert client.get("/players/bob/share.png", headers={"If-None-Match": first["ETag"]}).status_code == 304
    make("later", target=10)
    do("bob", "coin", amount=10)
    clock.advance(minutes=1)
    changed = client.get("/players/bob/share.png", headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


@pytest.mark.usefixtures("store")
def test_unknown_players_have_no_page_and_no_picture(client, subtests):
    for player in ["nobody", "-", "a b"]:
        with subtests.test(player=player):
            assert client.get(f"/players/{player}/share/").status_code == 404
            assert client.get(f"/players/{player}/share.png").status_code == 404


@pytest.mark.usefixtures("store")
def test_player_who_has_nothing_yet(client):
    make_player("dora", name="Dora")
    assert "Nothing yet" in client.get("/players/dora/share/").content.decode()
    assert client.get("/players/dora/share.png").status_code == 200
