"""Gives an account whose password is forgotten a new one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from gamify_site.ops.command import StoreCommand
from gamify_site.players import registration
from gamify_site.players.models import Account


class Command(StoreCommand):
    help = "Gives an account a new password, prints it and ends the account's sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *_: Any, username: str, **__: Any) -> None:
        try:
            account = Account.objects.get_by_natural_key(username)
        except Account.DoesNotExist as error:
            raise CommandError(f"There is no account {username!r}.") from error
        password = registration.reset_password(account)
        self.stdout.write(f"The new password of {account}, to be changed at the next log-in: {password}")
