"""Makes a staff account, or staff of an account that there is."""

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
        parser.add_argument("--promote", action="store_true", help="make staff of an account that exists")

    def handle(self, *_: Any, username: str, promote: bool, **__: Any) -> None:
        if promote:
            self._promote(username)
            return
        try:
            registration.check_free(username)
            account = Account.objects.create_user(username, self._password(username), is_staff=True)
        except ValidationError as error:
            raise CommandError(f"{' '.join(error.messages)}{self._hint(error)}") from error
        self.stdout.write(f"{account} is staff now and can log in.")

    def _promote(self, username: str) -> None:
        try:
            account = Account.objects.get_by_natural_key(username)
        except Account.DoesNotExist as error:
            raise CommandError(f"There is no account {username!r}; leave --promote away to make one.") from error
        account.is_staff = True
        account.save(update_fields=["is_staff"])
        self.stdout.write(f"{account} is staff now; the password stays as it was.")

    def _password(self, username: str) -> str:
        password = os.environ.get("GAMIFY_ADMIN_PASSWORD", "")
        if not password:
            password = getpass.getpass("Password: ")
            if getpass.getpass("The same again: ") != password:
                raise CommandError("The two passwords are not the same.")
        validate_password(password, Account(username=username))
        return password

    def _hint(self, error: ValidationError) -> str:
        taken = any(item.code == "taken" for items in getattr(error, "error_dict", {}).values() for item in items)
        return " Use --promote to make staff of an account that exists." if taken else ""
