"""`manage.py export_catalog`: all definitions as a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from achievements.play_console import Notice
from achievements.services import exchange
from gamify_site.ops.command import StoreCommand


class Command(StoreCommand):
    help = (
        "Writes all boards and achievements as JSON, or to a file that ends in .csv the published achievements as "
        "Google Play Console imports them; what it would refuse is told row by row. Players and scores are not in it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="- for standard output")
        parser.add_argument(
            "--ids",
            action="store_true",
            help="write a CSV for spreadsheets: with a header and IDs, by which import_catalog knows what is renamed; "
            "Play Console does not take it",
        )

    def handle(self, *_: Any, file: str, ids: bool, **__: Any) -> None:
        is_csv = file.lower().endswith(".csv")
        if ids and not is_csv:
            raise CommandError("--ids is for a file that ends in .csv.")
        if file == "-":
            self.stdout.write(exchange.export_json(), ending="")
            return
        text = exchange.export_sheet() if ids else exchange.export_csv() if is_csv else exchange.export_json()
        try:
            Path(file).write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}") from error
        if is_csv and not ids:
            for notice in exchange.notices():
                self.stderr.write(_line(notice))


def _line(notice: Notice) -> str:
    """A notice as a line: `    3 Slayer: Points: …`."""
    return f"{notice.row:>5} {notice.name}: {notice.reason}" if notice.row else notice.reason
