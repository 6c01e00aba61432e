"""Who is asked for: trusted proxies alone say from where, and through TLS; behind TLS everything is."""

import asyncio
import re
from typing import Any

import pytest
from django.test import Client
from starlette.datastructures import Headers

from gamify_site import environment, proxies
from gamify_site.live import viewers
from gamify_site.players import throttle
from gamify_site.players.models import Account
from tests.builders import make_board, make_player
from tests.live.test_app import House

PROXY, STRANGER, VISITOR = "127.0.0.1", "198.51.100.7", "203.0.113.9"
TLS = {"Host": "testserver", "X-Forwarded-Proto": "https", "X-Forwarded-For": VISITOR}


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        (STRANGER, "", STRANGER),
        (STRANGER, VISITOR, STRANGER),
        (PROXY, "", PROXY),
        (PROXY, VISITOR, VISITOR),
        ("::1", VISITOR, VISITOR),
        ("::ffff:127.0.0.1", VISITOR, VISITOR),
        (PROXY, f"{STRANGER}, {VISITOR}", VISITOR),
        (PROXY, f"{STRANGER}, {VISITOR}, 127.0.0.2", VISITOR),
        (PROXY, "127.0.0.2, 127.0.0.3", "127.0.0.2"),
        (PROXY, "2001:db8::1", "2001:db8::1"),
        (PROXY, f"{VISITOR}, a bad one", PROXY),
        ("", VISITOR, ""),
    ],
)
def test_trusted_proxies_name_the_client(peer, forwarded, expected):
    assert proxies.client_of(peer, forwarded) == expected


def test_trusted_proxies_can_be_chosen(settings, monkeypatch, subtests):
    monkeypatch.setenv("GAMIFY_TRUSTED_PROXIES", "192.0.2.0/28, 2001:db8::/64")
    settings.GAMIFY_TRUSTED_PROXIES = environment.networks("GAMIFY_TRUSTED_PROXIES", "127.0.0.0/8,::1")
    assert proxies.client_of("192.0.2.15", VISITOR) == VISITOR
    assert proxies.client_of("2001:db8::7", VISITOR) == VISITOR
    assert proxies.client_of("192.0.2.16", VISITOR) == "192.0.2.16"
    assert proxies.client_of(PROXY, VISITOR) == PROXY
    monkeypatch.setenv("GAMIFY_TRUSTED_PROXIES", "none")
    assert environment.networks("GAMIFY_TRUSTED_PROXIES", "127.0.0.0/8,::1") == ()
    for wrong in ("proxy.example.com", "192.0.2.1/28", "300.0.0.1", "1", "192.0.2.1 192.0.2.2"):
        with subtests.test(wrong=wrong), pytest.raises(environment.BadEnvironment, match="GAMIFY_TRUSTED_PROXIES"):
            monkeypatch.setenv("GAMIFY_TRUSTED_PROXIES", wrong)
            environment.networks("GAMIFY_TRUSTED_PROXIES", "127.0.0.0/8,::1")


def test_streams_and_pages_count_the_same_client(settings):
    settings.GAMIFY_TRUSTED_PROXIES = environment.networks("GAMIFY_TRUSTED_PROXIES", "192.0.2.1")
    for peer, counted in (("192.0.2.1", VISITOR), (PROXY, PROXY), (STRANGER, STRANGER)):
        assert viewers.address_of(peer, Headers({"x-forwarded-for": VISITOR})) == counted
    headers = [(b"x-forwarded-for", STRANGER.encode()), (b"x-forwarded-for", VISITOR.encode())]
    assert viewers.address_of("192.0.2.1", Headers(raw=headers)) == VISITOR


def test_nobody_gets_out_of_the_limit_of_streams_with_a_header(store):  # noqa: ARG001
    make_board("coins")

    async def main() -> None:
        house = House()
        work = asyncio.create_task(house.hub.run())
        some = [house.visit(client=STRANGER, x_forwarded_for=f"203.0.113.{number}") for number in range(60)]
        assert [await visit.status() for visit in some].count(200) == 50
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    asyncio.run(main())


@pytest.mark.usefixtures("store")
def test_log_ins_count_by_the_client_behind_a_proxy(monkeypatch):
    counted: list[str] = []
    count = throttle.log_in
    monkeypatch.setattr(throttle, "log_in", lambda name, address: counted.append(address) or count(name, address))
    Account.objects.create_user("alice", "tulips and trams")
    form = {"username": "alice", "password": "wrong"}
    Client(REMOTE_ADDR=PROXY).post("/accounts/login/", form, headers={"X-Forwarded-For": VISITOR})
    Client(REMOTE_ADDR=STRANGER).post("/accounts/login/", form, headers={"X-Forwarded-For": VISITOR})
    assert counted == [VISITOR, STRANGER]


@pytest.fixture
def alice(store) -> dict[str, str]:  # noqa: ARG001
    make_player("alice", name="Alice")
    Account.objects.create_user("alice", "tulips and trams")
    return {"username": "alice", "password": "tulips and trams"}


def test_behind_tls_cookies_are_secure_and_the_browser_stays(alice):
    client = Client(REMOTE_ADDR=PROXY, headers=TLS)
    page = client.get("/accounts/login/")
    assert page["Strict-Transport-Security"] == "max-age=31536000"
    answer = client.post("/accounts/login/", alice)
    assert answer.status_code == 302
    client.post("/language/", {"language": "de", "next": "/"})
    assert {name: bool(cookie["secure"]) for name, cookie in client.cookies.items()} == {
        "csrftoken": True,
        "sessionid": True,
        "django_language": True,
    }


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Proto": "http"}, {"X-Forwarded-Proto": "https, http"}])
def test_without_tls_cookies_arrive(alice, headers):
    client = Client(REMOTE_ADDR=PROXY, headers=headers)
    answer = client.post("/accounts/login/", alice)
    assert answer.status_code == 302
    assert "Strict-Transport-Security" not in answer
    assert not any(cookie["secure"] for cookie in client.cookies.values())


def test_strangers_cannot_say_that_they_come_through_tls(alice):
    client = Client(REMOTE_ADDR=STRANGER, headers=TLS)
    answer = client.post("/accounts/login/", alice)
    assert "Strict-Transport-Security" not in answer
    assert not any(cookie["secure"] for cookie in client.cookies.values())


@pytest.mark.usefixtures("alice")
def test_links_are_those_of_tls():
    page = Client(REMOTE_ADDR=PROXY, headers=TLS).get("/players/alice/share/").content.decode()
    told = re.findall(r'property="og:(?:url|image)" content="(\w+)://testserver/', page)
    assert told == ["https", "https"]


def test_forms_of_the_site_itself_pass_and_others_do_not(alice):
    def send(origin: str) -> Any:
        client = Client(REMOTE_ADDR=PROXY, headers=TLS, enforce_csrf_checks=True)
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', client.get("/accounts/login/").content.decode())
        assert token
        form = alice | {"csrfmiddlewaretoken": token[1]}
        return client.post("/accounts/login/", form, headers={"Origin": origin, "Referer": f"{origin}/accounts/login/"})

    answer = send("https://testserver")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    for origin in ("http://testserver", "https://evil.example", "null"):
        assert send(origin).status_code == 403


@pytest.mark.usefixtures("alice")
def test_redirects_stay_within_tls():
    client = Client(REMOTE_ADDR=PROXY, headers=TLS)
    for address in ("/achievements", "/accounts/settings/", "/leaderboards"):
        answer = client.get(address)
        assert answer.status_code in (301, 302)
        assert re.match(r"/(?!/)|https://testserver/", answer["Location"])


def test_another_machine_gets_no_numbers_by_what_it_says_of_itself(store):  # noqa: ARG001
    for peer, named in ((STRANGER, "127.0.0.1"), (PROXY, "127.0.0.1"), (PROXY, VISITOR)):
        assert Client(REMOTE_ADDR=peer).get("/metrics", headers={"X-Forwarded-For": named}).status_code == 401
