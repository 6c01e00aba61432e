"""`manage.py import_catalog`: definitions from a file, all or nothing."""

import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from achievements import wording
from achievements.definitions import Status
from achievements.services import exchange
from gamify_site.ops.command import BY, StoreCommand
from gamify_site.ops.progress import Bar


class Command(StoreCommand):
    help = (
        "Makes and changes boards and achievements as a file says: JSON of `export_catalog`, or CSV with the columns "
        "of Google Play Console, and perhaps a column ID. A row of a CSV is the achievement with its ID, else with its "
        "name. Prints what becomes of each row. Where one is refused nothing is written: exit code 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="- for standard input")
        parser.add_argument("--dry-run", action="store_true", help="print what would be done, and write nothing")
        parser.add_argument("--category", metavar="SLUG", help="the category of what is new in a CSV, which has none")
        parser.add_argument(
            "--status",
            choices=exchange.CSV_STATUSES,
            default=exchange.CSV_STATUSES[0],
            help="the status of what is new in a CSV; draft unless given",
        )

    def handle(self, *_: Any, file: str, dry_run: bool, category: str | None, status: Status, **__: Any) -> None:
        source = exchange.TEXT if file == "-" else Path(file).name
        try:
            rows = self._rows(file, category, status)
            findings = (
                exchange.plan(rows)
                if dry_run
                else exchange.apply(rows, by=BY, source=source, progress=Bar(self.stdout))
            )
        except ValidationError as error:
            option = " Use --category." if "category" in error.error_dict else ""
            raise CommandError(" ".join(error.messages) + option) from error
        for finding in findings:
            self.stdout.write(_line(finding))
        self.stdout.write(wording.summary(findings))
        if any(finding.what == "refused" for finding in findings):
            raise CommandError("Nothing is written: each row must be right.")

    def _rows(self, file: str, category: str | None, status: Status) -> list[exchange.Row]:
        text = exchange.decode(_read(file))
        if exchange.detect(file, text) == "json":
            return exchange.read_json(text)
        return exchange.read_csv(text, category=category or "", status=status)


def _read(file: str) -> bytes:
    """The content, of which a byte too many is enough to be refused."""
    try:
        with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as source:
            return source.read(exchange.MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from error


def _line(finding: exchange.Finding) -> str:
    """A row as a line: `12 achievement first-steps: changed (name, points)`."""
    told = f"{finding.number:>5} {finding.kind} {finding.slug or '?'}: {finding.what}"
    if finding.what == "refused":
        return f"{told}: {finding.field}: {finding.reason}" if finding.field else f"{told}: {finding.reason}"
    return f"{told} ({', '.join(finding.changed)})" if finding.changed else told
