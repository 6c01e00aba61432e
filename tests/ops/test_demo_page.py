"""The demo's pages: only where the demo tools are on, only for staff, never without a confirmation."""

from datetime import date

import pytest
from django.test import Client
from pytest_django import Settings

from gamify_site.ops.demo import reset
from gamify_site.players.models import Account
from leaderboards.services import boards, ranking
from tests.conftest import Store


@pytest.fixture
def demo(settings: Settings, store: Store) -> Store:
    settings.GAMIFY_DEMO = True
    settings.ROOT_URLCONF = "tests.ops.urls_with_demo"
    return store


@pytest.fixture
def staff(demo: Store, client: Client) -> Account:  # noqa: ARG001
    account = Account.objects.create_user("charlie", "tulips and trams", is_staff=True)
    client.force_login(account)
    return account


def test_pages_do_not_exist_elsewhere(client: Client, store: Store) -> None:  # noqa: ARG001
    assert client.get("/manage/demo/").status_code == 404
    assert client.post("/manage/demo/login/", {"username": "alice"}).status_code == 404


def test_reset_is_for_staff(demo: Store, client: Client) -> None:  # noqa: ARG001
    assert client.get("/manage/demo/")["Location"].startswith("/accounts/login/")
    client.force_login(Account.objects.create_user("bob", "tulips and trams"))
    assert client.post("/manage/demo/", {"scenario": "empty", "players": 5, "confirmed": "yes"}).status_code == 404


def test_confirmation_names_scenario_and_players(staff: Account, client: Client) -> None:  # noqa: ARG001
    assert "Scenario" in client.get("/manage/demo/").content.decode()
    page = client.post("/manage/demo/", {"scenario": "showcase", "players": 42}).content.decode()
    assert "<strong>showcase</strong>" in page
    assert "<strong>42</strong>" in page
    assert boards.all() == []


def test_reset_after_the_confirmation(staff: Account, client: Client) -> None:  # noqa: ARG001
    answer = client.post("/manage/demo/", {"scenario": "showcase", "players": 12, "confirmed": "yes"}, follow=True)
    assert "Reset to scenario showcase with 12 players." in answer.content.decode()
    assert ranking.size("coins") == 12


def test_no_number_means_the_scenarios_own(staff: Account, client: Client) -> None:  # noqa: ARG001
    page = client.post("/manage/demo/", {"scenario": "streaks", "players": ""}).content.decode()
    assert "<strong>streaks</strong>" in page
    assert 'name="players" value="50"' in page


def test_more_players_than_the_scenario_takes_are_refused_at_the_field(staff: Account, client: Client) -> None:  # noqa: ARG001
    page = client.post("/manage/demo/", {"scenario": "streaks", "players": "1001", "confirmed": "yes"})
    assert page.context["form"].errors == {"players": ["Scenario streaks takes 1 to 1,000 players."]}
    assert 'value="1001"' in page.content.decode()


@pytest.mark.parametrize("wrong", [{"players": "0"}, {"players": "x"}, {"players": "5001"}, {"scenario": "chaos"}])
def test_wrong_choices_reset_nothing(staff: Account, client: Client, wrong: dict[str, str]) -> None:  # noqa: ARG001
    page = client.post("/manage/demo/", {"scenario": "showcase", "players": "5", "confirmed": "yes"} | wrong)
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()
    assert boards.all() == []


def test_one_click_log_in(demo: Store, client: Client) -> None:  # noqa: ARG001
    reset.reset("empty", 1, date(2026, 11, 20), lambda _done, _total: None)
    assert "demo/login/" in client.get("/accounts/login/").content.decode()
    client.post("/manage/demo/login/", {"username": "admin"})
    assert client.get("/manage/demo/").status_code == 200
    answer = client.post("/manage/demo/login/", {"username": "alice", "next": "/leaderboards/"})
    assert answer["Location"] == "/leaderboards/"
    assert client.get("/manage/demo/").status_code == 404


def test_one_click_log_in_is_for_sample_accounts_alone(staff: Account, client: Client) -> None:  # noqa: ARG001
    client.logout()
    assert client.post("/manage/demo/login/", {"username": "charlie"}).status_code == 404
    assert client.get("/manage/demo/login/").status_code == 405


def test_one_click_log_in_leads_nowhere_else(demo: Store, client: Client) -> None:  # noqa: ARG001
    Account.objects.create_user("alice", "tulips and trams")
    answer = client.post("/manage/demo/login/", {"username": "alice", "next": "https://example.com/"})
    assert answer["Location"] == "/"
