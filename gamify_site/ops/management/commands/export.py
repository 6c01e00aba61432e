"""`manage.py export`: all data as a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from gamify_site.ops.command import StoreCommand
from gamify_site.ops.progress import Bar
from gamify_site.ops.transfer import exporting, lines
from gamify_site.ops.transfer.players import DefinitionsChanged


class Command(StoreCommand):
    help = (
        "Writes everything but sessions as JSON lines: definitions, accounts, API keys, the audit log, players with "
        "all that is theirs. Safe while the site is in use; each player is as they were at one moment. The file holds "
        "hashes of passwords: keep it to yourself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="- for standard output; compressed where it ends in .gz")

    def handle(self, *_: Any, file: str, **__: Any) -> None:
        if file != "-" and Path(file).is_dir():
            raise CommandError(f"{file} is a folder.")
        try:
            with lines.created(file) as out:
                players = exporting.export(out, Bar(self.stdout if file != "-" else self.stderr))
        except DefinitionsChanged:
            raise CommandError("A board or achievement was changed meanwhile; nothing is written. Try again.") from None
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}") from error
        if file != "-":
            self.stdout.write(f"Exported: {players:,} players.")
