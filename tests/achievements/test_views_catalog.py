"""The catalog and the pages of achievements: what they show, what can be asked, what they never tell."""

from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from achievements.definitions import Event, Tier
from achievements.services import catalog, events, progress
from achievements.views.browsing import CatalogQuery, describe
from gamify_site.players import services as players
from tests.achievements.builders import do, make
from tests.builders import make_player

pytestmark = pytest.mark.usefixtures("store", "clock")

PART = {"HX-Request": "true", "HX-Target": "results"}
TIERS = (Tier("bronze", "Bronze", 1, 5), Tier("gold", "Gold", 10, 50))


class Cards(HTMLParser):
    """The cards of a page: (slug, status, progress, target)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[Any, ...]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "li" and "data-achievement" in given:
            self.found.append(
                tuple(given.get(f"data-{name}") for name in ("achievement", "status", "progress", "target"))
            )


def cards(response) -> list[tuple[Any, ...]]:
    return Cards(response.content.decode()).found


def slugs(response) -> list[str]:
    return [card[0] for card in cards(response)]


@pytest.fixture
def played(store) -> None:  # noqa: ARG001
    """A few achievements of several kinds, one of them hidden, and what alice and bob have of them."""
    make("ten", description="Collect ten coins")
    make("hundred", target=100, points=100, position=1)
    make("slayer", type="tiered", action="boss", target=10, points=0, tiers=TIERS, category="war")
    make("relics", type="collection", action="relic", items=("cup", "ring"), target=2, category="war", position=1)
    make("treasure", hidden=True, description="A very secret thing", target=10, category="war", position=2)
    make("draft", status="draft")
    events.record([Event("alice", "boss"), Event("bob", "coin", 40), Event("alice", "relic", item="cup")])
    events.record([Event("alice", "coin", 9)])


@pytest.mark.usefixtures("played")
def test_catalog_by_category_with_progress(alice):
    page = alice.get("/achievements/")
    assert cards(page) == [
        ("ten", "locked", "9", "10"),
        ("hundred", "locked", "9", "100"),
        ("slayer", "locked", "1", "10"),
        ("relics", "locked", "1", "2"),
        (None, "hidden", None, None),
    ]
    text = page.content.decode()
    assert "1 of 2 tiers" in text
    assert "9 / 10" in text
    assert "0 of 2 unlocked" in text


@pytest.mark.usefixtures("played")
def test_visitors_see_the_catalog_without_progress(client):
    page = client.get("/achievements/")
    assert [card[1:3] for card in cards(page)] == [("locked", "0")] * 4 + [("hidden", None)]
    assert "Log in to see how far you are" in page.content.decode()


@pytest.mark.usefixtures("played")
def test_search_filters_and_orders(alice, subtests):
    for query, expected in [
        ("q=COINS", ["ten"]),
        ("q=secret", []),
        ("category=war", ["slayer", "relics", None]),
        ("type=collection", ["relics"]),
        ("status=hidden", [None]),
        ("status=locked", []),
        ("status=started&category=coins", ["ten", "hundred"]),
        ("rarity=unknown", ["ten", "hundred", "slayer", "relics"]),
        ("category=gone", []),
        ("sort=nearest", ["ten", "relics", "slayer", "hundred", None]),
        ("sort=rarest", ["hundred", "relics", "slayer", "ten", None]),
        ("sort=points", ["hundred", "slayer", "relics", "ten", None]),
        ("sort=name", ["hundred", "relics", "slayer", "ten", None]),
        ("sort=newest", ["slayer", None, "hundred", "relics", "ten"]),
        ("sort=nonsense", ["ten", "hundred", "slayer", "relics", None]),
    ]:
        with subtests.test(query=query):
            assert slugs(alice.get(f"/achievements/?{query}")) == expected


@pytest.mark.usefixtures("played")
def test_filters_tell_how_many_there_would_be():
    facets = CatalogQuery(category="war").facets([describe(entry) for entry in progress.all("alice")])
    assert {choice.label: (choice.count, choice.is_chosen) for choice in facets["category"]} == {
        "Coins": (2, False),
        "War": (3, True),
    }
    assert {choice.label: choice.count for choice in facets["status"]} == {"In progress": 2, "Secret": 1}
    assert facets["category"][1].url == "/achievements/"
    assert facets["category"][0].url == "/achievements/?category=coins"


@pytest.mark.usefixtures("played")
def test_htmx_gets_the_results_alone(alice):
    part = alice.get("/achievements/?q=ten", headers=PART)
    assert part.content.decode().strip().startswith('<div id="results"')
    assert slugs(part) == ["ten"]
    page = alice.get("/achievements/?q=ten")
    assert "<html" in page.content.decode()
    for response in (page, part):
        assert {"HX-Request", "HX-Target", "Cookie"} <= {name.strip() for name in response["Vary"].split(",")}
        assert {"private", "no-cache"} <= {name.strip() for name in response["Cache-Control"].split(",")}


def test_empty_catalog_says_so(client):
    assert "There are no achievements yet" in client.get("/achievements/").content.decode()


@pytest.mark.usefixtures("played")
def test_nothing_found_offers_a_way_back(alice):
    text = alice.get("/achievements/?q=zzz&sort=name").content.decode()
    assert "Nothing fits" in text
    assert 'href="/achievements/?sort=name"' in text


def test_texts_of_designers_are_escaped(client):
    make("evil", name="<b>&amp;", description="<script>alert(1)</script>", type="collection", items=("<i>",), target=1)
    for address in ("/achievements/", "/achievements/evil/"):
        text = client.get(address).content.decode()
        assert "<script>alert" not in text
        assert "<b>&" not in text
        assert "<i>" not in text


@pytest.mark.usefixtures("played")
def test_achievement_with_tiers_shows_the_ladder_and_who_has_it(alice):
    make_player("bob", name="Bob the Great")
    do("bob", "boss", amount=10)
    text = alice.get("/achievements/slayer/").content.decode()
    for shown in ("Bronze", "Gold", "1 / 10", "Bob the Great", "Slayer: Gold: 1 of 2 players", "10 in total: boss."):
        assert shown in text


@pytest.mark.usefixtures("played")
def test_collection_names_what_is_missing(alice):
    text = alice.get("/achievements/relics/").content.decode()
    assert "Missing: ring" in text
    assert "1 of 2" in text


def test_prerequisites_are_named_but_for_secret_ones(alice):
    make("first", type="milestone", action="login", target=1, name="The first step")
    make("hush", hidden=True, name="Hush hush")
    make("later", prerequisites=("first", "hush"))
    do("alice", "login")
    text = alice.get("/achievements/later/").content.decode()
    assert "The first step" in text
    assert "A secret achievement" in text
    assert "hush" not in text.casefold()


@pytest.mark.usefixtures("played")
def test_what_is_not_there_and_what_is_secret_look_the_same(alice, subtests):
    for slug in ["nope", "treasure", "draft", "UPPER"]:
        with subtests.test(slug=slug):
            page = alice.get(f"/achievements/{slug}/")
            assert page.status_code == 404
            assert f"There is no achievement “{slug}”" in page.content.decode()


@pytest.mark.usefixtures("played")
def test_archived_one_is_there_for_those_who_have_it(alice):
    do("alice", "coin")
    catalog.archive("ten")
    assert alice.get("/achievements/ten/").status_code == 200
    alice.logout()
    assert alice.get("/achievements/ten/").status_code == 404


def test_streak_is_told_in_words(alice, clock):
    make("week", type="streak", action="login", target=7, freezes=2)
    do("alice", "login")
    text = alice.get("/achievements/week/").content.decode()
    assert "1 day in a row. Today is done." in text
    assert "Freezes left: 2 of 2." in text
    clock.advance(days=9)
    assert "No streak runs at the moment." in alice.get("/achievements/week/").content.decode()


def test_friends_who_have_it_are_told(alice):
    make("ten")
    make_player("bob", name="Bob B.")
    do("bob", "coin", amount=10)
    assert "Friends who have it" not in alice.get("/achievements/ten/").content.decode()
    players.follow("alice", "bob")
    assert "Friends who have it" in alice.get("/achievements/ten/").content.decode()


def test_times_are_those_of_the_player(alice, clock):
    players.upsert("alice", timezone="Asia/Tokyo")
    make("week", type="streak", action="login", target=7)
    do("alice", "login")
    assert "midnight" in alice.get("/achievements/week/").content.decode()
    players.upsert("alice", timezone="Asia/Kolkata")
    make("ten")
    do("alice", "coin", amount=10)
    local = clock.now().astimezone(ZoneInfo("Asia/Kolkata")).isoformat()
    assert f'datetime="{local}"' in alice.get("/achievements/ten/").content.decode()
