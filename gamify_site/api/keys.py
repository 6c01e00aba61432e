"""API keys, with which programs ask the HTTP API. Only the SHA-256 of a key's secret is kept: nobody can read it again.

A secret has 256 random bits, so a fast digest is enough. A key is found by that digest, no secret is ever compared with
another one: how long an answer takes tells nothing about them.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, NamedTuple, cast, get_args

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gamify_site import audit, clock, texts
from gamify_site.store import keys, scripts, versions
from gamify_site.store.connection import ask, client, guarded

Scope = Literal["read", "write"]

SCOPES: tuple[Scope, ...] = get_args(Scope)
LONGEST_NAME = 60
MOST_KEYS = 1000
ID_DIGITS = 12
NOTE_LIFE = 60  # seconds; that a key is used is written down no oftener

SECRET = re.compile(r"gk_[A-Za-z0-9_-]{43}")


class UnknownKey(LookupError):
    """There is no API key with this id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no API key {key_id!r}.")
        self.id = key_id


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. `last_used` is exact to a minute, None for never."""

    id: str
    name: str
    scope: Scope
    created: datetime
    created_by: str
    last_used: datetime | None = None


class Admission(NamedTuple):
    """A key that was shown: how many requests it has left at once, and ms until the next where it has none.

    `version`: what `catalog.follow_to` takes.
    """

    key: ApiKey
    left: int
    wait: int
    version: bytes | None


def create(name: str, scope: Scope, *, by: str) -> tuple[ApiKey, str]:
    """Makes a key; gives it and its secret, which nobody can be told again.

    Raises `ValidationError` at `name` where it is no text of 1 to 60 characters or taken, at `scope` where there is
    no such scope, at no field where there are 1000 keys; `StoreUnavailable`. Three round trips; O(keys).
    """
    name = check_name(name)
    if scope not in SCOPES:
        raise ValidationError({"scope": _("Choose read or write.")})
    versions.insist_on_open_data()
    stored = {"name": name, "scope": scope, "created": clock.now().isoformat(), "created_by": by}
    secret, digest = _store(stored)
    audit.record(audit.Entry("key_created", name, by, after={"scope": scope}))
    return _from_stored(digest, json.dumps(stored), None), secret


def all() -> list[ApiKey]:  # noqa: A001  (the public name)
    """All keys, newest first. Raises `StoreUnavailable`. One round trip; O(keys)."""
    return sorted(_read().values(), key=lambda key: (key.created, key.id), reverse=True)


def get(key_id: str) -> ApiKey:
    """One key. Raises `UnknownKey`, `StoreUnavailable`. One round trip; O(keys)."""
    return _find(key_id)[1]


def revoke(key_id: str, *, by: str) -> ApiKey:
    """Removes a key: from now on nobody gets in with it. Gives what it was.

    Raises `UnknownKey`, also for the second of two who do it at once; `StoreUnavailable`. Three round trips; O(keys).
    """
    digest, key = _find(key_id)
    with guarded():
        pipeline = client().pipeline(transaction=True)
        pipeline.hdel(keys.api_keys(), digest)
        pipeline.hdel(keys.api_keys_used(), digest)
        was_there, _was_used = pipeline.execute()
    if not was_there:
        raise UnknownKey(key_id)
    audit.record(audit.Entry("key_revoked", key.name, by, before={"scope": key.scope}))
    return key


def admit(secret: str, *, most: int, rate: int) -> Admission | None:
    """The key that a secret belongs to, with a token taken out of its bucket; None where there is no such key.

    A bucket holds `most` tokens and gains `rate` a second. Raises `StoreUnavailable`. One round
    trip, none for what cannot be a secret.
    """
    if not SECRET.fullmatch(secret):
        return None
    digest = _digest(secret)
    now = int(clock.now().timestamp() * 1000)
    (found,) = scripts.run("api/admit_key", [(keys.site(), [digest, now, NOTE_LIFE, most, rate])])
    return Admission(_from_stored(digest, found[0], found[1]), *found[2:]) if found else None


def check_name(name: object) -> str:
    """The name as it is kept, or a `ValidationError` at `name`."""
    return texts.clean("name", name, 1, LONGEST_NAME)


def _read() -> dict[str, ApiKey]:
    """All keys, by their digests."""
    stored, used = ask([("hgetall", keys.api_keys()), ("hgetall", keys.api_keys_used())])
    return {digest.decode(): _from_stored(digest.decode(), it, used.get(digest)) for digest, it in stored.items()}


def _find(key_id: str) -> tuple[str, ApiKey]:
    """The digest of the key with this id, and the key."""
    for digest, key in _read().items():
        if key.id == key_id:
            return digest, key
    raise UnknownKey(key_id)


def _store(stored: Mapping[str, str]) -> tuple[str, str]:
    """Writes a key under a new secret; gives the secret and its digest. One round trip, but for a chance of 10⁻¹¹."""
    answer, secret, digest = b"again", "", ""
    while answer == b"again":
        secret = f"gk_{secrets.token_urlsafe(32)}"
        digest = _digest(secret)
        arguments = [digest, stored["name"], json.dumps(stored), MOST_KEYS, ID_DIGITS]
        (answer,) = scripts.run("api/create_key", [(keys.site(), arguments)])
    if answer == b"taken":
        raise ValidationError({"name": _("There is a key with this name already.")})
    if answer == b"full":
        raise ValidationError(_("There are %(most)s keys already; revoke one first.") % {"most": MOST_KEYS})
    return secret, digest


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _from_stored(digest: str, stored: str | bytes, used: bytes | None) -> ApiKey:
    fields = json.loads(stored)
    return ApiKey(
        id=digest[:ID_DIGITS],
        name=fields["name"],
        scope=cast("Scope", fields["scope"]),
        created=datetime.fromisoformat(fields["created"]),
        created_by=fields["created_by"],
        last_used=datetime.fromtimestamp(int(used), UTC) if used else None,
    )
