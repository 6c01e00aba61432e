"""A definition that another process has just made, changed or removed holds for the next call of the HTTP API."""

from dataclasses import replace
from typing import Any

import pytest

from achievements.services import catalog
from gamify_site.api.app import api
from leaderboards.services import boards
from tests.achievements.builders import make
from tests.api.conftest import Call
from tests.builders import another_process, make_board, make_player

CALLS = {
    "/achievements/{slug}": ("get",),
    "/leaderboards/{board}": ("get",),
    "/leaderboards/{board}/ranks/{rank}": ("get",),
    "/leaderboards/{board}/players/{player}": ("get",),
    "/leaderboards/{board}/scores/{player}": ("put", "delete"),
    "/leaderboards/{board}/scores": ("post",),
    "/leaderboards/{board}/spend/{player}": ("post",),
    "/players/{player}/achievements/{slug}/progress": ("post",),
    "/players/{player}/achievements/{slug}/grant": ("post",),
    "/players/{player}/achievements/{slug}/revoke": ("post",),
}


def test_every_call_with_a_slug_is_tested() -> None:
    paths = api.get_openapi_schema()["paths"].items()
    named = {path.removeprefix("/api/v1"): {*calls} for path, calls in paths if "{board}" in path or "{slug}" in path}
    assert named == {path: {*methods} for path, methods in CALLS.items()}


def test_every_call_knows_the_definitions_of_now(call: Call, subtests: pytest.Subtests) -> None:
    make_player("alice")
    make_board("coins")
    bodies: dict[str, Any] = {
        "put /leaderboards/{board}/scores/{player}": {"score": 5},
        "post /leaderboards/{board}/scores": {"scores": [{"player": "alice", "score": 5}]},
        "post /leaderboards/{board}/spend/{player}": {"amount": 1},
        "post /players/{player}/achievements/{slug}/progress": {"amount": 1},
        "post /players/{player}/achievements/{slug}/grant": {"reason": "a prize"},
        "post /players/{player}/achievements/{slug}/revoke": {"reason": "a mistake"},
    }
    for number, (path, methods) in enumerate(CALLS.items()):
        for method in methods:
            with subtests.test(call=f"{method} {path}"):
                slug = f"fresh-{number}-{method}"
                with another_process():
                    make_board(slug, {"alice": 9})
                    make(slug)
                address = path.format(board=slug, slug=slug, player="alice", rank=1)
                assert call(method, address, bodies.get(f"{method} {path}")).status_code in {200, 204}
                with another_process():
                    boards.delete(slug)
                if "{board}" in path:
                    assert call(method, address, bodies.get(f"{method} {path}")).status_code == 404


def test_lists_of_calls_know_the_definitions_of_now(call: Call) -> None:
    call("get", "/leaderboards")
    with another_process():
        board = make_board("fresh", name="Fresh board")
        make("fresh", name="Fresh one")
    assert "Fresh board" in {it["name"] for it in call("get", "/leaderboards").json()}
    assert "Fresh one" in {it["name"] for it in call("get", "/achievements").json()}
    make_player("alice")
    with another_process():
        boards.define(replace(board, name="Renamed"))
        make("second")
    assert "Renamed" in {it["name"] for it in call("get", "/leaderboards").json()}
    assert "second" in {it["achievement"] for it in call("get", "/players/alice/achievements").json()}
    with another_process():
        boards.delete("fresh")
        catalog.archive("second")
    assert "Renamed" not in {it["name"] for it in call("get", "/leaderboards").json()}
    assert "second" not in {it["slug"] for it in call("get", "/achievements").json()}
