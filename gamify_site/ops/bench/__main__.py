"""Runs benchmark suites inside the data store that the environment names; `manage.py bench` prepares an own one."""

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gamify_site.settings")
    django.setup()
    from django.conf import settings

    from gamify_site.ops.bench import api, boards, catalog, cluster, events, live
    from gamify_site.store import embedded

    suites: dict[str, Any] = {
        "boards": boards.run,
        "events": events.run,
        "catalog": catalog.run,
        "live": live.run,
        "api": api.run,
        "cluster": cluster.run,
    }
    parser = argparse.ArgumentParser()
    parser.add_argument("suites", nargs="+", choices=suites)
    parser.add_argument("--players", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--compare", default="")
    options = parser.parse_args()
    figures: dict[str, object] = {
        "machine": f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    }
    with embedded.running(settings.GAMIFY_DATA_DIR):
        for suite in options.suites:
            sys.stdout.write(f"{suite}\n")
            more = {"compare_with": options.compare} if suite == "api" else {}
            figures[suite] = suites[suite](options.players, options.seconds, **more)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
