"""How accounts come to be, and how a forgotten password is replaced."""

import secrets

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gamify_site import audit
from gamify_site.identifiers import check_username
from gamify_site.players import services
from gamify_site.players.models import Account


def sign_up(username: str, password: str) -> Account:
    """Makes an account and its player, whose id is the name.

    A player that a game has already reported belongs to whoever plays it there: the name is refused, or a stranger
    could take the scores over. Raises `ValidationError` at `username`, `StoreUnavailable`. Up to five round trips.
    """
    check_free(username)
    account = Account.objects.create_user(username, password)
    services.upsert(account.player_id, name=username)
    return account


def check_free(username: str) -> None:
    """Raises `ValidationError` at `username` where nobody can sign up so, or an account or a player has this name.

    Accounts are compared in any spelling, players in this one and in lower case. Up to three round trips.
    """
    Account(username=check_username(username)).validate_unique()
    if any(services.exists(name) for name in {username, username.lower()}):
        raise ValidationError({"username": ValidationError(_("This name is taken."), code="taken")})


def reset_password(account: Account, *, by: str) -> str:
    """Gives the account a password for a day that must be changed at the next log-in, and ends its sessions.

    Returns the password, which is stored nowhere. Audited. Two round trips.
    """
    password = secrets.token_urlsafe(12)
    account.set_temporary_password(password)
    account.save()
    audit.record(audit.Entry("password_reset", account.player_id, by), owner=account.player_id)
    return password
