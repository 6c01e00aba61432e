"""One board of one size on one number of shards, in a data store of its own. `scale` starts it as a process of its own.

`python -m gamify_site.ops.bench.stage PLAYERS SECONDS FILE [PYTHON [URL]]` writes the figures to a file, as JSON. The
number of shards and the data folder come from the environment. With PYTHON it also measures beside the package
`leaderboard`, with URL beside another server; PYTHON may be empty.
"""

import json
import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings

from gamify_site.ops.bench import api, filling, reading, side_by_side, writing
from gamify_site.store import embedded
from gamify_site.store.connection import client


def main() -> None:
    django.setup()
    players, seconds, file, *others = sys.argv[1:]
    with embedded.running(settings.GAMIFY_DATA_DIR):
        Path(file).write_text(json.dumps(measure(int(players), float(seconds), *others)))


def measure(players: int, seconds: float, python: str = "", url: str = "") -> dict[str, Any]:
    """Fills the board, then measures it; takes about 3 times the seconds, and longer beside others."""
    # The append-only file is on, as always, but is not written anew: that would fall on one figure or another.
    client().config_set("auto-aof-rewrite-percentage", 0)
    memory = filling.fill(players)
    figures: dict[str, Any] = {
        "memory": {name: round(value, 1) for name, value in memory._asdict().items()},
        "writes": writing.measure(players, seconds / 5),
        "reads": reading.services(players, seconds / 6),
        "page": reading.page(players, seconds / 2),
    }
    if python:
        figures["beside"] = side_by_side.measure(python, players, seconds / 4)
    if url:
        figures["beside_server"] = api.increments(players, seconds / 2, url)
    return figures


if __name__ == "__main__":
    main()
