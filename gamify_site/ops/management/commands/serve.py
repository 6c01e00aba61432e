"""`manage.py serve`: the site for production."""

import os
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser

from gamify_site.ops import serving
from gamify_site.ops.command import StoreCommand
from gamify_site.ops.demo import accounts
from gamify_site.store.errors import StoreUnavailable

MIN_SECRET_LENGTH = 32
WORKERS = max(2, os.cpu_count() or 1)


class Command(StoreCommand):
    help = "Serves the site until SIGTERM or Ctrl-C, for production behind a proxy."
    runs_until_stopped = True

    def add_arguments(self, parser: CommandParser) -> None:
        serving.add_arguments(parser)
        parser.add_argument(
            "--workers", type=serving.workers, default=WORKERS, help=f"web worker processes (default here: {WORKERS})"
        )

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Says what is wrong before the data store is started."""
        try:
            is_short = len(settings.SECRET_KEY) < MIN_SECRET_LENGTH  # Django refuses to give an empty one
        except ImproperlyConfigured:
            raise CommandError(
                "GAMIFY_SECRET_KEY is not set: set it to a long random text, the same on every start."
            ) from None
        if is_short:
            raise CommandError(
                f"GAMIFY_SECRET_KEY can be guessed: set it to at least {MIN_SECRET_LENGTH} characters, such as "
                "those that `openssl rand -base64 48` prints."
            )
        serving.check_ports(options["host"], options["port"], options["live_port"])
        return super().execute(*args, **options)

    def handle(self, *_: Any, host: str, port: int, live_port: int, workers: int, **__: Any) -> None:
        self._warn_of_public_accounts()
        address = serving.address(host, port)
        serving.serve(host, port, live_port, workers, lambda: self._say(f"Gamify serves on {address}"))

    def _warn_of_public_accounts(self) -> None:
        """Say whether the demo has made accounts here, with passwords that everybody knows."""
        with suppress(StoreUnavailable):
            if not (names := ", ".join(accounts.public_samples())):
                return
            self.stderr.write(
                f"Everybody knows the passwords of the demo's accounts ({names}), and GAMIFY_DEMO is on: anybody can "
                "log in."
                if settings.GAMIFY_DEMO
                else f"Everybody knows the passwords of the demo's accounts ({names}): nobody can log in with them. "
                "Make a staff account with `manage.py create_admin`, or give one of these a password of its own with "
                "`manage.py reset_password`."
            )

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
