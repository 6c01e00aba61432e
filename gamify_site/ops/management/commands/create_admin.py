"""Makes a staff account."""

import getpass
import os
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from gamify_site.ops.command import StoreCommand
from gamify_site.players import registration
from gamify_site.players.models import Account


class Command(StoreCommand):
    help = "Makes a staff account; the password is asked for, or read from GAMIFY_ADMIN_PASSWORD."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *_: Any, username: str, **__: Any) -> None:
        try:
            registration.check_free(username)
            account = Account.objects.create_user(username, self._password(username), is_staff=True)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{account} is staff now and can log in.")

    def _password(self, username: str) -> str:
        password = os.environ.get("GAMIFY_ADMIN_PASSWORD", "")
        if not password:
            password = getpass.getpass("Password: ")
            if getpass.getpass("The same again: ") != password:
                raise CommandError("The two passwords are not the same.")
        validate_password(password, Account(username=username))
        return password
