"""Log lines: JSON that always parses, the id of the request on each, nothing in them that must stay secret."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings

from gamify_site import logs, urls
from gamify_site.ops import metrics
from tests.conftest import Store

SECRET = "s3cret-t0ken"


def warns(_: HttpRequest) -> HttpResponse:
    logging.getLogger("gamify").warning("seen by the view")
    return HttpResponse(logs.request_id())


def bug(_: HttpRequest, what: str) -> HttpResponse:
    raise ZeroDivisionError(f"line one\nline two, {what}")


urlpatterns = [path("warns/", warns), path("bug/<slug:what>/", bug), *urls.urlpatterns]
handler500 = urls.handler500

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(settings: Settings) -> Iterator[Lines]:
    """What has been logged, as it goes to standard error outside the demo."""
    settings.ROOT_URLCONF = __name__
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(logs.RequestIdFilter())
    handler.setFormatter(logs.JsonLines())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


# The id of a request


def test_id_that_a_request_brings_is_kept(client: Client, lines: Lines, subtests: pytest.Subtests) -> None:
    for given in ("a", "0af7651916cd43dd8448eb211c80319c", "A-b_c.9", "x" * 64):
        with subtests.test(given=given):
            before = len(lines())
            answer = client.get("/warns/", headers={"X-Request-ID": given})
            assert answer["X-Request-ID"] == answer.text == given
            assert [line["request_id"] for line in lines()[before:]] == [given]


@pytest.mark.usefixtures("lines")
def test_other_ids_are_replaced(client: Client, subtests: pytest.Subtests) -> None:
    for given in ("", " ", "a b", "x" * 65, "a\n", "ä", '"', "a/b", "٣"):
        with subtests.test(given=given):
            answer = client.get("/warns/", headers={"X-Request-ID": given})
            assert re.fullmatch(r"[0-9a-f]{16}", answer["X-Request-ID"])
            assert answer.text == answer["X-Request-ID"]


def test_each_request_has_its_own_and_none_is_left_behind(client: Client, lines: Lines) -> None:
    client.get("/warns/")
    client.get("/warns/")
    logging.getLogger("gamify").warning("outside")
    first, second, outside = (line["request_id"] for line in lines())
    assert first != second
    assert outside is None


@pytest.mark.usefixtures("store")
def test_the_api_answers_with_the_id_too(client: Client) -> None:
    answer = client.get("/api/v1/players/alice", headers={"X-Request-ID": "mine"})
    assert answer["X-Request-ID"] == "mine"


# Lines


def test_line_says_when_how_bad_and_where_from(client: Client, lines: Lines) -> None:
    client.get("/warns/")
    (line,) = lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line.pop("request_id")
    assert line == {"level": "WARNING", "logger": "gamify", "message": "seen by the view"}


def test_error_is_one_line_with_its_traceback_and_the_id(client: Client, lines: Lines) -> None:
    answer = client.get(f"/bug/any/?token={SECRET}", headers={"Authorization": f"Bearer {SECRET}"})
    assert answer.status_code == 500
    (line,) = lines()
    assert line["level"] == "ERROR"
    assert line["request_id"] == answer["X-Request-ID"]
    assert "ZeroDivisionError: line one\nline two, any" in line["exception"]
    assert SECRET not in json.dumps(line)


def test_nothing_in_a_message_breaks_its_line(subtests: pytest.Subtests) -> None:
    for text in ("two\nlines", "\u2028", "lone \udcff", "nul \0", '"quoted"'):
        with subtests.test(text=text):
            line = logs.JsonLines().format(logging.LogRecord("gamify", logging.ERROR, "", 0, "%s", (text,), None))
            assert line.isascii()
            assert len(line.splitlines()) == 1
            assert json.loads(line)["message"] == text


def test_lost_data_store_is_a_line_without_the_query(client: Client, lines: Lines, down: Store) -> None:
    assert client.get(f"/leaderboards/?token={SECRET}").status_code == 503
    told = json.dumps(lines())
    assert "503 GET /leaderboards/" in told
    assert SECRET not in told
    assert down.kind


# Slow requests


def test_slow_request_is_a_warning_without_query_and_body(
    client: Client, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "SLOW", -1.0)
    answer = client.post(f"/bug/{SECRET}/?token={SECRET}", {"password": SECRET})
    slow = lines()[-1]
    assert re.fullmatch(r"Slow request: POST /bug/<slug:what>/ 500 took \d+ ms", slow["message"])
    assert slow["level"] == "WARNING"
    assert slow["request_id"] == answer["X-Request-ID"]
    assert SECRET not in json.dumps(slow)


def test_quick_request_is_no_news(client: Client, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "SLOW", 60.0)
    client.get("/healthz")
    assert lines() == []


# The configuration


def test_json_is_configured_outside_the_demo(settings: Settings) -> None:
    handler = settings.LOGGING["handlers"]["stderr"]
    assert handler["formatter"] == "json"
    assert handler["filters"] == ["request_id"]
    assert settings.LOGGING["formatters"]["json"]["()"] == "gamify_site.logs.JsonLines"
