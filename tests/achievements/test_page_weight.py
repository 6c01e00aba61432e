"""What pages weigh: at most 60 KB of HTML for 50 rows or cards."""

import pytest

from achievements.definitions import Event
from achievements.services import events
from gamify_site.players import services as players
from tests.achievements.builders import make
from tests.builders import make_board, make_player

MOST = 60 * 1024
ROWS = 50

pytestmark = pytest.mark.usefixtures("store", "clock")


@pytest.fixture
def crowded(alice):
    """Alice in a full house: 50 achievements, 60 players with long names whom she follows, boards."""
    make_board("coins", action="coin", windows=("all", "week"))
    for number in range(ROWS):
        make(f"own{number}", target=100, name=f"Achievement number {number}", description="Collect coins. " * 4)
    names = [make_player(f"somebody-{number:02}", name=f"Somebody with the number {number}") for number in range(60)]
    events.record([Event(name, "coin", number + 1) for number, name in enumerate([*names, "alice"])])
    for name in names:
        players.follow("alice", name)
    return alice


def test_page_is_light(crowded, subtests):
    for address in [
        "/",
        "/achievements/",
        "/achievements/own1/",
        "/leaderboards/coins/?top=50&around=0",
        "/leaderboards/coins/?after=",
        "/leaderboards/coins/?friends=1",
        "/players/somebody-01/compare/alice/",
        "/players/?q=some",
    ]:
        with subtests.test(address=address):
            page = crowded.get(address)
            assert page.status_code == 200
            assert len(page.content) <= MOST
