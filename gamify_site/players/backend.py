"""How Django's authentication reaches the accounts."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from gamify_site.players import throttle
from gamify_site.players.models import Account


class RedisBackend(BaseBackend):
    """Checks a name and a password. What it answers and how long it takes do not tell which names exist."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **__: Any
    ) -> Account | None:
        """The account, or None. Three round trips, one hash.

        Raises `TooManyAttempts`, `ValidationError` for a temporary password that has expired, `StoreUnavailable`.
        """
        if username is None or password is None:
            return None
        limits = throttle.log_in(username, throttle.address_of(request))
        throttle.count(limits)
        try:
            account = Account.objects.get_by_natural_key(username)
        except Account.DoesNotExist:
            Account().set_password(password)  # takes as long as checking one
            return None
        if not account.check_password(password):
            return None
        if account.password_has_expired:
            raise ValidationError(_("This temporary password has expired. Ask for a new one."), code="expired")
        if not account.can_log_in:
            return None
        throttle.forgive(limits)
        return account

    def get_user(self, user_id: str) -> Account | None:
        """The account of a session, or None when it is gone or closed. One round trip."""
        try:
            account = Account.objects.get_by_natural_key(user_id)
        except Account.DoesNotExist:
            return None
        return account if account.can_log_in else None
