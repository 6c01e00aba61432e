"""Who is staff: an account is promoted and demoted, and the last staff account stays."""

from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gamify_site import audit
from gamify_site.players import accounts
from gamify_site.players.models import Account
from gamify_site.store import keys, scan
from gamify_site.store.connection import ask


def promote(account: Account, *, by: str) -> None:
    """Make staff of an account; the password stays as it was. Audited.

    Raises `ValidationError` if the account is staff already, or one of the demo that anybody can use;
    `DatabaseError` if it is gone. Two round trips.
    """
    if account.is_staff:
        raise ValidationError(_("This account is staff already."))
    if account.is_public:
        raise ValidationError(_("This account was made by the demo, and anybody can use it. Reset its password first."))
    account.is_staff = True
    account.save(update_fields=["is_staff"])
    audit.record(audit.Entry("promoted", account.player_id, by), owner=account.player_id)


def demote(account: Account, *, by: str) -> None:
    """Take the staff rights from an account, which stays a player's. Audited.

    Raises `ValidationError` if the account is not staff, or no other staff account could log in. Two round trips, and
    three for each 500 keys in the data store.
    """
    reply = accounts.demote(account.username, sorted(set(_staff_names())))
    if reply == b"last":
        raise ValidationError(_("This is the last staff account that can log in. Make another one first."))
    if reply != b"ok":
        raise ValidationError(_("This account is not staff."))
    account.is_staff = False
    audit.record(audit.Entry("demoted", account.player_id, by), owner=account.player_id)


def _staff_names() -> Iterator[str]:
    """Return the names of all staff accounts, in lower case; some may come twice."""
    prefix = keys.user("")
    for names in scan.own_keys():
        users = [name for name in names if name.startswith(prefix)]
        flags = ask([("hget", user, "is_staff") for user in users]) if users else []
        yield from (user.removeprefix(prefix) for user, flag in zip(users, flags, strict=True) if flag == b"1")
