"""Home, profiles and two players side by side."""

from datetime import timedelta

import pytest

from achievements.definitions import Event
from achievements.services import events
from gamify_site.players import services as players
from leaderboards.services import seasons
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


def test_dashboard_shows_each_streak_of_days_once(alice, clock):
    make("week", type="streak", action="login", target=3, name="Three days")
    make("month", type="streak", action="login", target=30, name="A month")
    make("year", type="streak", action="login", target=365, name="A year")
    on_days(clock, "alice", "login", 3, 2, 1, 0)
    shown = alice.get("/").context["streaks"]
    assert [(item.name, streak.current) for item, streak in shown] == [("A month", 4)]


def test_profile_shows_days_between_two_timezones(alice, clock):
    make("three", type="streak", action="login", target=3)
    players.upsert("alice", timezone="Pacific/Honolulu")
    do("alice", "login")
    assert "between" not in text_of(alice, "/players/alice/")
    clock.advance(hours=1)
    players.upsert("alice", timezone="Pacific/Auckland")
    clock.advance(days=1)
    do("alice", "login")
    shown = text_of(alice, "/players/alice/")
    assert shown.count('class="moved"') == 2  # the day and the legend
    assert "1 while changing time zones" in shown
    assert "change of time zone: not counted, breaks no streak" in shown


def test_dashboard_ranks_me_among_friends(alice):
    make("ten")
    make("twenty", target=20)
    events.record([Event("bob", "coin", 20), Event("charlie", "coin", 20), Event("alice", "coin", 10)])
    assert "You follow nobody yet" in text_of(alice, "/")
    players.follow("alice", "bob")
    friends = alice.get("/").context["friends"]
    assert friends.index('data-player="bob" data-rank="1"') < friends.index('data-player="alice" data-rank="2"')
    assert "charlie" not in friends


def test_dashboard_shows_the_friends_next_to_me(alice):
    make("ten")
    names = [f"friend{number}" for number in range(9)]
    for number, name in enumerate([*names, "alice"]):
        make(f"own{number}", action=f"own{number}", target=1, points=number)
        do(name, f"own{number}")
        if name != "alice":
            players.follow("alice", name)
    friends = alice.get("/").context["friends"]
    assert [name for name in names if f'data-player="{name}"' in friends] == names[-4:]


def test_pinned_achievements_stand_first_on_the_profile(alice, client):
    make("ten", name="Ten of them")
    make("login", type="milestone", action="login", target=1, name="Hello there")
    do("alice", "coin", amount=10)
    do("alice", "login")
    assert "Unpin" not in text_of(alice, "/achievements/ten/")
    alice.post("/achievements/ten/pin/", {"pinned": "1"})
    assert "Unpin" in text_of(alice, "/achievements/ten/")
    assert [badge.name for badge in client.get("/players/alice/").context["pinned"]] == ["Ten of them"]
    alice.post("/achievements/ten/pin/", {"pinned": "0"})
    assert client.get("/players/alice/").context["pinned"] == []


def test_what_is_not_unlocked_cannot_be_pinned(alice):
    make("ten")
    assert alice.post("/achievements/ten/pin/", {"pinned": "1"}).status_code == 404
    assert alice.post("/achievements/nope/pin/", {"pinned": "1"}).status_code == 404
    assert alice.get("/achievements/ten/pin/").status_code == 405


def test_visitors_log_in_before_they_pin(client):
    make("ten")
    assert client.post("/achievements/ten/pin/", {"pinned": "1"}).url == "/accounts/login/?next=/achievements/ten/pin/"


def test_one_pin_too_many_is_told(alice):
    for number in range(7):
        make(f"own{number}", action="coin", target=1)
    do("alice", "coin")
    for number in range(7):
        answer = alice.post(f"/achievements/own{number}/pin/", {"pinned": "1"}, follow=True)
    assert "6 are pinned already" in answer.content.decode()
    assert len(alice.get("/players/alice/").context["pinned"]) == 6


def test_pinned_secrets_are_not_named_to_others(alice, client):
    make("hush", hidden=True, name="Hush hush")
    do("alice", "coin", amount=10)
    alice.post("/achievements/hush/pin/", {"pinned": "1"})
    client.logout()
    assert "Hush" not in text_of(client, "/players/alice/")


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


def test_unknown_players_are_404(alice, subtests):
    for address in ["/players/nobody/", "/players/-/", "/players/alice/compare/nobody/", "/players/a%00b/"]:
        with subtests.test(address=address):
            assert alice.get(address).status_code == 404


def test_comparison_with_oneself_leads_to_the_profile(alice):
    answer = alice.get("/players/alice/compare/alice/")
    assert (answer.status_code, answer["Location"]) == (302, "/players/alice/")
    assert alice.get("/players/nobody/compare/nobody/", follow=True).status_code == 404


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


def test_final_ranks_are_a_card_where_there_are_any(alice, clock):
    make_board("laps", name="Laps", windows=("week",), entries={"bob": 1234, "charlie": 2000})
    assert "Final ranks" not in alice.get("/players/bob/").content.decode()
    clock.advance(days=20)
    seasons.close_due()
    page = alice.get("/players/bob/").content.decode()
    assert 'data-final-rank="2"' in page
    assert "Laps · Week 47, 2082" in page
    assert "1,234" in page.partition("Final ranks")[2]
