"""The board page among friends: rows, empty states, the polled part."""

import pytest
from django.test import Client

from gamify_site.players import services as players
from gamify_site.players.models import Account
from leaderboards.services import friends, scores
from tests.builders import make_board, make_player

pytestmark = pytest.mark.usefixtures("store", "clock")

PART = {"HX-Request": "true", "HX-Target": "rows"}
PAGE = "/leaderboards/coins/?friends=1"


@pytest.fixture
def alice(client: Client) -> Client:
    """The client, logged in as alice, who follows bob."""
    for player in ("alice", "bob", "charlie"):
        make_player(player)
    players.follow("alice", "bob")
    client.force_login(Account.objects.create_user("alice", "correct horse"))
    return client


def text(response) -> str:
    return response.content.decode()


def test_my_friends_are_ranked_beside_me(alice):
    make_board("coins", {"alice": 5, "bob": 7, "charlie": 6})
    page = text(alice.get(PAGE))
    assert 'data-player="bob" data-rank="1" data-score="7"' in page
    assert 'data-player="alice" data-rank="2" data-score="5" class="me"' in page
    assert 'data-player="charlie"' not in page
    assert 'data-board-size="2"' in page
    assert f'<a href="{PAGE}" aria-current="true">Friends</a>' in page
    assert '<a href="/leaderboards/coins/">Everybody</a>' in page


def test_the_board_leads_to_my_friends(alice):
    make_board("coins", {"alice": 5}, windows=("all", "week"))
    page = text(alice.get("/leaderboards/coins/?window=week&rank=1&top=5"))
    assert 'href="/leaderboards/coins/?window=week&amp;top=5&amp;friends=1"' in page


def test_windows_stay_among_friends(alice):
    make_board("coins", {"alice": 5}, windows=("all", "week"), segment_by="country")
    page = text(alice.get(f"{PAGE}&segment=SE&rank=3"))
    assert "/leaderboards/coins/?friends=1&amp;window=week" in page
    assert "Jump to rank" not in page
    assert 'id="segment"' not in page


def test_who_follows_nobody_is_told_how(alice):
    players.unfollow("alice", "bob")
    make_board("coins", {"alice": 5, "bob": 7})
    page = text(alice.get(PAGE))
    assert "No friends on this board yet" in page
    assert 'href="/players/"' in page
    assert 'data-player="alice" data-rank="1"' in page


def test_who_is_not_on_the_board_sees_friends(alice):
    make_board("coins", {"bob": 7})
    page = text(alice.get(PAGE))
    assert 'data-player="bob" data-rank="1"' in page
    assert "You are not on this board yet" in page


def test_visitors_are_asked_to_log_in(client):
    make_board("coins", {"alice": 5})
    page = text(client.get(PAGE))
    assert "data-board-row" not in page
    assert "/accounts/login/?next=%2Fleaderboards%2Fcoins%2F%3Ffriends%3D1" in page


def test_the_full_list_is_of_everybody(alice):
    make_board("coins", {"charlie": 5})
    assert 'data-player="charlie"' in text(alice.get(f"{PAGE}&after="))


def test_other_values_mean_everybody(alice, subtests):
    make_board("coins", {"charlie": 5})
    for value in ("", "0", "yes"):
        with subtests.test(value=value):
            assert 'data-player="charlie"' in text(alice.get(f"/leaderboards/coins/?friends={value}"))


def test_a_past_period_is_not_polled(alice, clock):
    make_board("coins", windows=("day",))
    scores.submit("coins", "bob", 1)
    clock.advance(days=1)
    page = text(alice.get(f"{PAGE}&period=2082-11-20"))
    assert 'data-player="bob"' in page
    assert "hx-get" not in page[page.index('id="rows"') : page.index("data-top")]


def test_the_part_is_polled_at_its_own_address(alice):
    make_board("coins", {"alice": 5, "bob": 7})
    part = text(alice.get(PAGE, headers=PART))
    assert part.strip().startswith('<div id="rows"')
    assert f'hx-get="{PAGE}"' in part


def test_unchanged_part_is_304_and_reads_no_board(alice, monkeypatch):
    make_board("coins", {"alice": 5, "bob": 7})
    etag = alice.get(PAGE, headers=PART)["ETag"]
    monkeypatch.setattr(friends, "board", None)
    again = alice.get(PAGE, headers={**PART, "If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "change",
    [
        lambda: scores.submit("coins", "bob", 1),
        lambda: players.follow("alice", "charlie"),
        lambda: players.unfollow("alice", "bob"),
        lambda: make_player("bob", name="Somebody"),
        lambda: players.delete("bob"),
    ],
)
def test_part_has_a_new_etag_after(alice, change):
    make_board("coins", {"alice": 5, "bob": 7})
    etag = alice.get(PAGE, headers=PART)["ETag"]
    change()
    assert alice.get(PAGE, headers={**PART, "If-None-Match": etag}).status_code == 200


def test_etags_of_friends_and_everybody_differ(alice):
    make_board("coins", {"alice": 5, "bob": 7})
    assert alice.get(PAGE, headers=PART)["ETag"] != alice.get("/leaderboards/coins/", headers=PART)["ETag"]
