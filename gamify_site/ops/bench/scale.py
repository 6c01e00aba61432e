"""Boards from a thousand to ten million players, on one shard and on sixteen: what grows with the board, and what not.

Each size is measured in a data store of its own, by a process of its own, which the temporary folder outlives.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings

from gamify_site.ops.bench import goals
from gamify_site.ops.bench.measuring import say

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
SHARDS = (1, 16)
TRIES = 2
MOST_BESIDE = 1_000_000  # players on the board that is measured beside the package


def run(players: int, seconds: float, leaderboard: str = "", compare_with: str = "") -> dict[str, Any]:
    """Measures all sizes up to `players`, then tells the goals.

    `leaderboard` is an interpreter with that package, `compare_with` the address of another server: the board of a
    million is measured beside them.
    """
    sizes = [size for size in SIZES if size < players] + [players]
    beside = max(size for size in sizes if size <= MOST_BESIDE or size == sizes[0])
    stages = []
    for size in sizes:
        for shards in SHARDS:
            say(f"{size:,} players, {goals.shards(shards)}")
            others = [leaderboard, compare_with] if (size, shards) == (beside, 1) else []
            stages.append({"players": size, "shards": shards, **_stage(size, shards, seconds, others)})
    found = {"stages": stages}
    for goal in goals.of_scale(found):
        say(goal.told())
    return found


def _stage(players: int, shards: int, seconds: float, others: list[str]) -> dict[str, Any]:
    """What a stage finds; one that fails, as where the machine stands still for a moment, is tried once more.

    Raises `RuntimeError` where it fails again.
    """
    for _ in range(TRIES):
        with tempfile.TemporaryDirectory(prefix="gamify-bench-") as folder:
            file = Path(folder) / "figures.json"
            environment = os.environ | {"GAMIFY_DATA_DIR": folder, "GAMIFY_SHARDS": str(shards)}
            command = [sys.executable, "-m", "gamify_site.ops.bench.stage", str(players), str(seconds), str(file)]
            finished = subprocess.run([*command, *others], env=environment, cwd=settings.BASE_DIR, check=False)  # noqa: S603
            if finished.returncode == 0:
                figures: dict[str, Any] = json.loads(file.read_text())
                return figures
        say("failed; its message is above")
    raise RuntimeError(f"A board of {players:,} players on {goals.shards(shards)} could not be measured.")
