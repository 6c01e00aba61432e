"""The coin game gives coins for the asking: it is a page of the demo, and of nothing else."""

import pytest
from django.test import Client

from gamify_site.players.models import Account
from leaderboards.services import ranking
from tests.builders import make_board


@pytest.fixture
def stranger(store, client: Client) -> Client:  # noqa: ARG001  (the store comes first)
    """Log in as somebody who has just signed up, beside a board that listens to what the game reports."""
    make_board("coins", action="coin_collected")
    client.force_login(Account.objects.create_user("mallory", "tulips and trams"))
    return client


def test_stranger_collects_no_coins_in_production(stranger: Client) -> None:
    assert stranger.post("/play/", {"move": "big-coin"}).status_code == 404
    assert ranking.size("coins") == 0


def test_no_page_links_to_the_game_in_production(stranger: Client, subtests: pytest.Subtests) -> None:
    for address in ("/", "/leaderboards/", "/leaderboards/coins/", "/players/"):
        with subtests.test(address):
            page = stranger.get(address)
            assert page.status_code == 200
            assert "/play/" not in page.text


@pytest.mark.usefixtures("demo_pages")
def test_demo_has_the_game_and_a_link_to_it(stranger: Client) -> None:
    assert 'href="/play/"' in stranger.get("/leaderboards/").text
    assert stranger.post("/play/", {"move": "big-coin"}).status_code == 302
    assert ranking.size("coins") == 1
