"""docs/api.md tells the truth: its bodies are posted, and its calls, statuses and limits are those of the program."""

import json
import re

import pytest
from django.test import Client

from achievements.api.events import MOST_EVENTS, EventIn
from gamify_site.api import guard, keys
from gamify_site.api.app import api
from leaderboards.services import scores
from tests.achievements.builders import make
from tests.builders import make_board
from tests.test_docs import README, ROOT

PAGE = (ROOT / "docs/api.md").read_text("utf-8")
BODIES = re.findall(r"`(POST|PUT) (/\S+)`\n\n```json\n(.*?)```", PAGE, re.DOTALL)
CALLS = re.findall(r"`(GET|POST|PUT|DELETE) (/[^`?\s]+)", PAGE)


@pytest.fixture
def write(store: object) -> Client:  # noqa: ARG001
    """A program with a key, on a site that has what the page speaks of."""
    make("first-lap", action="lap_finished", target=1, points=10)
    make("collector", action="relic_found")
    make_board("best-lap", action="lap_finished", combine="best", order="asc", decimals=2)
    make_board("purse", action="coin_collected")
    _key, secret = keys.create("game", "write", by="root")
    return Client(headers={"authorization": f"Bearer {secret}"})


def send(client: Client, method: str, path: str, body: str = "") -> object:
    return client.generic(method, f"/api/v1{path}", body, content_type="application/json")


def test_every_body_is_found() -> None:
    assert len(BODIES) == PAGE.count("```json") == 9


def test_every_body_is_accepted_in_the_order_of_the_page(write: Client) -> None:
    for method, path, body in BODIES:
        answer = send(write, method, path, body)
        assert answer.status_code == 200, f"{method} {path}: {answer.content!r}"


def test_answer_to_the_batch_is_the_one_on_the_page(write: Client) -> None:
    _method, path, body = BODIES[0]
    told = re.search(r"looks like this:\n\n(.*?)\n\n\|", PAGE, re.DOTALL)
    assert told
    assert send(write, "POST", path, body).json() == json.loads(told[1])


def test_curl_on_the_page_sends_a_good_event(write: Client) -> None:
    body = re.search(r"-d '(.*?)'", PAGE)
    assert body
    assert send(write, "GET", "/players/alice").status_code == 404
    assert send(write, "POST", "/events", body[1]).json()["accepted"] == 1
    assert send(write, "GET", "/players/alice").status_code == 200  # "A player who is not there yet is made."


def test_reads_and_removals_on_the_page_are_answered(write: Client) -> None:
    scores.submit("best-lap", "alice", 61)
    for method, path in sorted(set(CALLS), reverse=True):  # GET before DELETE
        if method in ("GET", "DELETE"):
            answer = send(write, method, path)
            assert answer.status_code == (200 if method == "GET" else 204), f"{method} {path}: {answer.content!r}"


def test_error_on_the_page_is_the_one_that_is_told(write: Client) -> None:
    told = re.search(r"for fields `errors`:\n\n(.*?)\n\n\|", PAGE, re.DOTALL)
    assert told
    assert send(write, "PUT", "/players/alice", '{"nmae": "Alice"}').json() == json.loads(told[1])


def test_every_call_of_the_document_is_on_the_page() -> None:
    for path, methods in api.get_openapi_schema()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path.removeprefix("/api/v1")))
        for method in methods:
            assert any(method.upper() == verb and re.fullmatch(pattern, told) for verb, told in CALLS), (method, path)


def test_every_status_of_the_document_is_on_the_page() -> None:
    operations = [it for methods in api.get_openapi_schema()["paths"].values() for it in methods.values()]
    statuses = {str(status) for it in operations for status in it["responses"] if int(status) >= 400}
    for status in statuses:
        assert re.search(rf"^\| {status} ", PAGE, re.MULTILINE), status


def test_every_field_of_an_event_is_on_the_page() -> None:
    for name in EventIn.model_fields:
        assert f"| `{name}` |" in PAGE


def test_limits_on_the_page_are_those_of_the_program() -> None:
    assert f"A key has {guard.MOST:,} requests at once and gains {guard.RATE:,} a second" in PAGE
    assert f"One call takes up to {MOST_EVENTS:,} events and 1 MiB" in PAGE


def test_readme_leads_to_the_page() -> None:
    assert "(docs/api.md)" in README


def test_page_of_all_calls_asks_nobody_else_about_the_document(store: object, client: Client) -> None:  # noqa: ARG001
    """Swagger UI would show a badge of validator.swagger.io, but only on sites that are not on localhost."""
    assert '"validatorUrl": null' in client.get("/api/v1/docs").content.decode()
