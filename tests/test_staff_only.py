"""Every page below /manage/ is closed: to visitors, to players, and to forms that come from elsewhere.

The pages are found in the URL configuration, so that a page that is added is checked without a line here. Each has the
decorator, and the decorator itself is tested on three of them.
"""

import json
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver

from achievements.services import catalog
from gamify_site import audit, clock
from gamify_site.players.access import staff_only
from gamify_site.players.models import Account
from gamify_site.store import keys
from leaderboards.services import boards
from tests.achievements.builders import make
from tests.builders import make_board, make_player
from tests.conftest import Store
from tests.ops import urls_with_demo

PREFIX = "manage/"
FOR_EVERYBODY = {"demo_login"}  # the demo's one-click log-in
VALUES: dict[str, Any] = {"slug": "coins", "player": "alice", "number": 1, "key_id": "abababababab"}


def patterns(resolver: Any, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every route with its address, in which arguments stand as `{name}`."""
    for entry in resolver:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry.url_patterns, path)
        else:
            yield path, entry


def address(route: str, pattern: URLPattern) -> str:
    """An address of a route, with values that are there."""
    for name, converter in pattern.pattern.converters.items():
        for spelled in (f"<{name}>", *(f"<{kind}:{name}>" for kind in ("str", "int", "slug"))):
            route = route.replace(spelled, str(VALUES[name]))
        assert name not in route.split("<")[-1].split(">")[0] or "<" not in route, (route, converter)
    return f"/{route}"


STAFF = {
    str(pattern.name): (address(route, pattern), pattern.callback)
    for route, pattern in patterns(urls_with_demo.urlpatterns)
    if route.startswith(PREFIX) and pattern.name not in FOR_EVERYBODY
}
THREE = ("manage_home", "manage_player_delete", "manage_demo_clock")  # a page, a form, a POST without a page
# These take POST alone and answer a GET with 405; every other page answers with 200.
ONLY_POSTED = {"manage_achievement_restore", "manage_demo_clock", "manage_demo_tick", "manage_demo_login_as"}
# These need no input, and therefore none can be wrong.
NEED_NO_INPUT = {
    "manage_achievement_delete",
    "manage_achievement_backfill",
    "manage_achievement_restore",
    "manage_board_recount",
    "manage_key_revoke",
    "manage_demo_tick",
}
NONSENSE = {
    # Pages that are only read.
    **dict.fromkeys(
        ("manage_home", "manage_player_list", "manage_insights", "manage_export", "manage_board_list"), 405
    ),
    **dict.fromkeys(("manage_achievement_history", "manage_redis", "manage_audit", "manage_audit_export"), 405),
    "manage_board_archive": 405,
    "manage_achievement_list": 302,  # and a message on the list
    "manage_demo_clock": 404,  # there is no such step
    # These show the page again and ignore a button that they do not know.
    **dict.fromkeys(("manage_accounts", "manage_player", "manage_board_scores"), 200),
}
QUERIES = {"manage_export": 404, "manage_audit": 422, "manage_audit_export": 400}
DECORATED = staff_only(lambda _request: None).__code__  # type: ignore[arg-type, return-value, attr-defined]


def is_staff_only(view: Callable[..., Any] | None) -> bool:
    """Return whether a view has the decorator, directly or below other decorators."""
    while view is not None:
        if getattr(view, "__code__", None) is DECORATED:
            return True
        view = getattr(view, "__wrapped__", None)
    return False


@pytest.fixture(scope="module")
def demo() -> Iterator[None]:
    """Open the pages of the demo, for all tests from here on: each change of the addresses costs as much as a page."""
    with override_settings(GAMIFY_DEMO=True, ROOT_URLCONF="tests.ops.urls_with_demo"):
        yield


@pytest.fixture
def data(demo: None, store: Store) -> Iterator[Store]:  # noqa: ARG001
    """Make a site with one of each, and the demo's pages."""
    make_player("alice")
    make_board("coins", entries={"alice": 5})
    make("coins", status="draft")
    key = {"name": "game", "scope": "write", "created": clock.now().isoformat(), "created_by": "root"}
    store.redis.hset(keys.api_keys(), VALUES["key_id"].ljust(64, "0"), json.dumps(key))
    yield store
    clock.set_ahead(clock.NOT_AHEAD)


@pytest.fixture
def root(data: Store, client: Client) -> Client:  # noqa: ARG001  (the store comes first)
    """Log the client in as root, who is staff."""
    client.force_login(Account.objects.create_user("root", "tulips and trams", is_staff=True))
    return client


def snapshot() -> tuple[Any, ...]:
    """Return all data that a staff page could change."""
    log = [entry.id for entry in audit.walk(lambda _entry: True)]
    return boards.all(), catalog.all(), clock.now().date(), log


def test_there_are_staff_pages_to_be_tested() -> None:
    assert len(STAFF) > 25
    assert {"manage_home", "manage_demo", "manage_player_delete", "manage_achievement_restore"} <= STAFF.keys()


def test_every_staff_page_has_the_decorator_and_checks_forms(subtests: pytest.Subtests) -> None:
    for name, (_path, view) in STAFF.items():
        with subtests.test(name):
            assert is_staff_only(view)
            assert not getattr(view, "csrf_exempt", False)


def test_only_the_api_takes_a_post_without_a_form_token() -> None:
    """The API asks for a key instead, which no browser sends by itself."""
    exempt = {
        route
        for route, pattern in patterns(urls_with_demo.urlpatterns)
        if getattr(pattern.callback, "csrf_exempt", False)
    }
    assert {route for route in exempt if not route.startswith("api/v1/")} == set()
    assert "api/v1/events" in exempt


def test_a_view_without_the_decorator_is_noticed() -> None:
    assert not is_staff_only(lambda _request: None)
    assert not is_staff_only(None)


@pytest.mark.usefixtures("data")
def test_visitors_are_sent_to_the_log_in(client: Client, subtests: pytest.Subtests) -> None:
    before = snapshot()
    for name, method in product(THREE, ("get", "post", "head", "put", "delete")):
        with subtests.test(name, method=method):
            answer = getattr(client, method)(STAFF[name][0])
            assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/accounts/login/")
            assert snapshot() == before


@pytest.mark.usefixtures("data")
def test_for_players_they_do_not_exist(client: Client, subtests: pytest.Subtests) -> None:
    client.force_login(Account.objects.create_user("bob", "tulips and trams"))
    before = snapshot()
    for name, method in product(THREE, ("get", "post", "put")):
        with subtests.test(name, method=method):
            assert getattr(client, method)(STAFF[name][0]).status_code == 404
            assert snapshot() == before


@pytest.mark.usefixtures("data")
def test_forms_from_elsewhere_are_refused(subtests: pytest.Subtests) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(Account.objects.create_user("root", "tulips and trams", is_staff=True))
    client.get("/manage/")
    before = snapshot()
    fields = {"do": "save", "confirmed": "yes", "scenario": "empty", "step": "day"}
    for name, token in product(THREE, ("", "forged" * 10 + "abcd")):
        with subtests.test(name, token=token):
            assert client.post(STAFF[name][0], fields | {"csrfmiddlewaretoken": token}).status_code == 403
            assert snapshot() == before


def test_staff_see_every_page(root: Client, subtests: pytest.Subtests) -> None:
    for name, (path, _view) in STAFF.items():
        with subtests.test(name):
            answer = root.get(path, {"format": "csv"} if name == "manage_audit_export" else {})
            assert answer.status_code == (405 if name in ONLY_POSTED else 200)


def test_nonsense_changes_nothing_and_is_refused(root: Client, subtests: pytest.Subtests) -> None:
    """A page answers 422 with the errors at their fields, unless the table says otherwise."""
    sent = {
        "do": "save",
        "revision": "9" * 400,
        "tiers-TOTAL_FORMS": "-1",
        "chosen": "x",
        "player_id": "x",
        "slug": "x",
    }
    before = snapshot()
    for name, (path, _view) in STAFF.items():
        if name not in NEED_NO_INPUT:
            with subtests.test(name):
                assert root.post(path, sent).status_code == NONSENSE.get(name, 422)
                assert snapshot() == before


def test_queries_that_make_no_sense_are_answered(root: Client, subtests: pytest.Subtests) -> None:
    nonsense = {"q": "x", "after": "x", "days": "x", "format": "x", "from": "x", "category": "x", "status": "x"}
    for name, (path, _view) in STAFF.items():
        with subtests.test(name):
            expected = 405 if name in ONLY_POSTED else QUERIES.get(name, 200)
            assert root.get(path, nonsense).status_code == expected
    with subtests.test("a query that is no text"):
        assert root.get("/manage/", {"q": "\x00x"}).status_code == 400
