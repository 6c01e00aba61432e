"""An event is written to so many boards and windows at most: more are refused at the field, with the number."""

import json
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from achievements import documents
from achievements.services import exchange
from gamify_site.players.models import Account
from leaderboards.definitions import Board
from leaderboards.services import boards
from tests.builders import make_board

pytestmark = pytest.mark.usefixtures("store")

FULL = "The boards of “coin” would have 3 windows together, and 2 is the most."
TOO_WIDE = "The boards of “coin” would have 4 windows together, and 3 is the most."


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    monkeypatch.setattr(boards, "MAX_WINDOWS", 2)


def reason_at(field: str, board: Board) -> str:
    with pytest.raises(ValidationError) as refused:
        boards.define(board)
    assert list(refused.value.message_dict) == [field]
    return refused.value.message_dict[field][0]


def test_boards_of_an_action_are_limited():
    for slug in ("one", "two"):
        make_board(slug, action="coin")
    assert reason_at("windows", Board("three", "Three", action="coin")) == FULL
    made = make_board("three", action="gem")
    make_board("four")
    assert reason_at("windows", replace(made, action="coin")) == FULL


def test_windows_of_an_action_are_limited(monkeypatch):
    monkeypatch.setattr(boards, "MAX_WINDOWS", 3)
    make_board("one", action="coin", windows=("all", "day"))
    assert reason_at("windows", Board("two", "Two", action="coin", windows=("day", "week"))) == TOO_WIDE
    made = make_board("two", action="coin", windows=("week",))
    assert reason_at("windows", replace(made, windows=("day", "week"))) == TOO_WIDE


def test_board_over_a_limit_already_can_be_edited(monkeypatch):
    made = make_board("one", action="coin", windows=("all", "day"))
    monkeypatch.setattr(boards, "MAX_WINDOWS", 0)
    boards.define(replace(made, name="Other", windows=("day", "week")))
    boards.define(replace(made, windows=("day",)))
    assert boards.get("one").windows == ("day",)


def test_import_of_many_is_refused_at_the_rows_over_the_limit():
    make_board("one", action="coin")
    given = [Board(slug, slug, action="coin") for slug in ("one", "two", "three")]
    text = json.dumps({"gamify": 1, "boards": [documents.write(board) for board in given]})
    found = exchange.apply(exchange.read_json(text), by="charlie")
    assert [(it.slug, it.field, it.reason) for it in found if it.what == "refused"] == [("three", "windows", FULL)]
    assert [board.slug for board in boards.all()] == ["one"]


def test_form_refuses_a_board_over_the_limit(client: Client):
    client.force_login(Account.objects.create_user("root", "tulips and trams", is_staff=True))
    for slug in ("one", "two"):
        make_board(slug, action="coin")
    make_board("three")
    form = client.get("/manage/boards/three/edit/").context["form"]
    typed = {it.html_name: "" if it.value() is None else it.value() for it in form} | {"action": "coin"}
    answer = client.post("/manage/boards/three/edit/", typed)
    assert (answer.status_code, answer.context["form"].errors) == (422, {"windows": [FULL]})
