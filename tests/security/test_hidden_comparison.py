"""A site with a hidden achievement answers as the same site without it, but for silhouettes and how many there are."""

import re
from typing import Any

import pytest
from django.test import Client

from achievements.definitions import Event
from achievements.services import events, progress, unlocks
from gamify_site.api import keys
from gamify_site.players.models import Account
from tests.achievements.builders import make
from tests.builders import make_player

HIDDEN: dict[str, Any] = {"hidden": True, "action": "secret", "category": "coins"}
FIRST = {"name": "Aardvark", "position": 0, "target": 7, "icon": "beaker", "points": 5} | HIDDEN
LAST = {"name": "Zebra", "position": 90, "target": 8, "icon": "moon", "points": 5, "description": "Read on."} | HIDDEN
SORTS = ("", "nearest", "rarest", "newest", "points", "name")
CATALOG = [
    *(f"/achievements/?sort={sort}" for sort in SORTS),
    "/achievements/?category=coins",
    "/achievements/?type=counter",
    "/achievements/?status=locked",
    "/achievements/?rarity=unknown",
    "/achievements/?q=aardvark",
    "/achievements/?q=zebra",
    "/achievements/?q=read",
]
HOME = ["/"]
OTHERS = [
    "/achievements/base/",
    "/achievements/waiting/",
    "/players/alice/",
    "/players/bob/",
    "/players/alice/share/",
    "/players/bob/share/",
    "/players/bob/share.png",
    "/players/alice/compare/bob/",
    "/players/bob/compare/alice/",
    "/players/?q=b",
    "/leaderboards/",
    "/leaderboards/achievement-points/",
    "/accounts/settings/",
    "/badges/any.svg",
]
OF_ONE_ANSWER = re.compile(r'(name="csrfmiddlewaretoken" value|nonce|"X-CSRFToken")(=|: )"[^"]+"')
TOTAL = re.compile(r"<small> / \d+</small>")  # of what there is, silhouettes too

pytestmark = pytest.mark.usefixtures("clock")


def build(store: Any, hidden: dict[str, Any] | None, *, bob_has_it: bool = False) -> Client:
    """The same site, but for one achievement; give alice, logged in, who has begun it."""
    store.empty()
    make_player("bob", name="Bob")
    make_player("alice", name="Alice")
    if hidden:
        make(hidden["name"].casefold(), **hidden)
    for slug, name in (("base", "Base"), ("middle", "Middle"), ("top", "Top")):
        make(slug, name=name, position=10, target=5)
    make("waiting", name="Waiting", prerequisites=("base", *([hidden["name"].casefold()] if bob_has_it else [])))
    make("long-gone", name="Long Gone", target=900, status="archived")
    make("unwritten", name="Unwritten", status="draft")
    batch = [Event("alice", "secret"), Event("bob", "coin", 6), Event("alice", "coin", 2)]
    events.record([*batch, *([Event("bob", "secret", 20)] if bob_has_it else [])])
    client = Client()
    client.force_login(Account.objects.create_user(username="alice", password=None))
    return client


def answer(client: Client, address: str, **headers: str) -> tuple[int, str, str | None]:
    found = client.get(address, headers=headers)
    text = found.content.decode("latin-1")
    return found.status_code, OF_ONE_ANSWER.sub(r"\1", text), found.headers.get("ETag")


@pytest.fixture
def sites(store):
    def make_site(hidden: dict[str, Any] | None, **how: bool) -> Client:
        return build(store, hidden, **how)

    return make_site


def all_answers(client: Client, addresses: list[str]) -> dict[str, Any]:
    parts = {"HX-Request": "true", "HX-Target": "results"}
    found: dict[str, Any] = {address: answer(client, address) for address in addresses}
    found |= {f"part of {address}": answer(client, address, **parts) for address in addresses}
    client.logout()
    return found | {f"{address} for a visitor": answer(client, address) for address in addresses}


@pytest.mark.parametrize("bob_has_it", [False, True])
def test_answers_are_the_same_whatever_it_is(sites, bob_has_it, subtests):
    addresses = [*CATALOG, *HOME, *OTHERS]
    one = all_answers(sites(FIRST, bob_has_it=bob_has_it), addresses)
    two = all_answers(sites(LAST, bob_has_it=bob_has_it), addresses)
    for address, told in one.items():
        with subtests.test(address=address):
            assert told == two[address]


def test_answers_are_those_of_a_site_without_it(sites, subtests):
    without = all_answers(sites(None), OTHERS)
    for address, (status, text, tag) in all_answers(sites(FIRST), OTHERS).items():
        with subtests.test(address=address):
            expected = without[address]
            assert (status, TOTAL.sub("", text), tag) == (expected[0], TOTAL.sub("", expected[1]), expected[2])


def test_catalog_differs_by_the_silhouette_alone(sites, subtests):
    def cards(found: dict[str, Any]) -> dict[str, list[str]]:
        return {
            address: re.findall(r'data-achievement="(.*?)"|(achievement-card hidden)', text)
            for address, (_status, text, _tag) in found.items()
        }

    without = cards(all_answers(sites(None), CATALOG))
    for address, told in cards(all_answers(sites(FIRST), CATALOG)).items():
        with subtests.test(address=address):
            assert [card for card in told if card[0]] == without[address]
    told = cards({"": answer(sites(FIRST), "/achievements/")})[""]
    assert told[-1][1], "the silhouette stands last in its category"


@pytest.mark.parametrize("pinned", ["1", "0"])
def test_pinning_answers_as_for_what_is_not_there(sites, pinned, subtests):
    client = sites(FIRST)
    absent = pin(client, "none-such", pinned)
    for slug in ("aardvark", "long-gone", "unwritten"):
        with subtests.test(slug=slug):
            assert pin(client, slug, pinned) == absent


def pin(client: Client, slug: str, pinned: str) -> tuple[int, str, str]:
    found = client.post(f"/achievements/{slug}/pin/", {"pinned": pinned})
    said = OF_ONE_ANSWER.sub(r"\1", found.content.decode())
    return found.status_code, said.replace(slug, "…"), found.headers.get("Location", "").replace(slug, "…")


def test_a_game_sees_it_behind_all_others(sites):
    client = sites(FIRST)
    _key, secret = keys.create("a game", "read", by="root")
    found = client.get("/api/v1/players/alice/achievements", headers={"authorization": f"Bearer {secret}"}).json()
    told = [entry["achievement"] for entry in found]
    assert told == ["waiting", "base", "middle", "top", None]


def test_order_at_one_moment_does_not_betray_its_name(sites):
    sites(FIRST, bob_has_it=True)
    assert [it.unlock.achievement for it in unlocks.recent()][-1] == "aardvark"
    assert progress.all("alice")[-1].achievement is None
