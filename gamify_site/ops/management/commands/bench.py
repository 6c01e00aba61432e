"""`manage.py bench`: the benchmark suite, in a data store of its own."""

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

SUITES = ("boards", "events", "catalog", "definitions", "live", "api", "cluster")
SCALE = "scale"  # takes ten minutes and 5 GB of memory, so only where it is asked for


class Command(BaseCommand):
    help = (
        "Measures the program beside the bare server, in an embedded data store of its own; your data is not touched."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "suites",
            nargs="*",
            choices=[[], *SUITES, SCALE],
            help=f"all of {', '.join(SUITES)} unless given; {SCALE}: boards from a thousand players to ten million",
        )
        parser.add_argument(
            "--players",
            type=_players,
            help="players (default: a million; cluster: 100,000); on the greatest board of scale: ten million",
        )
        parser.add_argument("--seconds", type=float, default=5.0, help="how long each measurement takes (default: 5)")
        parser.add_argument(
            "--compare", metavar="URL", default="", help="another server to measure api and scale beside"
        )
        parser.add_argument(
            "--leaderboard",
            metavar="PYTHON",
            help="an interpreter with the package leaderboard, to measure scale beside",
        )
        parser.add_argument(
            "--report", type=Path, help="also write what scale, cluster, events, api found as a page, plots beside it"
        )
        parser.add_argument("--json", type=Path, help="also write the figures to this file")

    def handle(self, *_: Any, **options: Any) -> None:
        suites = options["suites"] or SUITES
        if SCALE not in suites and (options["report"] or options["leaderboard"]):
            raise CommandError(f"--report and --leaderboard are for the suite {SCALE}.")
        with tempfile.TemporaryDirectory(prefix="gamify-bench-") as folder:
            environment = os.environ | {"GAMIFY_DATA_DIR": folder, "GAMIFY_REDIS_URL": "", "GAMIFY_DEMO": "1"}
            command = [sys.executable, "-m", "gamify_site.ops.bench", *suites, "--seconds", str(options["seconds"])]
            for name in ("players", "compare", "leaderboard"):
                command += [f"--{name}", str(options[name])] if options[name] else []
            for name in ("json", "report"):
                command += [f"--{name}", str(options[name].absolute())] if options[name] else []
            command += ["--told", _told(suites, options)]
            finished = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, check=False)  # noqa: S603
        sys.exit(finished.returncode)


def _told(suites: Sequence[str], options: Mapping[str, Any]) -> str:
    """The command as a reader may repeat it: what is the machine's own goes by what it is called in the help."""
    words = ["manage.py bench", *suites, f"--seconds {options['seconds']:g}"]
    words += [f"--players {options['players']}"] if options["players"] else []
    words += ["--leaderboard PYTHON"] if options["leaderboard"] else []
    words += ["--compare URL"] if options["compare"] else []
    return " ".join([*words, "--report FILE"])


def _players(text: str) -> int:
    if not text.isdecimal() or not 1000 <= int(text) <= 99_999_999:
        raise ArgumentTypeError(f"{text!r} is not a number of players from 1000 to 99999999")
    return int(text)
