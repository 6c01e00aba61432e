"""`manage.py export_catalog`: all definitions as a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from achievements.services import exchange
from gamify_site.ops.command import StoreCommand


class Command(StoreCommand):
    help = (
        "Writes all boards and achievements as JSON, or to a file that ends in .csv the published achievements as "
        "Google Play Console imports them. Players and scores are not in it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="- for standard output")

    def handle(self, *_: Any, file: str, **__: Any) -> None:
        is_csv = file.lower().endswith(".csv")
        text = exchange.export_csv() if is_csv else exchange.export_json()
        if file == "-":
            self.stdout.write(text, ending="")
            return
        try:
            Path(file).write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}") from error
