"""`manage.py bench`: the benchmark suite, in a data store of its own."""

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

SUITES = ("boards", "events", "catalog", "live", "api", "cluster")


class Command(BaseCommand):
    help = (
        "Measures the program beside the bare server, in an embedded data store of its own; your data is not touched."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("suites", nargs="*", choices=[[], *SUITES], help=f"all of {', '.join(SUITES)} unless given")
        parser.add_argument("--players", type=int, default=1_000_000, help="players on the board (default: a million)")
        parser.add_argument("--seconds", type=float, default=5.0, help="how long each measurement takes (default: 5)")
        parser.add_argument("--compare", metavar="URL", default="", help="another server to measure api beside")
        parser.add_argument("--json", type=Path, help="also write the figures to this file")

    def handle(self, *_: Any, **options: Any) -> None:
        compared = ["--compare", options["compare"]] if options["compare"] else []
        with tempfile.TemporaryDirectory(prefix="gamify-bench-") as folder:
            environment = os.environ | {"GAMIFY_DATA_DIR": folder, "GAMIFY_REDIS_URL": "", "GAMIFY_DEMO": "1"}
            command = [sys.executable, "-m", "gamify_site.ops.bench", *(options["suites"] or SUITES)]
            command += ["--players", str(options["players"]), "--seconds", str(options["seconds"])]
            command += ["--json", str(options["json"].absolute())] if options["json"] else []
            command += compared
            finished = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, check=False)  # noqa: S603
        sys.exit(finished.returncode)
