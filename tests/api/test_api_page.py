"""docs/api.md tells the truth: its bodies are posted, and its calls, statuses and limits are those of the program."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from achievements.api.events import MOST_EVENTS, EventIn
from achievements.definitions import Event
from achievements.services import events
from gamify_site import clock
from gamify_site.api import guard, keys
from gamify_site.api.app import api
from gamify_site.players import services as players
from gamify_site.players.avatars import TONES
from gamify_site.players.services import LONGEST
from leaderboards.definitions import EXACT, Board
from leaderboards.services import scores
from tests.builders import make_board
from tests.conftest import Store
from tests.snapshots import seed
from tests.test_docs import README, ROOT

PAGE = (ROOT / "docs/api.md").read_text("utf-8")
BODIES = re.findall(r"`(POST|PUT) (/\S+)`\n\n```json\n(.*?)```", PAGE, re.DOTALL)
CALLS = re.findall(r"`(GET|POST|PUT|DELETE) (/[^`?\s]+)", PAGE)


@pytest.fixture
def write(store: Store) -> Client:
    """Return a program with a key, on a site with the demo's sample data."""
    seed(store, "showcase", 12, clock.now().date())
    _key, secret = keys.create("game", "write", by="root")
    return Client(headers={"authorization": f"Bearer {secret}"})


def send(client: Client, method: str, path: str, body: str = "") -> Any:
    return client.generic(method, f"/api/v1{path}", body, content_type="application/json")


def test_every_body_is_found() -> None:
    assert len(BODIES) == PAGE.count("```json") == 9


def test_examples_work_with_the_demo_in_the_order_of_the_page(write: Client) -> None:
    assert send(write, "GET", "/players/ada").status_code == 404
    curl = re.search(r"-d '(.*?)'", PAGE)
    assert curl
    answers = {}
    for method, path, body in [("POST", "/events", curl[1]), *BODIES]:
        answer = send(write, method, path, body)
        assert answer.status_code == 200, f"{method} {path}: {answer.content!r}"
        answers[path] = answer.json()
    told = re.search(r"looks like this:\n\n(.*?)\n\n\|", PAGE, re.DOTALL)
    assert told
    assert answers["/events"] == json.loads(told[1])
    assert answers["/leaderboards/coins/spend/ada"] == {"balance": 40, "duplicate": False}
    unlocked = answers["/players/ada/achievements/pocket-money/progress"]["newly_unlocked"]
    assert unlocked == [{"player": "ada", "achievement": "pocket-money", "points": 10}]
    assert answers["/players/ada/achievements/faster-than-yesterday/grant"] == {"unlocked": ["faster-than-yesterday"]}
    assert answers["/players/ada/achievements/faster-than-yesterday/revoke"] == {"revoked": True}
    for method, path in sorted(set(CALLS), reverse=True):  # GET before DELETE
        if method in ("GET", "DELETE"):
            answer = send(write, method, path)
            assert answer.status_code == (200 if method == "GET" else 204), f"{method} {path}: {answer.content!r}"


def test_examples_of_the_clients_work_with_the_demo(write: Client, subtests: pytest.Subtests) -> None:
    boards = {board["slug"] for board in send(write, "GET", "/leaderboards").json()}
    for file in sorted(ROOT.glob("docs/clients/*amify.*")):
        with subtests.test(file=file.name):
            text = file.read_text("utf-8")
            assert set(re.findall(r"coin_\w+", text)) == {"coin_collected"}
            assert set(re.findall(r"\b(best-\w+|laps)\b", text)) <= boards


def test_error_on_the_page_is_the_one_that_is_told(write: Client) -> None:
    told = re.search(r"fields, `errors`:\n\n(.*?)\n\n[A-Z]", PAGE, re.DOTALL)
    assert told
    assert send(write, "PUT", "/players/ada", '{"nmae": "Ada"}').json() == json.loads(told[1])


@pytest.mark.usefixtures("store")
def test_a_player_exists_by_a_profile_an_event_or_a_score() -> None:
    make_board("coins")
    for player, begin in (
        ("alice", lambda: players.upsert("alice")),
        ("bob", lambda: events.record([Event("bob", "whistle")])),
        ("charlie", lambda: scores.submit("coins", "charlie", 1)),
    ):
        assert not players.exists(player)
        begin()
        assert players.exists(player)
        players.delete(player)
        assert not players.exists(player)


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
    assert f"A key can send {guard.MOST:,} requests at once and regains {guard.RATE:,} a second" in PAGE
    assert f"One call takes up to {MOST_EVENTS:,} events and 1 MiB" in PAGE
    assert f"±{EXACT:,}" in PAGE
    for ties in ("earliest", "unlocks"):
        assert f"{Board(slug='x', name='x', ties=ties).greatest_score:,}" in PAGE  # type: ignore[arg-type]
    for field, most in LONGEST.items():
        row = re.search(rf"^\| .*`{field}`.* \| (.*) \|$", PAGE[PAGE.index("## Players") :], re.MULTILINE)
        assert row
        assert str(most) in row[1] or field in ("country", "avatar", "timezone")
    for tone in (TONES[0], TONES[-1]):
        assert f"`{tone}`" in PAGE


def test_readme_leads_to_the_page() -> None:
    assert "(docs/api.md)" in README


def test_page_of_all_calls_asks_nobody_else_about_the_document(store: object, client: Client) -> None:  # noqa: ARG001
    """Swagger UI would show a badge of validator.swagger.io, but only on sites that are not on localhost."""
    assert '"validatorUrl": null' in client.get("/api/v1/docs").content.decode()
