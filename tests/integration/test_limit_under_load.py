"""Sixteen processes write to a board of fifty: never more, never fewer, and nothing is left lying about.

`LOAD_TEST_WRITES` says how many writes each process does (10 unless set, 60 with `--everything`).
"""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from gamify_site import clock
from gamify_site.store import keys, shards
from leaderboards.services import ranking
from tests.builders import crowd, make_board
from tests.integration.load import LIMIT, WRITERS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def writes(pytestconfig) -> int:
    """Return how many writes each process does."""
    return int(os.environ.get("LOAD_TEST_WRITES", "60" if pytestconfig.getoption("everything") else "10"))


@pytest.mark.parametrize("shard_count", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_board_of_fifty_under_sixteen_writers(open_store, writes, shard_count):
    store = open_store("valkey", shard_count)
    make_board(combine="last", max_entries=LIMIT, entries=crowd(LIMIT))
    environment = os.environ | {
        "GAMIFY_REDIS_URL": store.url,
        "GAMIFY_SHARDS": str(shard_count),
        "GAMIFY_SECRET_KEY": "of these tests, and of no others",
        "DJANGO_SETTINGS_MODULE": "gamify_site.settings",
    }
    command = [sys.executable, "-m", "tests.integration.load", str(writes)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == WRITERS + 1, done.stderr

    assert max(seen["most"] for _, seen in found) == LIMIT
    assert min(seen["least"] for _, seen in found) == LIMIT
    assert sum(seen["told_wrong"] for _, seen in found) == 0
    assert sum(seen["trimmed"] for _, seen in found) > 0
    assert_stored_is_shown(store)


def assert_stored_is_shown(store) -> None:
    """Exactly the entries shown are stored, on their players' shards, and no key that nothing explains."""
    shown = {row.player for row in ranking.top("coins", 1000)}
    stored: set[str] = set()
    known = {keys.catalog_version(), keys.definitions("board"), keys.definition("board", "coins")}
    for shard in shards.everyone():
        found = {player.decode() for player in store.redis.zrange(keys.board(shard, "coins", "all"), 0, -1)}
        assert {shards.of(player) for player in found} <= {shard}
        stored |= found
        everybody = {player.decode() for player in store.redis.zrange(keys.players(shard), 0, -1)}
        known |= {keys.board(shard, "coins", "all"), keys.board_windows(shard, "coins"), keys.board_versions(shard)}
        known |= {keys.board_times(shard, "coins", "all"), keys.new_periods(shard)}
        known |= {keys.shard_catalog_version(shard), keys.players(shard), keys.rank_events(shard)}
        known |= {keys.player_names(shard), keys.shard_count()}
        known |= {keys.feed(shard, player) for player in everybody}
        known |= {keys.rank_news_sent(shard, player, "coins") for player in everybody}
    assert stored == shown
    assert len(shown) == LIMIT
    days = [clock.now().date() - timedelta(days=ago) for ago in range(2)]  # midnight may have passed
    known |= {
        key(shard, day.isoformat()) for key in (keys.daily, keys.active) for shard in shards.everyone() for day in days
    }
    assert store.keys() <= known
