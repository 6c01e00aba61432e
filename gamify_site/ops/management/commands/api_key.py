"""`manage.py api_key`: makes, lists and revokes the keys of the HTTP API."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from gamify_site.api import keys
from gamify_site.ops.command import BY, StoreCommand


class Command(StoreCommand):
    help = "Makes, lists and revokes the keys with which programs ask the HTTP API."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="do", required=True, metavar="create|list|revoke")
        create = actions.add_parser("create", help="make a key and print its secret, this one time")
        create.add_argument("name", help="what it is for; no two keys have the same name")
        create.add_argument("--scope", choices=keys.SCOPES, default="read", help="what it may do (default: read)")
        actions.add_parser("list", help="print all keys, newest first, without their secrets")
        actions.add_parser("revoke", help="remove a key, at once and for good").add_argument("name")

    def handle(self, *_: Any, do: str, **options: Any) -> None:
        if do == "create":
            self._create(options["name"], options["scope"])
        elif do == "revoke":
            self._revoke(options["name"])
        else:
            self._list()

    def _create(self, name: str, scope: keys.Scope) -> None:
        try:
            key, secret = keys.create(name, scope, by=BY)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"The key {key.name!r} may {key.scope}. Its secret, shown only this once:\n{secret}")
        self.stdout.write("Requests carry it in a header: Authorization: Bearer …")

    def _list(self) -> None:
        found = keys.all()
        if not found:
            self.stdout.write("There are no keys.")
        for key in found:
            used = f"used {key.last_used:%Y-%m-%d %H:%M}" if key.last_used else "never used"
            made = f"made {key.created:%Y-%m-%d} by {key.created_by}"
            self.stdout.write(f"{key.id}  {key.scope:5}  {key.name}  ({made}, {used})")

    def _revoke(self, name: str) -> None:
        for key in keys.all():
            if key.name == name:
                keys.revoke(key.id, by=BY)
                self.stdout.write(f"The key {name!r} is revoked.")
                return
        raise CommandError(f"There is no key {name!r}; `api_key list` prints those that there are.")
