"""Gives an account whose password is forgotten a new one."""

from argparse import ArgumentParser
from typing import Any

from gamify_site.ops.command import BY, StoreCommand, find_account
from gamify_site.players import registration


class Command(StoreCommand):
    help = "Gives an account a new password for a day, prints it and ends the account's sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *_: Any, username: str, **__: Any) -> None:
        account = find_account(username)
        password = registration.reset_password(account, by=BY)
        self.stdout.write(f"The new password of {account}, for one day, to be changed at the first log-in: {password}")
