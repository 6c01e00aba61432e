"""Traces of who got in and who did not: in the audit log, the program's log, and the recent activity of an account.

Strangers cannot push staff's entries out of the audit log: beyond some attempts there are lines in the program's log
only. What somebody has typed is in neither of them unless it is the name of an account; it may be a password.
"""

from gamify_site import audit
from gamify_site.players import throttle
from gamify_site.players.models import Account
from gamify_site.players.throttle import Limit

NOBODY = "?"  # no account or key
MOST_OF_AN_ACCOUNT = 20  # log-ins in 15 minutes
MOST_OF_AN_ADDRESS = 20  # attempts that were refused
MOST_OF_ALL = 200


def logged_in(account: Account, address: str, *, by: str = "") -> None:
    """Record a log-in, by its owner or by staff in the demo. Raises `StoreUnavailable`. Two round trips."""
    entry = audit.Entry("logged_in", account.player_id, by or account.username, after={"address": address})
    _record(entry, [Limit(f"traces log-in {account.username.lower()}", MOST_OF_AN_ACCOUNT)], account.player_id)


def login_failed(username: str, address: str) -> None:
    """Record a wrong password or an unknown name. Raises `StoreUnavailable`. Three round trips."""
    try:
        player = Account.objects.get_by_natural_key(username).player_id
    except Account.DoesNotExist:
        player = ""
    _record(audit.Entry("login_failed", player or NOBODY, address), _strangers(address), player)


def key_refused(name: str, reason: str, address: str) -> None:
    """Record that an API key was refused; `name` is empty for an unknown one.

    Raises `StoreUnavailable`. Two round trips.
    """
    _record(audit.Entry("key_refused", name or NOBODY, address, reason), _strangers(address))


def _strangers(address: str) -> list[Limit]:
    return [Limit(f"traces {address}", MOST_OF_AN_ADDRESS), Limit("traces", MOST_OF_ALL)]


def _record(entry: audit.Entry, limits: list[Limit], owner: str = "") -> None:
    try:
        throttle.count(limits)
    except throttle.TooManyAttempts:
        audit.log(entry)
    else:
        audit.record(entry, owner=owner)
