"""Eight processes report events, are killed in the middle and begin anew: everything counts exactly once.

`LOAD_TEST_ROUNDS` says how many times (2 unless set), each with another seed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from achievements.definitions import Tier
from achievements.services import integrity, states
from gamify_site import clock
from gamify_site.ops import integrity as key_integrity
from leaderboards.services import integrity as board_integrity
from leaderboards.services import ranking
from tests.achievements.builders import make
from tests.achievements.model import Model
from tests.builders import make_board
from tests.integration import reporting

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("LOAD_TEST_ROUNDS", "2"))
TIERS = tuple(Tier(f"t{number}", f"T{number}", 10 * number, number) for number in range(1, 9))


def define() -> Model:
    """Achievements of all types and a board, in the store and in the model."""
    make_board("coins", action="coin", windows=("all", "day"))
    return Model(
        {
            item.slug: item
            for item in (
                make("first", type="milestone", action="login", target=1),
                make("saver", target=300, prerequisites=("first",)),
                make("picker", measure="count", target=40),
                make("relics", type="collection", action="relic", items=reporting.ITEMS, target=4),
                make("week", type="streak", action="login", target=5, freezes=1),
                make("slayer", type="tiered", action="boss", measure="count", target=80, points=0, tiers=TIERS),
                make("any", type="meta", action=None, target=6, points=90),
            )
        }
    )


@pytest.mark.parametrize("shard_count", [1, 3])
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_and_begun_anew_counts_exactly_once(open_store, shard_count, seed):
    store = open_store("valkey", shard_count)
    model, now = define(), clock.now()
    environment = os.environ | {
        "GAMIFY_REDIS_URL": store.url,
        "GAMIFY_SHARDS": str(shard_count),
        "GAMIFY_SECRET_KEY": "only-for-tests",
        "DJANGO_SETTINGS_MODULE": "gamify_site.settings",
    }
    command = [sys.executable, "-m", "tests.integration.reporting", str(seed), now.isoformat()]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["failed"] == 0, done.stderr
    assert told["kills"] > reporting.REPORTERS

    for number in range(reporting.REPORTERS):
        sent = {batch.key or index: batch for index, batch in enumerate(reporting.batches(seed, number, now))}
        for batch in sent.values():
            model.record(batch.events, now)
    for player, expected in model.players.items():
        state = states.read(player)
        assert dict(state.progress) == expected.progress
        assert {slug: unlock.points for slug, unlock in state.unlocked.items()} == {
            slug: unlock.points for slug, unlock in expected.unlocked.items()
        }
        assert ranking.standing("coins", player).score == model.coins["all"][player]
        assert ranking.standing("achievement-points", player).score == expected.points
    assert not [*integrity.check(), *board_integrity.check(), *key_integrity.check()]
