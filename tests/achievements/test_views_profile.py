"""Home, profiles and two players side by side."""

from datetime import timedelta

import pytest

from achievements.definitions import Event
from achievements.services import events
from tests.achievements.builders import do, make, on_days
from tests.builders import make_board, make_player

pytestmark = pytest.mark.usefixtures("store", "clock")


def text_of(client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200
    return page.content.decode()


def test_dashboard_tells_where_i_stand_and_what_is_next(alice, clock):
    make_board("coins", action="coin")
    make("ten", points=7)
    make("twenty", target=20, name="Twenty coins")
    make("week", type="streak", action="login", target=7, name="A week")
    on_days(clock, "alice", "login", 1, 0)
    do("alice", "coin", amount=12)
    text = text_of(alice, "/")
    for shown in ("Hello, Alice", "Next up", "Twenty coins", "12 / 20", "2 days", "Ten", "Rank by points"):
        assert shown in text


def test_rank_since_the_last_visit(alice, clock):
    make("ten")
    make("twenty", target=20)
    events.record([Event("bob", "coin", 10), Event("alice", "coin", 10)])
    do("bob", "coin", amount=10)
    assert "▲" not in text_of(alice, "/")
    clock.advance(days=1)
    do("alice", "coin", amount=10)
    make("login", type="milestone", action="login", target=1)
    do("alice", "login")
    assert "▲ 1" in text_of(alice, "/")
    assert "▲ 1" in text_of(alice, "/")
    clock.advance(days=1)
    assert "▲" not in text_of(alice, "/")


def test_home_tells_visitors_of_the_latest_unlocks(client):
    make_player("bob", name="Bob")
    make("ten", name="Ten of them")
    make("hush", hidden=True, name="Hush hush")
    do("bob", "coin", amount=10)
    text = text_of(client, "/")
    assert "Ten of them" in text
    assert "Hush" not in text


def test_profile_shows_points_badges_and_places(client, clock):
    make_board("coins", action="coin")
    make_player("bob", name="Bob <b>", country="SE", team="Foxes", about="Hello\nthere")
    make("ten", points=7, name="Ten of them")
    make("week", type="streak", action="login", target=7, name="A week of it")
    on_days(clock, "bob", "login", 2, 1, 0)
    do("bob", "coin", amount=10)
    text = text_of(client, "/players/bob/")
    for shown in (
        "Bob &lt;b&gt;",
        "Sweden",
        "Foxes",
        "Ten of them",
        "Coins",
        "A week of it",
        "3 days",
        "Hello<br>there",
    ):
        assert shown in text
    assert "<b>" not in text


def test_profile_does_not_name_what_is_secret_to_the_one_who_looks(alice):
    make("hush", hidden=True, name="Hush hush")
    do("bob", "coin", amount=10)
    text = text_of(alice, "/players/bob/")
    assert "Hush" not in text
    assert "Secret achievement" in text
    do("alice", "coin", amount=10)
    assert "Hush hush" in text_of(alice, "/players/bob/")


@pytest.mark.parametrize(
    "address", ["/players/nobody/", "/players/-/", "/players/alice/compare/nobody/", "/players/a%00b/"]
)
def test_unknown_players_are_404(alice, address):
    assert alice.get(address).status_code == 404


def test_side_by_side(alice):
    make("ten", name="Ten of them")
    make("hundred", target=100, name="A hundred")
    make("hush", hidden=True, name="Hush hush", target=50)
    make("untouched", action="other", name="Untouched")
    events.record([Event("alice", "coin", 12), Event("bob", "coin", 60)])
    text = text_of(alice, "/players/alice/compare/bob/")
    for shown in ("Alice", "bob", "Ten of them", "A hundred", "12 / 100", "60 / 100", "Both have 1 achievement."):
        assert shown in text
    assert "Hush" not in text
    assert "Untouched" not in text


def test_points_of_the_last_days_rise_with_the_unlocks(alice, clock):
    make("ten", points=7)
    do("alice", "coin", amount=10, at=clock.now() - timedelta(days=2))
    response = alice.get("/players/alice/")
    told = [points for _, points in response.context["points_by_day"]]
    assert told == [0] * 27 + [7, 7, 7]
