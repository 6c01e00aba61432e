"""Runs benchmark suites inside the data store that the environment names; `manage.py bench` prepares an own one."""

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import django

PLAYERS = 1_000_000
OTHER_PLAYERS = {"scale": 10_000_000, "cluster": 100_000}  # the greatest board; players who are known in seconds


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gamify_site.settings")
    django.setup()
    from django.conf import settings

    from gamify_site.ops.bench import (
        api,
        boards,
        catalog,
        cluster,
        definitions,
        events,
        live,
        report,
        scale,
        surroundings,
    )
    from gamify_site.store import embedded

    suites: dict[str, Any] = {
        "boards": boards.run,
        "events": events.run,
        "catalog": catalog.run,
        "definitions": definitions.run,
        "live": live.run,
        "api": api.run,
        "cluster": cluster.run,
        "scale": scale.run,
    }
    parser = argparse.ArgumentParser()
    parser.add_argument("suites", nargs="+", choices=suites)
    parser.add_argument("--players", type=int)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--compare", default="")
    parser.add_argument("--leaderboard", default="")
    parser.add_argument("--report", type=Path)
    parser.add_argument("--told", default="")
    options = parser.parse_args()
    more = {
        "api": {"compare_with": options.compare},
        "scale": {"leaderboard": options.leaderboard, "compare_with": options.compare},
    }
    figures: dict[str, Any] = {
        "machine": f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    }
    with embedded.running(settings.GAMIFY_DATA_DIR):
        figures["surroundings"] = surroundings.found(options.told)
        for suite in options.suites:
            sys.stdout.write(f"{suite}\n")
            players = options.players or OTHER_PLAYERS.get(suite, PLAYERS)
            figures[suite] = suites[suite](players, options.seconds, **more.get(suite, {}))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    if options.report:
        report.write(options.report, figures)


if __name__ == "__main__":
    main()
