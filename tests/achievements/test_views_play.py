"""The game: every move is a real event, with and without JavaScript, and says what it did."""

import json

import pytest

from achievements.definitions import Tier
from achievements.services import collections, progress, streaks
from leaderboards.services import ranking, scores
from tests.achievements.builders import make
from tests.builders import make_board

pytestmark = pytest.mark.usefixtures("store", "clock", "demo_pages")

PART = {"HX-Request": "true", "HX-Target": "hud"}


@pytest.fixture
def harbour(store) -> None:  # noqa: ARG001  (the store comes first)
    """What the game is about."""
    make_board("coins", action="coin_collected")
    make("ten", action="coin_collected", target=30, points=7, name="Thirty <coins>")
    make("chest", type="streak", action="chest_opened", target=3)
    make("relics", type="collection", action="relic_found", items=("cup", "ring"), target=2)
    tiers = (Tier("a", "A", 1, 3), Tier("b", "B", 2, 4))
    make("bosses", type="tiered", action="boss_defeated", measure="count", target=2, points=0, tiers=tiers)


def move(client, name: str, **headers: str) -> str:
    response = client.post("/play/", {"move": name}, headers=PART | headers)
    assert response.status_code == 200
    return response.content.decode()


def coins() -> int:
    standing = ranking.standing("coins", "alice")
    return standing.score if standing else 0


@pytest.mark.usefixtures("harbour")
def test_coins_are_collected_spent_and_lost(alice):
    assert "10 coins more." in move(alice, "coin")
    assert 'data-coins="30"' in move(alice, "big-coin")
    assert "Bought for 10 coins; 20 are left." in move(alice, "power-up")
    assert "20 coins are gone." in move(alice, "enemy")
    assert coins() == 0
    assert "nothing to lose" in move(alice, "enemy")
    assert "That costs 10 coins, and you have 0." in move(alice, "power-up")
    assert coins() == 0


@pytest.mark.usefixtures("harbour")
def test_unlock_is_told_and_raises_a_toast(alice):
    move(alice, "big-coin")
    response = alice.post("/play/", {"move": "coin"}, headers=PART)
    assert json.loads(response["HX-Trigger"]) == {"toast": {"texts": ["Unlocked: Thirty <coins>, 7 points."]}}
    text = response.content.decode()
    assert "Unlocked: Thirty &lt;coins&gt;, 7 points." in text
    assert text.strip().startswith('<div id="hud"')


@pytest.mark.usefixtures("harbour")
def test_chest_opens_once_a_day(alice, clock):
    assert "1 day in a row" in move(alice, "chest")
    assert "Come back tomorrow" in move(alice, "chest")
    clock.advance(days=1)
    assert "2 days in a row" in move(alice, "chest")
    assert streaks.status("alice", "chest").current == 2


@pytest.mark.usefixtures("harbour")
def test_relics_and_bosses(alice):
    assert "You found: cup." in move(alice, "relic")
    assert "You found: ring." in move(alice, "relic")
    assert "twice" in move(alice, "relic")
    assert collections.status("alice", "relics").complete
    move(alice, "boss")
    assert [tier.unlocked for tier in progress.tiers("alice", "bosses")] == [True, False]


@pytest.mark.usefixtures("harbour")
def test_without_javascript_a_move_comes_back_to_the_page(alice):
    response = alice.post("/play/", {"move": "coin"}, follow=True)
    assert response.redirect_chain == [("/play/", 302)]
    assert "10 coins more." in response.content.decode()
    assert coins() == 10


@pytest.mark.usefixtures("harbour")
def test_unknown_moves_are_refused(alice, subtests):
    for name in ["", "fly", "<b>"]:
        with subtests.test(name=name):
            assert alice.post("/play/", {"move": name}).status_code == 400


def test_page_works_without_any_definition(alice):
    text = alice.get("/play/").content.decode()
    assert "There is no board “coins” here" in text
    assert 'value="power-up"' not in text
    assert alice.post("/play/", {"move": "enemy"}).status_code == 400
    for name in ("coin", "chest", "relic", "boss"):
        move(alice, name)


def test_board_that_cannot_be_spent_from_is_no_purse(alice):
    make_board("coins", action="coin_collected", windows=("day",))
    assert "There is no board “coins” here" in alice.get("/play/").content.decode()


def test_visitors_log_in_first(client):
    assert client.get("/play/")["Location"] == "/accounts/login/?next=/play/"


@pytest.mark.usefixtures("harbour")
def test_scores_that_came_otherwise_are_in_the_purse(alice):
    scores.submit("coins", "alice", 77)
    assert 'data-coins="77"' in alice.get("/play/").content.decode()
