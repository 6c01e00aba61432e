"""Every address below /manage/ is closed: to visitors, to players, and to forms that come from elsewhere.

The addresses are found in the URL configuration, so that a page that is added is tested without a line here.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver
from pytest_django import Settings

from achievements.services import catalog
from gamify_site import audit, clock
from gamify_site.players.models import Account
from leaderboards.services import boards
from tests.achievements.builders import make
from tests.builders import make_board, make_player
from tests.conftest import Store
from tests.ops import urls_with_demo

PREFIX = "manage/"
FOR_EVERYBODY = {"demo_login"}  # the demo's one-click log-in
VALUES = {"slug": "coins", "player": "alice", "number": 1, "key_id": "abababababab"}


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
    address(route, pattern): str(pattern.name)
    for route, pattern in patterns(urls_with_demo.urlpatterns)
    if route.startswith(PREFIX) and pattern.name not in FOR_EVERYBODY
}


@pytest.fixture
def data(settings: Settings, store: Store) -> Iterator[Store]:
    """A site with one of each, and the demo's pages."""
    settings.GAMIFY_DEMO = True
    settings.ROOT_URLCONF = "tests.ops.urls_with_demo"
    make_player("alice")
    make_board("coins", entries={"alice": 5})
    make("coins", status="draft")
    yield store
    clock.set_ahead(clock.NOT_AHEAD)


def as_it_was() -> tuple[Any, ...]:
    """What a staff page could have changed."""
    log = [entry.id for entry in audit.walk(lambda _entry: True)]
    return boards.all(), catalog.all(), clock.now().date(), log


def test_there_are_staff_pages_to_be_tested() -> None:
    assert len(STAFF) > 25
    assert {"manage_home", "manage_demo", "manage_player_delete", "manage_achievement_restore"} <= set(STAFF.values())


@pytest.mark.parametrize("path", STAFF)
@pytest.mark.parametrize("method", ["get", "post", "head", "put", "delete"])
def test_visitors_are_sent_to_the_log_in(data: Store, client: Client, path: str, method: str) -> None:  # noqa: ARG001
    before = as_it_was()
    answer = getattr(client, method)(path)
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/accounts/login/")
    assert as_it_was() == before


@pytest.mark.parametrize("path", STAFF)
@pytest.mark.parametrize("method", ["get", "post", "put"])
def test_for_players_they_do_not_exist(data: Store, client: Client, path: str, method: str) -> None:  # noqa: ARG001
    client.force_login(Account.objects.create_user("bob", "tulips and trams"))
    before = as_it_was()
    assert getattr(client, method)(path).status_code == 404
    assert as_it_was() == before


@pytest.mark.parametrize("path", STAFF)
@pytest.mark.parametrize("token", ["", "forged" * 10 + "abcd"])
def test_forms_from_elsewhere_are_refused(data: Store, path: str, token: str) -> None:  # noqa: ARG001
    client = Client(enforce_csrf_checks=True)
    client.force_login(Account.objects.create_user("root", "tulips and trams", is_staff=True))
    client.get("/manage/")
    before = as_it_was()
    answer = client.post(path, {"csrfmiddlewaretoken": token, "do": "save", "confirmed": "yes", "scenario": "empty"})
    assert answer.status_code == 403
    assert as_it_was() == before


@pytest.mark.parametrize("path", STAFF)
def test_staff_get_an_answer_and_no_error(data: Store, client: Client, path: str) -> None:  # noqa: ARG001
    client.force_login(Account.objects.create_user("root", "tulips and trams", is_staff=True))
    assert client.get(path).status_code < 500


@pytest.mark.parametrize("path", STAFF)
def test_nonsense_is_never_an_error_of_ours(data: Store, client: Client, path: str) -> None:  # noqa: ARG001
    client.force_login(Account.objects.create_user("root", "tulips and trams", is_staff=True))
    for sent in (
        {},
        {"do": "nonsense", "chosen": "x"},
        {"do": "save", "revision": "9" * 400, "tiers-TOTAL_FORMS": "-1"},
    ):
        assert client.post(path, sent).status_code < 500
    assert client.get(path, {"q": "\x00x", "after": "x", "days": "x", "format": "x"}).status_code < 500
