"""Clock travel: every part of the program obeys, and outside the demo there is none."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client, RequestFactory, override_settings
from pytest_django import Settings

from gamify_site import audit, clock, travel
from gamify_site.ops.demo import reset
from leaderboards.services import ranking, seasons
from tests.achievements.builders import do, make
from tests.builders import make_board
from tests.conftest import Store

MOMENT = timedelta(minutes=1)


@pytest.fixture
def demo(settings: Settings, store: Store):
    settings.GAMIFY_DEMO = True
    yield store
    clock.set_ahead(clock.NOT_AHEAD)


def ahead() -> timedelta:
    return clock.now() - datetime.now(UTC)


def another_process() -> None:
    """What a process does that was not asked to travel itself."""
    clock.set_ahead(clock.NOT_AHEAD)
    travel.follow()


def test_clock_goes_ahead_and_back_for_everybody(demo):  # noqa: ARG001
    travel.go(1, by="root")
    travel.go(7, by="root")
    another_process()
    assert abs(ahead() - timedelta(days=8)) < MOMENT
    travel.back(by="root")
    another_process()
    assert abs(ahead()) < MOMENT
    told = [entry.changes for entry in audit.walk(lambda _entry: True)]
    assert told == [[("days ahead", 8, 0)], [("days ahead", 1, 8)], [("days ahead", 0, 1)]]


@pytest.mark.usefixtures("demo")
def test_clock_goes_no_farther_than_makes_sense(subtests):
    for days in (0, -1, 3651):
        with subtests.test(days=days):
            with pytest.raises(ValidationError) as refusal:
                travel.go(days, by="root")
            message = "The clock goes 1 day at least and 10 years at most ahead."
            assert refusal.value.message_dict == {"days": [message]}
            assert travel.follow() == timedelta()


def test_outside_the_demo_nobody_travels(demo, settings):  # noqa: ARG001
    travel.go(5, by="root")
    settings.GAMIFY_DEMO = False
    assert travel.follow() == timedelta()
    assert abs(ahead()) < MOMENT


def test_requests_follow(demo):  # noqa: ARG001
    make_board(windows=("day",), entries={"alice": 1})
    travel.go(1, by="root")
    clock.set_ahead(clock.NOT_AHEAD)
    seen: list[timedelta] = []
    travel.TravelMiddleware(lambda _request: seen.append(ahead()))(RequestFactory().get("/"))
    assert abs(seen[0] - timedelta(days=1)) < MOMENT


def test_commands_follow_and_close_what_is_over_by_then(demo, capsys):  # noqa: ARG001
    make_board(windows=("day",), entries={"alice": 1})
    travel.go(9, by="root")
    clock.set_ahead(clock.NOT_AHEAD)
    call_command("tick")
    assert "Closed: coins" in capsys.readouterr().out
    assert len(seasons.past("coins")) == 1


def test_day_boards_streaks_and_news_are_those_of_the_day(demo):
    make_board(action="login", windows=("day", "all"))
    make("daily", type="streak", target=2, action="login")
    do("alice", "login")
    travel.go(1, by="root")
    assert ranking.size("coins", window="day") == 0
    assert [it.achievement for it in do("alice", "login").unlocked] == ["daily"]
    assert ranking.standing("coins", "alice", window="day").score == 1
    news = [fields[b"type"] for _, fields in demo.redis.xrange("{gamify:0}:player:alice:feed")]
    assert news.count(b"rank") == 2  # a day later entering the top is news again


def test_reset_sets_the_clock_back(demo):  # noqa: ARG001
    travel.go(30, by="root")
    today = datetime.now(UTC).date()
    assert reset.latest_anchor() in (today, today - timedelta(days=1))
    reset.reset("empty", 1, reset.latest_anchor(), lambda _done, _total: None)
    assert travel.follow() == timedelta()


def test_site_follows_where_the_demo_is_on(demo, settings):  # noqa: ARG001
    make_board(windows=("day",), entries={"alice": 1})
    travel.go(1, by="root")
    clock.set_ahead(clock.NOT_AHEAD)
    with override_settings(MIDDLEWARE=["gamify_site.travel.TravelMiddleware", *settings.MIDDLEWARE]):
        page = Client().get("/leaderboards/coins/").content.decode()
    assert 'data-board-size="0"' in page


def test_in_the_demo_too_a_process_is_alive_without_its_data_store(demo, settings):
    demo.stop()
    try:
        with override_settings(MIDDLEWARE=["gamify_site.travel.TravelMiddleware", *settings.MIDDLEWARE]):
            assert Client().get("/healthz").status_code == 200
            assert Client(raise_request_exception=False).get("/").status_code == 503
    finally:
        demo.start()


def test_in_the_demo_too_programs_are_told_that_the_data_store_is_away(demo, settings):
    demo.stop()
    try:
        with override_settings(MIDDLEWARE=["gamify_site.travel.TravelMiddleware", *settings.MIDDLEWARE]):
            client = Client(raise_request_exception=False)
            event = client.post("/api/v1/events", "{}", content_type="application/json")
            ready = client.get("/readyz")
            metrics = client.get("/metrics")
    finally:
        demo.start()
    assert (event.status_code, event["Content-Type"]) == (503, "application/problem+json")
    assert event["Retry-After"]
    assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
    assert metrics.status_code == 200


def test_styles_of_the_demo_do_not_wait_for_its_data_store():
    """The page that says that it is away looks like the others."""
    look = "import django; django.setup(); from django.test import Client; print(Client().get(sys.argv[1]).status_code)"
    command = [sys.executable, "-c", f"import sys; {look}", "/static/css/tokens.css"]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "gamify_site.settings",
        "GAMIFY_DEMO": "1",
        "GAMIFY_ALLOWED_HOSTS": "testserver",
        "GAMIFY_REDIS_URL": "redis://127.0.0.1:1/0",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "200\n"
