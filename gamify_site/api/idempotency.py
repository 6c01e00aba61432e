"""The header `Idempotency-Key`: a call that may be sent again, and is not carried out twice at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from django.http import HttpRequest

from gamify_site.api.problems import Refused
from gamify_site.store import keys
from gamify_site.store.connection import client, guarded

LONGEST = 128
LIFE = 30  # seconds; longer than any call takes


@contextmanager
def once(request: HttpRequest) -> Iterator[str | None]:
    """Gives the key, apart for each API key; None where there is none. Two round trips where there is one.

    Raises `Refused`: 400 for a bad key, 409 while the first call with it is still being answered.
    """
    given = request.headers.get("Idempotency-Key")
    if given is None:
        yield None
        return
    if not 0 < len(given) <= LONGEST or not (given.isascii() and given.isprintable()):
        raise Refused(400, f"Idempotency-Key has 1 to {LONGEST} printable ASCII characters.")
    owner: str = request.auth.id  # type: ignore[attr-defined]
    name = sha256(f"{owner} {given}".encode()).hexdigest()
    with guarded():
        is_first = client().set(keys.api_calls(name), "1", nx=True, ex=LIFE)
    if not is_first:
        raise Refused(409, "The first call with this Idempotency-Key is still running.", headers={"Retry-After": "1"})
    try:
        yield name
    finally:
        with guarded():
            client().delete(keys.api_calls(name))
