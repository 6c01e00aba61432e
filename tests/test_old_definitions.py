"""Definitions that were stored under older rules can be read and edited; check_integrity tells what is wrong."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from achievements.definitions import Achievement
from achievements.services import catalog, exchange, impact, revisions
from achievements.services import collections as collected
from achievements.services import integrity as achievement_integrity
from gamify_site.players.models import Account
from gamify_site.store import catalog as definitions
from gamify_site.store import keys
from leaderboards.definitions import Board
from leaderboards.errors import InsufficientBalance
from leaderboards.services import boards, ranking, scores
from leaderboards.services import integrity as board_integrity
from tests.achievements.builders import do, make
from tests.builders import make_board, season
from tests.conftest import Store

pytestmark = pytest.mark.usefixtures("store")

ITEMS = ("caf\u00e9", "cafe\u0301", "ring")  # the first two are the same in NFC, which was not always compared


@pytest.fixture
def rewrite(store: Store) -> Any:
    """Store fields of a definition as a version without today's rules did."""

    def change(kind: str, slug: str, **fields: str) -> None:
        store.redis.hset(keys.definition(kind, slug), mapping=fields)
        definitions.forget()

    return change


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(Account.objects.create_user("root", "tulips and trams", is_staff=True))
    return client


@pytest.fixture
def relics(rewrite: Any) -> Achievement:
    make("ten")
    make("relics", type="collection", action="relic", items=("a", "b", "ring"), target=3)
    rewrite("achievement", "relics", items=json.dumps(ITEMS))
    return catalog.get("relics")


@pytest.fixture
def coins(rewrite: Any) -> Board:
    make_board("laps", entries={"alice": 7})
    make_board("coins", action="coin", ties="earliest", entries={"alice": 7})
    rewrite("board", "coins", floor="4194304")
    return boards.get("coins")


def test_collection_with_items_that_are_the_same_now_is_read_and_counts_on(relics: Achievement) -> None:
    assert [it.slug for it in catalog.all()] == ["relics", "ten"]
    assert relics.items == (ITEMS[0], ITEMS[0], "ring")
    assert do("alice", "relic", item="ring").accepted == 1
    assert do("alice", "coin", amount=10).unlocked
    assert collected.status("alice", "relics").collected == ("ring",)
    assert impact.of(replace(catalog.get("ten"), target=5)).players == 1
    assert '"slug": "relics"' in exchange.export_json()


def test_what_is_wrong_with_it_is_told(relics: Achievement, coins: Board) -> None:  # noqa: ARG001
    found = [*achievement_integrity.check(), *board_integrity.check()]
    assert [(it.rule, it.subject, it.detail) for it in found] == [
        ("definition", "relics", "items: Each item must have a name of its own."),
        ("definition", "coins", "floor: The score must lie within ±4,194,303."),
    ]


def test_only_the_item_that_is_there_twice_can_be_renamed(relics: Achievement) -> None:
    with pytest.raises(ValidationError, match="stay as they are"):
        catalog.define(Achievement.from_fields(relics.to_fields() | {"items": json.dumps(["cup", ITEMS[0], "ring"])}))
    mended = Achievement.from_fields(relics.to_fields() | {"items": json.dumps([ITEMS[0], "cup", "ring"])})
    assert catalog.define(mended).items == (ITEMS[0], "cup", "ring")
    assert [*achievement_integrity.check()] == []


def test_collection_is_mended_in_its_form_and_an_old_revision_looked_at(relics: Achievement, staff: Client) -> None:
    page = "/manage/achievements/relics/edit/"
    form = staff.get(page).context["form"]
    typed = {it.html_name: "" if it.value() is None else it.value() for it in form} | {"do": "save", "policy": "later"}
    assert staff.post(page, typed).context["form"].errors == {"items": ["Each item must have a name of its own."]}
    typed["items"] = "\n".join((ITEMS[0], "cup", "ring"))
    assert staff.post(page, typed).status_code == 302
    assert catalog.get("relics").items == (ITEMS[0], "cup", "ring")
    for path in ("/manage/achievements/", "/manage/achievements/relics/history/", "/achievements/relics/"):
        assert staff.get(path).status_code == 200
    assert revisions.as_it_was("relics", relics.revision).slug == "relics"


def test_board_with_a_floor_beyond_its_range_is_read_and_mended(coins: Board, staff: Client) -> None:
    assert [it.slug for it in boards.all()] == ["coins", "laps"]
    assert scores.submit("coins", "bob", 5).rank == 2
    assert ranking.standing("laps", "alice").score == 7
    with pytest.raises(InsufficientBalance):
        scores.spend("coins", "alice", 1)
    assert '"floor": 4194304' in exchange.export_json()
    form = staff.get("/manage/boards/coins/edit/").context["form"]
    typed = {it.html_name: "" if it.value() is None else it.value() for it in form}
    assert "floor" in staff.post("/manage/boards/coins/edit/", typed).context["form"].errors
    assert staff.post("/manage/boards/coins/edit/", typed | {"floor": "0"}).status_code == 302
    assert boards.get("coins").floor == 0
    assert [*board_integrity.check()] == []
    assert coins.ties == "earliest"


def test_anything_else_that_is_refused_today_is_read(rewrite: Any, staff: Client) -> None:
    make("ten")
    make_board("cup", decimals=2, windows=("all", "season"), seasons=(season("one", "2082-01-01", "2082-06-01"),))
    rewrite("achievement", "ten", points="5000", icon="two words", name="x" * 200)
    seasons = [["One", "One", "2082-01-01", "2082-06-01"], ["two", "Two", "2082-05-01", "2082-04-01"]]
    rewrite("board", "cup", seasons=json.dumps(seasons), description="x" * 600)
    assert catalog.get("ten").points == 5000
    assert [it.slug for it in boards.get("cup").seasons] == ["One", "two"]
    assert boards.get("cup").floor == Decimal(0)
    for path in ("/manage/achievements/", "/manage/boards/", "/achievements/", "/manage/catalog/"):
        assert staff.get(path).status_code == 200
    assert {it.subject for it in (*achievement_integrity.check(), *board_integrity.check())} == {"ten", "cup"}
