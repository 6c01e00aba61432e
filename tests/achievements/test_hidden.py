"""Hidden means hidden: whoever does not have an achievement finds no trace of it, on any page or part of one."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from achievements.definitions import Event, Tier
from achievements.services import events, progress, unlocks
from tests.achievements.builders import make, on_days
from tests.builders import make_board, make_player

TRACE = "xyzzy"
PART = {"HX-Request": "true"}

# Every page that a player can ask for, by the name of its address; pages for staff alone are open to staff.
PAGES = {
    "home": ["/"],
    "catalog": [
        "/achievements/",
        f"/achievements/?q={TRACE}",
        "/achievements/?status=hidden",
        *(f"/achievements/?sort={sort}" for sort in ("nearest", "rarest", "newest", "points", "name")),
    ],
    "achievement": ["/achievements/ten/", "/achievements/waiting/"],
    "profile": ["/players/bob/", "/players/alice/"],
    "compare": ["/players/alice/compare/bob/", "/players/bob/compare/alice/"],
    "board_list": ["/leaderboards/"],
    "board": [
        "/leaderboards/coins/",
        "/leaderboards/achievement-points/",
        "/leaderboards/coins/?after=",
        "/leaderboards/coins/?friends=1",
    ],
    "account_settings": ["/accounts/settings/"],
    "password_change": ["/accounts/password/"],
    "login": ["/accounts/login/"],
    "signup": ["/accounts/signup/"],
    "healthz": ["/healthz"],
    "readyz": ["/readyz"],
    "play": ["/play/"],
    "share": ["/players/bob/share/", "/players/alice/share/"],
    "find_players": ["/players/", "/players/?q=b"],
    "badge_sprite": ["/badges/any.svg"],
}
ONLY_POSTED = {"logout", "follow", "unfollow", "pin", "set_language"}
PICTURES = {"share_picture"}  # tests/achievements/test_views_share.py looks at what is drawn
FOR_VISITORS = {"login", "signup"}  # players who are logged in are redirected
FOR_PLAYERS = {"account_settings", "password_change", "play"}  # visitors are redirected to the log-in page
TARGETS = {"catalog": "results", "board": "rows", "find_players": "results", "play": "hud"}


def names(patterns: Any, start: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = start + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield pattern.name, route


@pytest.fixture(autouse=True)
def secrets(store, clock, demo_pages) -> None:  # noqa: ARG001  (the store comes first)
    """Hidden achievements of every type, all of them had by bob; alice has begun them all and has none."""
    make_board("coins", action="coin")
    make_player("bob", name="Bob")
    make("ten")
    hidden: dict[str, Any] = {"hidden": True, "description": f"{TRACE} told", "icon": "beaker", "category": "coins"}
    make(f"{TRACE}-count", name=f"{TRACE} one", target=50, **hidden)
    make(f"{TRACE}-first", name=f"{TRACE} two", type="milestone", action="secret", target=1, **hidden)
    make(f"{TRACE}-days", name=f"{TRACE} three", type="streak", action="login", target=3, **hidden)
    make(
        f"{TRACE}-items",
        name=f"{TRACE} four",
        type="collection",
        action="relic",
        items=(TRACE, "b"),
        target=2,
        **hidden,
    )
    make(f"{TRACE}-meta", name=f"{TRACE} five", type="meta", action=None, target=3, **hidden)
    tiers = (Tier(f"{TRACE}a", f"{TRACE} six", 3, 1), Tier("b", f"{TRACE} seven", 4, 1))
    make(
        f"{TRACE}-tiers", name=f"{TRACE} eight", type="tiered", action="boss", target=4, points=0, tiers=tiers, **hidden
    )
    make("waiting", prerequisites=(f"{TRACE}-first",))
    on_days(clock, "bob", "login", 2, 1, 0)
    on_days(clock, "alice", "login", 1, 0)
    events.record([Event("bob", "coin", 60), Event("bob", "secret"), Event("bob", "boss", 4)])
    events.record([Event(player, "relic", item=item) for player, item in (("bob", 0), ("bob", 1), ("alice", 0))])
    events.record([Event("alice", "coin", 40), Event("alice", "boss")])
    assert len(unlocks.for_player("bob")) >= 8
    assert not [unlock for unlock in unlocks.for_player("alice") if TRACE in unlock.achievement]


def test_every_page_is_looked_at():
    """Staff see all, and so does a game, whose answers about a player `tests/api` looks at."""
    machines = ("manage/", "api/", "metrics")
    known = {name for name, route in names(get_resolver().url_patterns) if not route.startswith(machines)}
    assert known - ONLY_POSTED - PICTURES == set(PAGES)


def test_no_trace_for_one_who_does_not_have_it(alice, subtests):
    for name, addresses in PAGES.items():
        for address, headers in product(addresses, ({}, PART | {"HX-Target": TARGETS.get(name, "main")})):
            with subtests.test(address=address, headers=headers):
                assert_no_trace(alice, address, headers, is_redirect=name in FOR_VISITORS)
    alice.logout()
    for name, addresses in PAGES.items():
        for address in addresses:
            with subtests.test(address=address, visitor=True):
                assert_no_trace(alice, address, {}, is_redirect=name in FOR_PLAYERS)


def assert_no_trace(client, address: str, headers: dict[str, str], *, is_redirect: bool) -> None:
    page = client.get(address, headers=headers)
    assert page.status_code == (302 if is_redirect else 200)
    text = page.content.decode().casefold().replace(f'value="{TRACE}"', "").replace(f"q={TRACE}", "")
    assert TRACE not in text


def test_its_own_page_is_as_unknown_as_any(alice, subtests):
    for kind in ["count", "first", "days", "items", "meta", "tiers"]:
        with subtests.test(kind=kind):
            slug = f"{TRACE}-{kind}"
            page, other = (alice.get(f"/achievements/{name}/") for name in (slug, "none-such"))
            assert page.status_code == 404
            said, else_said = (
                it.content.decode().partition("<main")[2].partition("</main>")[0] for it in (page, other)
            )
            assert said.replace(slug, "none-such") == else_said


def test_whoever_has_it_sees_it(alice):
    unlocks.grant("alice", f"{TRACE}-first", "a prize", by="root")
    for address in ("/", "/achievements/", f"/achievements/{TRACE}-first/", "/players/bob/", "/achievements/waiting/"):
        assert f"{TRACE} two" in alice.get(address).content.decode()


def test_sprite_has_no_sign_of_it(client):
    assert 'id="sign-trophy"' in client.get("/badges/any.svg").content.decode()
    assert "beaker" not in client.get("/badges/any.svg").content.decode()


def test_services_tell_nothing_of_it():
    assert TRACE not in repr(progress.all("alice"))
    assert TRACE not in repr(progress.next_up("alice", 100))
