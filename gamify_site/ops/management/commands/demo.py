"""`manage.py demo`: everything that there is to see, with one command."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from gamify_site.ops import serving
from gamify_site.ops.command import StoreCommand
from gamify_site.ops.demo import accounts, reset, scenarios
from gamify_site.ops.progress import Bar
from gamify_site.ops.transfer import importing
from gamify_site.store import catalog
from gamify_site.store.errors import Resetting

WORKERS = 2
CLOSED_BY_AN_IMPORT = (
    "The data is closed: an import is at work, or has broken off. Run `manage.py import FILE --replace` to bring the "
    "data, or `manage.py demo --fresh` to replace it by sample data."
)


class Command(StoreCommand):
    help = (
        "Shows the site with sample data, in an embedded data store unless GAMIFY_REDIS_URL is set. "
        "Ctrl-C stops everything; the data is there on the next start."
    )
    runs_until_stopped = True

    def add_arguments(self, parser: CommandParser) -> None:
        serving.add_arguments(parser)
        scenarios.add_arguments(parser)
        parser.add_argument("--fresh", action="store_true", help="replace the data that there is by new sample data")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Says what is wrong before the data store is started."""
        if not settings.GAMIFY_DEMO:
            raise CommandError("The demo tools are switched off: start it as `manage.py demo`, without GAMIFY_DEMO=0.")
        options["players"] = scenarios.number_asked_for(options["scenario"], options["players"])
        serving.check_ports(options["host"], options["port"], options["live_port"])
        return super().execute(*args, **options)

    def handle(
        self, *_: Any, host: str, port: int, live_port: int, scenario: str, players: int, fresh: bool, **__: Any
    ) -> None:
        if not fresh:
            self._insist_on_no_import()
        if fresh or reset.is_needed():
            self.stdout.write(f"Making sample data: scenario {scenario}, {players} players …")
            reset.reset(scenario, players, reset.latest_anchor(), Bar(self.stdout))
        # There is no proxy: pages go to the other port of the same host.
        live_url = os.environ.get("GAMIFY_LIVE_URL") or f":{live_port}/live/"
        address = serving.address(host, port)
        serving.serve(host, port, live_port, WORKERS, lambda: self._welcome(address), GAMIFY_LIVE_URL=live_url)

    def _insist_on_no_import(self) -> None:
        """Sample data takes the place of nothing that somebody wants back."""
        try:
            catalog.snapshot()
        except Resetting as error:
            if error.subject.startswith(importing.SUBJECT):
                raise CommandError(CLOSED_BY_AN_IMPORT) from None

    def _welcome(self, address: str) -> None:
        log_ins = "\n".join(
            f"    {sample.username:8}{sample.password:16}{sample.purpose}" for sample in accounts.SAMPLES
        )
        data = "GAMIFY_REDIS_URL" if os.environ.get("GAMIFY_REDIS_URL") else str(settings.GAMIFY_DATA_DIR)
        self.stdout.write(
            f"\nGamify runs on {address}\n\n  Log in with one click at {address}accounts/login/, or as\n{log_ins}\n\n"
            f"  The data is kept in {data}. Stop with Ctrl-C.\n"
        )
        self.stdout.flush()
