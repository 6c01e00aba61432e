"""`manage.py recompute`: gives achievements to those who now qualify, after an edit."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from achievements.errors import UnknownAchievement
from achievements.services import backfill
from gamify_site.ops.command import StoreCommand
from gamify_site.ops.progress import Bar


class Command(StoreCommand):
    help = "Unlocks what players have already reached, after an edit. Nobody loses anything; safe to run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--achievement", metavar="SLUG", help="this one alone; all published ones unless given")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            unlocked = backfill.recompute(options["achievement"], Bar(self.stdout))
        except UnknownAchievement as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Unlocked: {unlocked}")
