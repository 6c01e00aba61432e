"""`manage.py reset_demo`: replaces all data by sample data."""

import argparse
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from gamify_site.ops.command import StoreCommand, insist_on_yes
from gamify_site.ops.demo import reset, scenarios
from gamify_site.ops.progress import Bar


class Command(StoreCommand):
    help = (
        "Replaces all data under GAMIFY_PREFIX, but for staff accounts, by sample data. The same scenario, players and "
        "anchor give the same data."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        scenarios.add_arguments(parser)
        parser.add_argument(
            "--anchor",
            type=_day,
            help="the last day that has data, YYYY-MM-DD (default: the last one whose noon in UTC has passed)",
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Says what is wrong before the data store is started."""
        options["players"] = scenarios.number_asked_for(options["scenario"], options["players"])
        return super().execute(*args, **options)

    def handle(self, *_: Any, scenario: str, players: int, anchor: date | None, yes: bool, **__: Any) -> None:
        if not yes:
            self._ask(scenario, players)
        reset.reset(scenario, players, anchor or reset.latest_anchor(), Bar(self.stdout))
        self.stdout.write(f"Done: scenario {scenario}, {players} players.")

    def _ask(self, scenario: str, players: int) -> None:
        where = "the embedded data store" if settings.GAMIFY_EMBEDDED else "the server at GAMIFY_REDIS_URL"
        insist_on_yes(
            f"This removes all players, boards, scores and players' accounts under the prefix "
            f"{settings.GAMIFY_PREFIX!r} in {where}, and makes sample data: scenario {scenario}, {players} players, "
            "and a staff log-in with a password that everybody knows."
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day like 2026-11-20") from None
