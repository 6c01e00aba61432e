"""Accounts in Redis: a hash each, under the name in lower case, so that Ada and ada are one account.

The hash keeps the name as its owner spelled it. Everybody else uses `players.models.Account`; this module is its table.
"""

from collections.abc import Iterable, Mapping

from gamify_site.identifiers import PLAYER_ID
from gamify_site.store import keys, scripts
from gamify_site.store.connection import client, guarded, patiently

Fields = dict[str, str]


def find(username: str) -> Fields | None:
    """All fields of an account, or None. Raises `StoreUnavailable`. One round trip, none for a name nobody can have."""
    if not PLAYER_ID.fullmatch(username):
        return None
    key = keys.user(username.lower())
    with guarded():
        found: dict[bytes, bytes] = patiently(lambda: client().hgetall(key))
    return {name.decode(): value.decode() for name, value in found.items()} or None


def claim(username: str, fields: Mapping[str, str]) -> bool:
    """Makes the account unless one has the name already, in whatever spelling: of two at once, one gets True.

    Raises `StoreUnavailable`. One round trip.
    """
    return _run("players/claim_account", username, fields, repeatable=False)


def change(username: str, fields: Mapping[str, str]) -> bool:
    """Sets some fields of an account; False where there is none. Raises `StoreUnavailable`. One round trip."""
    return _run("players/change_account", username, fields, repeatable=True)


def remove(username: str) -> bool:
    """Remove an account; False if there was none, or it is one of staff. Raises `StoreUnavailable`. One round trip."""
    return scripts.run("players/remove_account", [(keys.site(), [username.lower()])], repeatable=True) == [b"ok"]


def demote(username: str, others: Iterable[str]) -> bytes:
    """Take the staff rights from an account, unless none of the others is staff and can log in.

    Returns `ok`, `unknown`, `player` or `last`. Raises `StoreUnavailable`. One round trip.
    """
    arguments = [username.lower(), *(other.lower() for other in others)]
    (reply,) = scripts.run("players/demote_account", [(keys.site(), arguments)])
    return bytes(reply)


def _run(script: str, username: str, fields: Mapping[str, str], *, repeatable: bool) -> bool:
    arguments = [username.lower(), *(part for pair in fields.items() for part in pair)]
    return scripts.run(script, [(keys.site(), arguments)], repeatable=repeatable) == [b"ok"]
