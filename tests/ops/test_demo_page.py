"""The demo's pages: only where the demo tools are on, only for staff, never without a confirmation."""

import threading
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from django.test import Client
from pytest_django import Settings

from achievements.definitions import Event
from achievements.services import events
from gamify_site import audit, clock, work
from gamify_site.ops.demo import reset
from gamify_site.players.models import Account
from gamify_site.store import connection
from leaderboards.services import boards, ranking
from tests.builders import make_board, make_player
from tests.conftest import Store


@pytest.fixture
def demo(settings: Settings, store: Store) -> Iterator[Store]:
    settings.GAMIFY_DEMO = True
    settings.ROOT_URLCONF = "tests.ops.urls_with_demo"
    yield store
    clock.set_ahead(clock.NOT_AHEAD)


def wait_for(found: Callable[[], object]) -> None:
    """Asks until it is so; a test that waits in vain is ended by the runner."""
    for _ in range(600):
        if found():
            return
        threading.Event().wait(0.05)
    raise AssertionError("It has not become so within 30 s.")


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
    client.post("/manage/demo/", {"scenario": "showcase", "players": 3, "confirmed": "yes"})
    wait_for(lambda: "Done." in client.get("/manage/demo/").content.decode())
    assert ranking.size("coins") == 3


def test_no_number_means_the_scenarios_own(staff: Account, client: Client) -> None:  # noqa: ARG001
    page = client.post("/manage/demo/", {"scenario": "streaks", "players": ""}).content.decode()
    assert "<strong>streaks</strong>" in page
    assert 'name="players" value="50"' in page


def test_more_players_than_the_scenario_takes_are_refused_at_the_field(staff: Account, client: Client) -> None:  # noqa: ARG001
    page = client.post("/manage/demo/", {"scenario": "streaks", "players": "1001", "confirmed": "yes"})
    assert page.context["form"].errors == {"players": ["Scenario streaks takes 1 to 1,000 players."]}
    assert 'value="1001"' in page.content.decode()


@pytest.mark.usefixtures("staff")
def test_wrong_choices_reset_nothing(client: Client, subtests: pytest.Subtests) -> None:
    for field, value in (("players", "0"), ("players", "x"), ("players", "5001"), ("scenario", "chaos")):
        with subtests.test(field=field, value=value):
            choices = {"scenario": "showcase", "players": "5", "confirmed": "yes", field: value}
            page = client.post("/manage/demo/", choices)
            assert page.status_code == 422
            assert page.context["form"].errors.keys() == {field}
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


def test_page_shows_how_far_a_reset_is(staff: Account, client: Client) -> None:  # noqa: ARG001
    until = threading.Event()
    begun = work.start(reset.WORK, lambda progress: (progress(3, 4), until.wait()), patience=0)
    assert begun.state == "running"
    try:
        wait_for(lambda: "75 %" in client.get("/manage/demo/").content.decode())
        part = client.get("/manage/demo/", headers={"HX-Request": "true", "HX-Target": "work"}).content.decode()
        assert 'hx-trigger="every 1s"' in part
        assert "<html" not in part
        answer = client.post("/manage/demo/", {"scenario": "empty", "confirmed": "yes"}, follow=True)
        assert "Sample data is being made already." in answer.content.decode()
    finally:
        until.set()
    wait_for(lambda: "Done." in client.get("/manage/demo/").content.decode())


def test_failed_reset_says_why(staff: Account, client: Client) -> None:  # noqa: ARG001
    work.start(reset.WORK, lambda _progress: 1 / 0)
    assert "division by zero" in client.get("/manage/demo/").content.decode()


def test_reset_whose_process_is_gone_is_told_and_can_be_started_again(staff: Account, client: Client) -> None:  # noqa: ARG001
    work.start(reset.WORK, lambda _progress: None)
    connection.client().hset("{gamify}:work:reset", mapping={"state": "running", "at": 0})
    assert "the process that did it is gone" in client.get("/manage/demo/").content.decode()
    client.post("/manage/demo/", {"scenario": "empty", "confirmed": "yes"})
    wait_for(lambda: work.find(reset.WORK).state == "done")


@pytest.mark.usefixtures("staff")
def test_page_says_that_going_back_undoes_nothing(client: Client) -> None:
    warnings = ("Back to now undoes nothing", "what is done now stays when it goes back")
    assert not any(it in client.get("/manage/demo/").content.decode() for it in warnings)
    client.post("/manage/demo/clock/", {"step": "week"})
    assert all(it in client.get("/manage/demo/").content.decode() for it in warnings)


def test_clock_goes_ahead_and_back(staff: Account, client: Client) -> None:  # noqa: ARG001
    client.post("/manage/demo/clock/", {"step": "day"})
    client.post("/manage/demo/clock/", {"step": "week"})
    assert 'data-ahead="8"' in client.get("/manage/demo/").content.decode()
    client.post("/manage/demo/clock/", {"step": "back"})
    assert "That is the real time." in client.get("/manage/demo/").content.decode()
    assert client.post("/manage/demo/clock/", {"step": "year"}).status_code == 404
    assert client.get("/manage/demo/clock/").status_code == 405


def test_tick_closes_what_is_over(staff: Account, client: Client) -> None:  # noqa: ARG001
    make_board(windows=("day",), entries={"alice": 9})
    for _ in range(2):
        client.post("/manage/demo/clock/", {"step": "week"})
    page = client.post("/manage/demo/tick/", follow=True).content.decode()
    assert "1 period has been closed." in page
    assert "The active players of 14 days have been counted." in page
    (told,) = audit.walk(lambda entry: entry.what == "tick_run")
    assert (told.by, dict(told.after)) == ("charlie", {"closed": 1, "left": 0, "counted": 14})
    log = client.get("/manage/audit/").content.decode()
    assert "What was due has been done" in log
    assert "Periods closed" in log
    client.post("/manage/demo/clock/", {"step": "back"})


def test_period_that_was_closed_ahead_takes_events_again_back_now(staff: Account, client: Client) -> None:  # noqa: ARG001
    make_board(action="coin", windows=("day",))
    events.record([Event("alice", "coin")])
    client.post("/manage/demo/clock/", {"step": "week"})
    client.post("/manage/demo/tick/")
    client.post("/manage/demo/clock/", {"step": "back"})
    assert events.record([Event("alice", "coin")]).skipped == {}
    assert ranking.standing("coins", "alice").score == 2


def test_staff_go_on_as_any_player(staff: Account, client: Client) -> None:  # noqa: ARG001
    make_player("bob")
    client.post("/manage/demo/as/", {"player": "bob"})
    assert client.get("/players/bob/").context["is_me"]
    assert client.post("/manage/demo/as/", {"player": "bob"}).status_code == 404


@pytest.mark.usefixtures("staff")
def test_nobody_goes_on_as_staff_or_as_nobody(client: Client, subtests: pytest.Subtests) -> None:
    make_player("charlie")
    for player, message in (
        ("", "This field is required."),
        ("nobody", "There is no player with this id."),
        ("no one", "A player id has 1 to 64 letters, digits or _ . : @ | - and begins with a letter or digit."),
        ("charlie", "This account belongs to somebody else, or to staff."),
    ):
        with subtests.test(player=player):
            answer = client.post("/manage/demo/as/", {"player": player})
            assert answer.status_code == 422
            assert answer.context["login_form"].errors == {"player": [message]}
