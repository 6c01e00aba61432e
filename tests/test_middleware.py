"""What holds for every request: a page when the data store is away, legible input, the Content-Security-Policy."""

import logging
import re
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import Client
from django.urls import path
from pytest_django import Settings

from gamify_site import middleware, urls
from gamify_site.players.models import Account
from gamify_site.store import connection
from gamify_site.store.errors import Resetting
from tests.conftest import Store
from tests.contract.rights import without


def with_nonce(request: HttpRequest) -> HttpResponse:
    template = Template('<script nonce="{{ csp_nonce }}"></script><script nonce="{{ csp_nonce }}"></script>')
    return HttpResponse(template.render(Context(middleware.site_context(request))))


def plain(_: HttpRequest) -> HttpResponse:
    return HttpResponse("plain")


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(repr((request.GET.dict(), request.POST.dict())))


def reset(_: HttpRequest) -> HttpResponse:
    raise Resetting


def cached(_: HttpRequest) -> HttpResponse:
    return HttpResponse(cache.get("anything", "nothing"))


def bug(_: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


def session(request: HttpRequest) -> HttpResponse:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(str(request.session["visits"]))


urlpatterns = [
    path("nonce/", with_nonce),
    path("plain/", plain),
    path("echo/", echo),
    path("reset/", reset),
    path("cached/", cached),
    path("bug/", bug),
    path("session/", session),
    *urls.urlpatterns,
]
handler500 = urls.handler500


@pytest.fixture(autouse=True)
def own_pages(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def client() -> Client:
    """A browser that sees the error page, where Django's own would raise the error."""
    return Client(raise_request_exception=False)


@pytest.fixture
def alice(store: Store, client: Client) -> Account:  # noqa: ARG001
    made = Account.objects.create_user("alice", "tulips and trams")
    client.force_login(made)
    return made


# The data store


@pytest.mark.usefixtures("alice")
def test_a_lost_data_store_is_a_friendly_page(client: Client, store: Store, subtests: pytest.Subtests) -> None:
    store.stop()
    for page in ("/accounts/settings/", "/session/", "/cached/", "/no/such/page/"):
        with subtests.test(page=page):
            response = client.get(page)
            assert response.status_code == 503
            assert int(response.headers["Retry-After"]) > 0
            assert response.headers["Cache-Control"] == "no-store"
            assert "Back in a moment" in response.text
            assert f'href="{page}"' in response.text
            assert "Content-Security-Policy" in response.headers
    store.start()


def test_the_site_recovers_by_itself(store: Store, client: Client) -> None:
    assert client.get("/cached/").status_code == 200
    store.stop()
    assert client.get("/cached/").status_code == 503
    store.start()
    assert client.get("/cached/").status_code == 200


def test_nobody_is_logged_out_by_a_hiccup(client: Client, open_store: Callable[..., Store]) -> None:
    store = open_store("fakeredis")  # the private servers forget their data when they stop
    client.force_login(Account.objects.create_user("alice", "tulips and trams"))
    store.stop()
    response = client.get("/accounts/settings/")
    assert response.status_code == 503
    assert "sessionid" not in response.cookies
    store.start()
    assert client.get("/accounts/settings/").status_code == 200


def test_a_session_that_cannot_be_saved_is_a_503_too(store: Store, client: Client, settings: Settings) -> None:
    settings.SESSION_SAVE_EVERY_REQUEST = True
    client.get("/session/")
    store.stop()
    response = client.get("/session/")
    store.start()
    assert response.status_code == 503


@pytest.mark.parametrize(("setting", "rules"), [("min-replicas-to-write", []), ("maxmemory", []), (None, ["-set"])])
def test_a_session_that_is_not_taken_is_a_503_too(
    store: Store, client: Client, settings: Settings, setting: str | None, rules: list[str]
) -> None:
    settings.SESSION_SAVE_EVERY_REQUEST = True
    client.get("/session/")
    if setting:
        store.redis.config_set(setting, 1)
    try:
        with without(store.redis, *rules):
            assert client.get("/session/").status_code == 503
    finally:
        if setting:
            store.redis.config_set(setting, 0)
    assert client.get("/session/").content == b"2"


@pytest.mark.usefixtures("alice")
def test_the_notice_alone_goes_to_htmx(client: Client, store: Store) -> None:
    store.stop()
    response = client.get("/accounts/settings/", headers={"HX-Request": "true"})
    store.start()
    assert response.status_code == 503
    assert "<html" not in response.text
    assert "Back in a moment" in response.text


@pytest.mark.usefixtures("alice")
def test_what_was_posted_is_not_offered_again(client: Client, store: Store) -> None:
    store.stop()
    response = client.post("/accounts/settings/", {"name": "Alice"})
    store.start()
    assert "may not have been saved" in response.text
    assert "Try again" not in response.text


@pytest.mark.usefixtures("alice")
def test_the_log_gets_one_line_without_a_traceback(
    client: Client, store: Store, caplog: pytest.LogCaptureFixture, subtests: pytest.Subtests
) -> None:
    store.stop()
    for page in ("/accounts/settings/", "/no/such/page/"):
        with subtests.test(page=page):
            caplog.clear()
            with caplog.at_level(logging.WARNING):
                client.get(f"{page}?a=%0Ab")
            (line,) = [
                record
                for record in caplog.records
                if record.levelno >= logging.WARNING and record.getMessage().startswith("503")
            ]
            assert "\n" not in line.getMessage()
            assert not [record for record in caplog.records if record.exc_info]
    store.start()


def test_while_the_data_is_replaced_the_page_says_so(client: Client) -> None:
    response = client.get("/reset/")
    assert response.status_code == 503
    assert "The data is being replaced." in response.text


def test_log_names_the_setting_that_allows_a_host(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert client.get("/plain/", headers={"host": "play.example"}).status_code == 400
    assert "'play.example' to GAMIFY_ALLOWED_HOSTS." in caplog.text


def test_a_bug_is_a_500_page_that_asks_nobody(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    response = client.get("/bug/")
    assert response.status_code == 500
    assert "This went wrong" in response.text
    assert [record for record in caplog.records if record.exc_info]


# Input


@pytest.mark.usefixtures("store")
def test_a_query_that_is_no_text_is_a_400_page(client: Client, subtests: pytest.Subtests) -> None:
    for query in ("a=%00", "%00=a", "a=%ff", "a=%c3", "a=%ed%a0%80", "a=b%00c&d=e"):
        with subtests.test(query=query):
            response = client.get(f"/echo/?{query}")
            assert response.status_code == 400
            assert "makes no sense" in response.text


@pytest.mark.usefixtures("store")
def test_a_form_that_is_no_text_is_a_400_page(client: Client, subtests: pytest.Subtests) -> None:
    for body in (b"a=%00", b"a=\x00", b"a=%ff", b"a=\xff\xfe", b"\xff=1"):
        with subtests.test(body=body):
            response = client.post("/echo/", body, content_type="application/x-www-form-urlencoded")
            assert response.status_code == 400
            assert "makes no sense" in response.text


@pytest.mark.usefixtures("store")
def test_bodies_that_cannot_be_read_are_never_a_traceback(subtests: pytest.Subtests) -> None:
    for page in ("/accounts/login/", "/accounts/signup/"):
        for kind, status in (
            ("application/x-www-form-urlencoded", 400),
            ("multipart/form-data", 400),
            ("text/plain", 200),
            ("bo\x00gus", 200),
        ):
            with subtests.test(page=page, kind=kind):
                response = Client().post(page, b"\xff\x00--%%", content_type=kind)
                assert response.status_code == status


def test_odd_but_legal_queries_pass(client: Client, subtests: pytest.Subtests) -> None:
    for query in ("q=%C3%A5", "q=å", "q=100%", "q=%zz", "", "a=%F0%9F%8E%89"):
        with subtests.test(query=query):
            assert client.get(f"/echo/?{query}").status_code == 200


@pytest.mark.usefixtures("store")
def test_a_body_over_the_limit_is_refused(client: Client) -> None:
    response = client.post("/echo/", b"a=" + b"x" * 1_100_000, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 400


def test_the_check_says_why() -> None:
    with pytest.raises(BadRequest, match="NUL"):
        middleware.check_well_formed(b"%00")
    with pytest.raises(BadRequest, match="UTF-8"):
        middleware.check_well_formed(b"%80")


# The Content-Security-Policy


def policy_of(response: HttpResponse) -> dict[str, str]:
    directives = [part.strip().partition(" ") for part in response.headers["Content-Security-Policy"].split(";")]
    return {name: sources.strip() for name, _, sources in directives}


def test_every_page_has_a_strict_policy(client: Client) -> None:
    policy = policy_of(client.get("/plain/"))
    assert policy == {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
    }


def test_a_page_with_scripts_names_their_nonce_and_each_page_has_its_own(client: Client) -> None:
    nonces = set()
    for _ in range(3):
        response = client.get("/nonce/")
        first, second = re.findall(r'nonce="([^"]+)"', response.text)
        assert first == second
        assert policy_of(response)["script-src"] == f"'self' 'nonce-{first}'"
        nonces.add(first)
    assert len(nonces) == 3


def test_a_live_process_on_another_port_may_be_connected_to() -> None:
    from gamify_site import environment

    assert environment.origin("http://localhost:8001/live/") == ["http://localhost:8001"]
    assert environment.origin("/live/") == []


def test_the_context_names_site_and_demo(settings: Settings, rf) -> None:
    settings.GAMIFY_DEMO = True
    context = middleware.site_context(rf.get("/"))
    assert context["demo"] is True
    assert context["product"] == "Gamify"


# Which pages replicas may answer


def test_pages_alone_may_be_old_not_what_staff_and_games_read(
    settings: Settings, rf, subtests: pytest.Subtests
) -> None:
    settings.GAMIFY_READ_REPLICAS = True
    answer = middleware.OldAnswersMiddleware(lambda _request: HttpResponse(str(connection.may_be_old())))
    changed = rf.get("/leaderboards/")
    changed.COOKIES[middleware.JUST_CHANGED] = "1"
    for name, request, expected in (
        ("page", rf.get("/leaderboards/"), b"True"),
        ("staff", rf.get("/manage/boards/"), b"False"),
        ("API", rf.get("/api/v1/leaderboards"), b"False"),
        ("change", rf.post("/leaderboards/"), b"False"),
        ("page after a change", changed, b"False"),
    ):
        with subtests.test(name):
            assert answer(request).content == expected


# Pages for what visitors get wrong


@pytest.mark.usefixtures("store")
def test_an_unknown_address_is_a_friendly_404(client: Client) -> None:
    response = client.get("/no/such/page/")
    assert response.status_code == 404
    assert "There is nothing here" in response.text


def test_pages_know_where_the_streams_are(settings: Settings, rf, subtests: pytest.Subtests) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    for setting, host, url in (
        ("/live/", "localhost:8000", "/live/stream"),
        (":9001/live/", "localhost:8000", "//localhost:9001/live/stream"),
        (":9001/live/", "localhost", "//localhost:9001/live/stream"),
        (":9001/live/", "[::1]:8000", "//[::1]:9001/live/stream"),
        (":9001/live/", "[::1]", "//[::1]:9001/live/stream"),
        ("https://live.example.com/", "localhost", "https://live.example.com/stream"),
    ):
        settings.GAMIFY_LIVE_URL = setting
        with subtests.test(setting=setting, host=host):
            assert middleware.live_url(rf.get("/", headers={"host": host})) == url
