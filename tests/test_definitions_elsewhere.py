"""A definition that another process has just made, changed or removed holds for the next request, everywhere.

Pages are found in the URL configuration: one that is added without a line here fails the first test.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import get_resolver

from achievements.definitions import Event
from achievements.errors import UnknownAchievement
from achievements.services import catalog, collections, events, insights, progress, states, streaks, unlocks
from gamify_site.players.models import Account
from gamify_site.store import catalog as definitions
from leaderboards.definitions import Board
from leaderboards.errors import UnknownBoard
from leaderboards.services import boards, friends, ranking, scores
from tests.achievements.builders import make
from tests.builders import another_process, make_board, make_player
from tests.test_staff_only import patterns

# Pages that name a board or an achievement in their address.
BOARD_PAGES = (
    "/leaderboards/{}/",
    *(f"/manage/boards/{{}}/{it}/" for it in ("edit", "delete", "scores", "archive", "recount")),
)
ACHIEVEMENT_PAGES = (
    "/achievements/{}/",
    *(f"/manage/achievements/{{}}/{it}/" for it in ("edit", "history", "backfill")),
)
# Pages that list boards or achievements by name.
BOARD_LISTS = ("/leaderboards/", "/manage/boards/", "/manage/catalog/export/")
ACHIEVEMENT_LISTS = (
    *("/", "/achievements/", "/players/alice/", "/players/alice/compare/bob/", "/manage/achievements/"),
    *("/manage/insights/", "/manage/players/alice/", "/manage/catalog/export/"),
)
# Drafts alone can be deleted, and earlier revisions restored: tested by hand below.
BY_HAND = {"/manage/achievements/{}/delete/", "/manage/achievements/{}/history/<int:number>/", "/achievements/{}/pin/"}


@pytest.fixture
def staff(store: Any) -> Client:  # noqa: ARG001
    client = Client()
    client.force_login(Account.objects.create_user(username="alice", password=None, is_staff=True))
    make_player("alice")
    make_player("bob")
    make_board("coins", {"alice": 5})
    make("ten")
    return client


def test_every_page_with_a_slug_is_tested() -> None:
    routes = {
        "/" + route.replace("<str:slug>", "{}").replace("<slug>", "{}")
        for route, _ in patterns(get_resolver().url_patterns)
        if "slug>" in route and route.startswith(("leaderboards/", "achievements/", "manage/"))
    }
    assert {it for it in routes if "restore" not in it} <= {*BOARD_PAGES, *ACHIEVEMENT_PAGES, *BY_HAND}


def test_pages_of_what_was_just_made_are_there(staff: Client, subtests: pytest.Subtests) -> None:
    for number, page in enumerate(BOARD_PAGES):
        with subtests.test(page=page):
            with another_process():
                make_board(f"fresh-{number}")
            assert staff.get(page.format(f"fresh-{number}")).status_code == 200
    for number, page in enumerate(ACHIEVEMENT_PAGES):
        with subtests.test(page=page):
            with another_process():
                make(f"fresh-{number}")
            assert staff.get(page.format(f"fresh-{number}")).status_code == 200


def test_lists_show_what_was_just_made_changed_and_removed(staff: Client, subtests: pytest.Subtests) -> None:
    for page in BOARD_LISTS:
        with subtests.test(page=page):
            with another_process():
                board = make_board("fresh", {"alice": 5}, name="Fresh board")
            assert "Fresh board" in text(staff, page)
            with another_process():
                boards.define(replace(board, name="Renamed board"))
            assert "Renamed board" in text(staff, page)
            with another_process():
                boards.delete("fresh")
            assert "Renamed board" not in text(staff, page)
    for number, page in enumerate(ACHIEVEMENT_LISTS):
        with subtests.test(page=page):
            with another_process():
                achievement = make(f"fresh-{number}", name=f"Fresh {number}")
                unlocks.grant("alice", achievement.slug, "a prize", by="root")
            assert f"Fresh {number}" in text(staff, page)
            with another_process():
                catalog.define(replace(catalog.get(achievement.slug), name=f"Renamed {number}"))
            assert f"Renamed {number}" in text(staff, page)
            with another_process():
                unlocks.revoke("alice", achievement.slug, "a mistake", by="root")
                catalog.archive(achievement.slug)


def text(client: Client, page: str) -> str:
    response = client.get(page)
    assert response.status_code == 200
    return (b"".join(response) if response.streaming else response.content).decode()


def test_forms_judge_by_the_definitions_of_now(staff: Client) -> None:
    with another_process():
        make("draft", status="draft")
    assert staff.get("/manage/achievements/draft/delete/").status_code == 200
    with another_process():
        make("held")
        unlocks.grant("alice", "held", "a prize", by="root")
    assert staff.post("/achievements/held/pin/", {"pinned": "1"}).status_code == 302
    assert states.read("alice").pinned == ("held",)


# Services

LAP = Board("laps", "Laps", action="lap", combine="best", order="asc", decimals=2)


@pytest.mark.usefixtures("services_store")
class TestEvents:
    """Events by definitions that this process has not seen yet."""

    def test_board_that_was_just_made_gets_its_decimals(self) -> None:
        with another_process():
            boards.define(LAP)
        batch = [Event("alice", "lap", value=Decimal("61.25")), Event("bob", "lap", value=Decimal("59.5"))]
        assert events.record(batch).accepted == 2
        assert [row.score for row in ranking.top("laps")] == [Decimal("59.5"), Decimal("61.25")]

    def test_board_that_was_just_changed_takes_the_value(self) -> None:
        boards.define(Board("coins", "Coins", action="coin"))
        with another_process():
            boards.define(Board("coins", "Coins", action="coin", combine="best"))
        outcome = events.record([Event("alice", "coin", value=9000), Event("bob", "coin")])
        assert ranking.standing("coins", "alice").score == 9000
        assert outcome.skipped == {1: ["coins"]}

    def test_board_that_was_just_removed_takes_nothing(self) -> None:
        boards.define(LAP)
        with another_process():
            boards.delete("laps")
        assert events.record([Event("alice", "lap", value=10**15)]).no_listeners == ["lap"]

    def test_first_item_of_a_collection_that_was_just_made_counts(self) -> None:
        with another_process():
            make("relics", type="collection", action="relic", items=("cup", "ring"), target=2)
        assert events.record([Event("alice", "relic", item="cup")]).accepted == 1
        assert collections.status("alice", "relics").collected == ("cup",)

    def test_item_that_was_just_added_counts(self) -> None:
        relics = make("relics", type="collection", action="relic", items=("cup", "ring"), target=2)
        with another_process():
            catalog.define(replace(relics, items=("cup", "ring", "hat"), target=3))
        assert events.record([Event("alice", "relic", item="hat")]).rejected == {}
        assert collections.status("alice", "relics").collected == ("hat",)

    def test_correction_is_judged_by_who_listens_now(self) -> None:
        with another_process():
            boards.define(Board("coins", "Coins", action="coin"))
        assert events.record([Event("alice", "coin", -5)]).rejected == {}
        with another_process():
            make("ten", action="coin")
        assert list(events.record([Event("alice", "coin", -5)]).rejected) == [0]


SERVICES: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("progress.get", lambda: progress.get("alice", "slayer").progress),
    ("progress.increment", lambda: progress.increment("alice", "slayer").progress),
    ("progress.set", lambda: progress.set("alice", "slayer", 3).progress),
    ("progress.tiers", lambda: progress.tiers("alice", "slayer")),
    ("unlocks.grant", lambda: unlocks.grant("alice", "slayer", "a prize", by="root")),
    ("unlocks.revoke", lambda: unlocks.revoke("alice", "slayer", "a mistake", by="root")),
    ("insights.rarity", lambda: insights.rarity("slayer")),
    ("catalog.get", lambda: catalog.get("slayer")),
    ("catalog.find", lambda: catalog.find("slayer")),
    ("streaks.status", lambda: streaks.status("alice", "week")),
    ("collections.status", lambda: collections.status("alice", "relics")),
    ("boards.get", lambda: boards.get("coins")),
    ("scores.submit", lambda: scores.submit("coins", "alice", 5)),
    ("scores.increment", lambda: scores.increment("coins", "alice", 5)),
    ("scores.set", lambda: scores.set("coins", "alice", 5)),
    ("scores.submit_many", lambda: scores.submit_many("coins", {"alice": 5})),
    ("scores.remove", lambda: scores.remove("coins", "alice")),
    ("ranking.top", lambda: ranking.top("coins")),
    ("ranking.around_player", lambda: ranking.around_player("coins", "alice")),
    ("ranking.around_rank", lambda: ranking.around_rank("coins", 1)),
    ("ranking.standing", lambda: ranking.standing("coins", "alice")),
    ("ranking.size", lambda: ranking.size("coins")),
    ("ranking.page", lambda: ranking.page("coins")),
    ("friends.board", lambda: friends.board("coins", "alice")),
)


@pytest.mark.usefixtures("services_store")
def test_every_service_finds_what_was_just_made(subtests: pytest.Subtests) -> None:
    make_player("alice")
    for name, ask in SERVICES:
        with subtests.test(service=name):
            definitions.forget()
            with another_process():
                boards.define(Board("coins", "Coins"))
                make("slayer")
                make("week", type="streak", action="login", target=7)
                make("relics", type="collection", action="relic", items=("cup",), target=1)
            ask()
            with another_process():
                boards.delete("coins")
                for slug in ("slayer", "week", "relics"):
                    definitions.change("achievement", slug, lambda: definitions.Change({}))


@pytest.mark.usefixtures("services_store")
def test_what_was_just_removed_or_archived_is_refused() -> None:
    boards.define(Board("coins", "Coins"))
    make("slayer")
    make_player("alice")
    with another_process():
        boards.delete("coins")
        catalog.archive("slayer")
    with pytest.raises(UnknownBoard):
        scores.submit("coins", "alice", 5)
    for change in (progress.increment, lambda *who: unlocks.grant(*who, "a prize", by="root")):
        with pytest.raises(ValidationError):
            change("alice", "slayer")
        with another_process():
            catalog.define(replace(catalog.get("slayer"), status="published"))
            catalog.archive("slayer")
    with another_process():
        definitions.change("achievement", "slayer", lambda: definitions.Change({}))
    with pytest.raises(UnknownAchievement):
        progress.get("alice", "slayer")
