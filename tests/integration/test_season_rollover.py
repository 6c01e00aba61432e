"""Seasons change while reporters report and `tick` runs: every event counts in the season of its time, exactly once."""

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from achievements.definitions import Event
from achievements.services import active_players, events
from gamify_site.ops import integrity as key_integrity
from leaderboards.services import integrity as board_integrity
from leaderboards.services import ranking, seasons
from tests.builders import make_board, season

ROOT = Path(__file__).resolve().parents[2]
BOUNDARY = datetime(2082, 12, 1, tzinfo=UTC)
AUTUMN, WINTER = season("autumn", "2082-11-01", "2082-12-01"), season("winter", "2082-12-01", "2083-01-01")


def run(url: str, shard_count: int) -> list[dict]:
    """The reports of all who reported, once the boundary is behind them."""
    environment = os.environ | {
        "GAMIFY_REDIS_URL": url,
        "GAMIFY_SHARDS": str(shard_count),
        "GAMIFY_SECRET_KEY": "of these tests, and of no others",
        "DJANGO_SETTINGS_MODULE": "gamify_site.settings",
    }
    command = [sys.executable, "-m", "tests.integration.rollover", BOUNDARY.isoformat()]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["failed"] == 0, done.stderr
    return told["reports"]


@pytest.mark.parametrize("shard_count", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_every_event_counts_in_the_season_of_its_time(open_store, clock, shard_count):
    store = open_store("valkey", shard_count)
    make_board(action="coin", windows=("all", "day", "season"), seasons=(AUTUMN, WINTER), ties="dense")
    reports = run(store.url, shard_count)
    assert all(report["accepted"] == len(report["sent"]) for report in reports)
    assert sum(report["duplicates"] for report in reports) > 0
    assert sum(report["late"] for report in reports) > 0

    expected = {"autumn": Counter(), "winter": Counter()}
    for report in reports:
        for player, seconds, amount in report["sent"]:
            expected["autumn" if seconds < 0 else "winter"][player] += amount
    clock.set(BOUNDARY + timedelta(minutes=10))
    assert scores_of(window="season", period="autumn") == scores_of(window="day", period="2082-11-30")
    assert scores_of(window="season", period="autumn") == expected["autumn"]
    assert scores_of(window="season", period="winter") == expected["winter"]
    assert scores_of(window="all") == expected["autumn"] + expected["winter"]
    assert [*board_integrity.check(), *key_integrity.check()] == []

    (today,) = active_players.by_day(1)
    assert today.monthly == len(expected["autumn"] | expected["winter"])
    check_closing(clock, expected["autumn"])


def check_closing(clock, autumn: Counter) -> None:
    """An hour later nothing changes the season any more; two who close it at once close it once."""
    clock.set(BOUNDARY + timedelta(hours=1))
    assert events.record([Event("p0", "coin", at=BOUNDARY - timedelta(seconds=1))]).accepted == 1
    with ThreadPoolExecutor(2) as pool:
        closed = [it.suffix for part in pool.map(lambda _: seasons.close_due(), range(2)) for it in part]
    assert sorted(closed) == ["2082-11-30", "season-autumn"]
    rows = ranking.top("coins", 100, window="season", period="autumn")
    assert {row.player: row.score for row in rows} == autumn
    for row in rows:
        (found,) = [it for it in seasons.final_ranks(row.player) if it.window == "season"]
        assert (found.rank, found.score, found.size) == (row.rank, row.score, len(rows))


def scores_of(**where: str) -> dict[str, object]:
    return {row.player: row.score for row in ranking.top("coins", 100, **where)}
