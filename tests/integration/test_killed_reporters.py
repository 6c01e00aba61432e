"""Eight processes report events, are killed in the middle and begin anew: everything counts exactly once.

`LOAD_TEST_ROUNDS` says how many times (once unless set), each with another seed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gamify_site import clock
from tests.integration import reporting
from tests.integration.agreement import assert_agreement, count_once, define

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("LOAD_TEST_ROUNDS", "1"))


@pytest.mark.parametrize("shard_count", [pytest.param(1, marks=pytest.mark.slow), 3])
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_and_begun_anew_counts_exactly_once(open_store, shard_count, seed):
    store = open_store("valkey", shard_count)
    model, now = define(), clock.now()
    environment = os.environ | {
        "GAMIFY_REDIS_URL": store.url,
        "GAMIFY_SHARDS": str(shard_count),
        "GAMIFY_SECRET_KEY": "of these tests, and of no others",
        "DJANGO_SETTINGS_MODULE": "gamify_site.settings",
    }
    command = [sys.executable, "-m", "tests.integration.reporting", str(seed), now.isoformat()]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["failed"] == 0, done.stderr
    assert told["kills"] > reporting.REPORTERS

    for number in range(reporting.REPORTERS):
        count_once(model, reporting.batches(seed, number, now), now)
    assert_agreement(model)
