"""The staff's pages of a board's past."""

import re

import pytest
from django.test import Client

from gamify_site import audit
from gamify_site.players import services as players
from gamify_site.players.models import Account
from gamify_site.store import keys
from leaderboards.services import ranking, seasons
from tests.builders import ids, make_board, make_player

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(Account.objects.create_user("root", "tulips and trams", is_staff=True))
    return client


def test_past_periods_are_listed_with_their_winners(staff, clock):
    make_player("alice", name="Alice <b>")
    make_board(windows=("day",), grace_hours=30, entries={"alice": 9, "bob": 5})
    assert "No period is over yet" in staff.get("/manage/boards/coins/archive/").content.decode()
    clock.advance(days=1)
    page = staff.get("/manage/boards/coins/archive/").content.decode()
    assert "Late events count until 11/22/2082 6 a.m. (UTC)" in page
    clock.advance(days=1)
    page = staff.get("/manage/boards/coins/archive/").content.decode()
    assert "A period is final 30 hours after its end." in page
    assert re.findall(r'data-(?:period|player)="([\w-]+)"', page) == ["2082-11-20", "alice", "bob"]
    assert "Alice &lt;b&gt;" in page
    assert "Final, not closed yet" in page
    seasons.close_due()
    assert "Closed" in staff.get("/manage/boards/coins/archive/").content.decode()
    assert staff.get("/manage/boards/nowhere/archive/").status_code == 404


def test_days_of_a_past_period_are_from_the_first_to_the_last(staff, clock):
    make_board(windows=("day", "week"), entries={"alice": 9})
    clock.advance(days=7)
    page = staff.get("/manage/boards/coins/archive/").content.decode()
    assert re.findall(r'<td class="optional">(\d.*?)</td>', page) == ["11/16/2082 \N{EN DASH} 11/22/2082", "11/20/2082"]


def test_recount_mends_segments_and_is_audited(staff, store):
    make_player("alice", country="SE")
    make_board(segment_by="country", entries={"alice": 9})
    store.redis.delete(keys.board(0, "coins", "all:country=SE"))
    assert ranking.top("coins", 9, segment="SE") == []
    staff.post("/manage/boards/coins/recount/")
    assert ids(ranking.top("coins", 9, segment="SE")) == ["alice"]
    assert "Wrong and made right: 1" in staff.get("/manage/boards/coins/recount/").content.decode()
    staff.post("/manage/boards/coins/recount/")
    assert "Nothing was wrong." in staff.get("/manage/boards/coins/recount/").content.decode()
    told = [(it.what, it.by, it.after) for it in audit.walk(lambda _entry: True)]
    assert told == [("board_recounted", "root", {"wrong": 0}), ("board_recounted", "root", {"wrong": 1})]


def test_players_read_whether_a_past_period_is_final(client, clock, subtests):
    make_player("carol")
    make_board(windows=("day",), grace_hours=30, entries={"alice": 9})
    client.force_login(Account.objects.create_user("carol", "tulips and trams"))
    for state, outlook in (
        ("Late scores still count", "Your place appears here with your first score."),
        ("Final", "This period is final: no scores count for it any more."),
    ):
        clock.advance(days=1)
        page = client.get("/leaderboards/coins/?period=2082-11-20").content.decode()
        with subtests.test(state):
            assert re.findall(r'<span class="badge">(.*?)</span>', page) == [state]
            assert outlook in page


def test_players_read_among_friends_that_a_period_is_final(client, clock):
    account = Account.objects.create_user("carol", "tulips and trams")
    make_player("carol")
    make_board(windows=("day",), grace_hours=30, entries={"alice": 9})
    players.follow("carol", "alice")
    client.force_login(account)
    clock.advance(days=2)
    page = client.get("/leaderboards/coins/?period=2082-11-20&friends=1").content.decode()
    assert '<span class="badge">Final</span>' in page
    assert "on this board yet" not in page
