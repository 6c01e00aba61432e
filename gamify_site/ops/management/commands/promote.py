"""Makes staff of an account that there is."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from gamify_site.ops.command import BY, StoreCommand, age, find_account, insist_on_yes
from gamify_site.players import staff


class Command(StoreCommand):
    help = "Makes staff of an account that exists; the password stays as it was."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *_: Any, username: str, yes: bool, **__: Any) -> None:
        account = find_account(username)
        if not yes:
            insist_on_yes(
                f"The account {account}, {age(account)}, will be staff: it can change all scores and definitions "
                "and read all that is known about players. Is it really whom you mean?"
            )
        try:
            staff.promote(account, by=BY)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{account} is staff now; the password stays as it was.")
