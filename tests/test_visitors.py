"""Visitors: each is counted once a day, nothing tells who they were, and no page waits for it or fails by it."""

import pytest
from django.test import Client

from gamify_site import visitors
from gamify_site.players.models import Account
from gamify_site.store import keys
from tests.builders import make_board, make_player

PAGE = "/leaderboards/"


@pytest.fixture
def site(store, clock):  # noqa: ARG001
    make_board("coins")
    return store


def today() -> int:
    return visitors.lately(1).by_day[-1][1]


def logged_in(name: str = "alice") -> Client:
    client = Client(headers={"User-Agent": "one"})
    client.force_login(Account.objects.get_by_natural_key(name))
    return client


@pytest.mark.usefixtures("site")
def test_visitor_counts_once_however_many_pages():
    browser = Client(headers={"User-Agent": "one"})
    for address in (PAGE, PAGE, "/achievements/"):
        assert browser.get(address).status_code == 200
    assert today() == 1
    visitors.forget()  # as another process would
    browser.get(PAGE)
    assert today() == 1


@pytest.mark.usefixtures("site")
def test_other_browsers_and_addresses_are_other_visitors():
    Client(headers={"User-Agent": "one"}).get(PAGE)
    Client(headers={"User-Agent": "two"}).get(PAGE)
    Client(headers={"User-Agent": "one"}, REMOTE_ADDR="192.0.2.1").get(PAGE)
    assert today() == 3


@pytest.mark.usefixtures("site")
def test_player_counts_once_across_sessions_addresses_and_days(clock):
    make_player("alice")
    Account.objects.create_user("alice")
    logged_in().get(PAGE)
    logged_in().get(PAGE, REMOTE_ADDR="192.0.2.1", headers={"User-Agent": "two"})
    assert today() == 1
    clock.advance(days=1)
    logged_in().get(PAGE)
    told = visitors.lately(3)
    assert [number for _, number in told.by_day] == [0, 1, 1]
    assert (told.last_7, told.last_30) == (1, 1)


@pytest.mark.usefixtures("site")
def test_guest_is_another_one_each_day(clock):
    before = visitors.guest("192.0.2.1", "one")
    Client().get(PAGE)
    clock.advance(days=8)
    assert visitors.guest("192.0.2.1", "one") != before
    Client().get(PAGE)
    told = visitors.lately(30)
    assert (told.last_7, told.last_30) == (1, 2)


def test_nothing_personal_is_stored(site):
    Client(headers={"User-Agent": "Netscape 4"}).get(PAGE, REMOTE_ADDR="192.0.2.77")
    assert not any(part in visitors.guest("192.0.2.77", "Netscape 4") for part in ("192.0.2", "Netscape"))
    stored = site.keys()
    assert [key for key in stored if "visitors" in key] == [keys.visitors("2082-11-20")]


@pytest.mark.usefixtures("site")
def test_guest_cannot_be_told_without_the_secret(settings):
    known = visitors.guest("192.0.2.1", "one")
    settings.SECRET_KEY = "another one"
    assert visitors.guest("192.0.2.1", "one") != known


def test_counts_live_for_a_hundred_days(site):
    Client().get(PAGE)
    life = site.redis.ttl(keys.visitors("2082-11-20"))
    assert 99 * 86_400 < life <= 100 * 86_400


@pytest.mark.usefixtures("site")
def test_what_is_no_page_does_not_count():
    browser = Client()
    assert browser.get("/nowhere/").status_code == 404
    assert browser.get("/healthz").status_code == 200
    assert browser.head(PAGE).status_code == 200
    assert browser.get(PAGE, headers={"HX-Request": "true"}).status_code == 200
    assert browser.post("/accounts/login/", {}).status_code == 200
    assert today() == 0
    browser.get("/accounts/login/")
    assert today() == 1


def test_second_page_of_a_visitor_asks_for_nothing_more(open_store, round_trips):
    open_store("valkey")
    make_board("coins")
    browser = Client()
    browser.get(PAGE)
    round_trips()
    browser.get(PAGE)
    usual = round_trips()
    browser.get(PAGE, headers={"User-Agent": "somebody else"})
    assert round_trips() == usual + 1


def test_memory_of_who_was_counted_is_bounded(site):  # noqa: ARG001
    for number in range(visitors.MOST_REMEMBERED // 100):
        visitors.count(f"guest {number}")
    assert visitors._count.cache_info().maxsize == visitors.MOST_REMEMBERED
    assert today() == pytest.approx(visitors.MOST_REMEMBERED // 100, rel=0.05)


def test_page_is_shown_when_visitors_cannot_be_counted(site):
    site.redis.set(keys.visitors("2082-11-20"), "not a HyperLogLog")
    assert Client().get(PAGE).status_code == 200


@pytest.mark.usefixtures("down")
def test_page_that_needs_no_data_is_shown_without_the_data_store():
    assert Client().get("/accounts/login/").status_code == 200


@pytest.mark.usefixtures("down")
def test_counting_raises_nothing_without_the_data_store():
    visitors.count("guest bob")
