"""The header `Idempotency-Key`: a call that may be sent again, and is not carried out twice at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest

from gamify_site.api.problems import Refused
from gamify_site.identifiers import MAX_EVENT_ID_LENGTH
from gamify_site.store import keys
from gamify_site.store.connection import client, guarded

HEADER = "Idempotency-Key"
LIFE = 30  # seconds; longer than any call takes
STILL_RUNNING = f"The first call with this {HEADER} is still running."
ANOTHER_BODY = (
    f"This {HEADER} has come with another body before. Nothing of this one counts: send it under a key of its own."
)


@contextmanager
def once(request: HttpRequest, body: bytes) -> Iterator[str | None]:
    """Give a name of the key and the body, apart for each API key; None if there is no key. Two round trips with one.

    Answers are kept under that name, so that no body ever gets the answer to another one, even after its digest is
    forgotten here. Raises `Refused`: 400 for a bad key, 422 if it came with another body, 409 while the first call
    with it is still being answered.
    """
    given = request.headers.get(HEADER)
    if given is None:
        yield None
        return
    if not 0 < len(given) <= MAX_EVENT_ID_LENGTH or not (given.isascii() and given.isprintable()):
        raise Refused(400, f"{HEADER} has 1 to {MAX_EVENT_ID_LENGTH} printable ASCII characters.")
    owner: str = request.auth.id  # type: ignore[attr-defined]
    name, digest = _digest(f"{owner} {given}".encode()), _digest(body)
    is_first, known = _begin(name, digest)
    try:
        if known != digest:
            raise Refused(422, ANOTHER_BODY, errors={HEADER: [ANOTHER_BODY]})
        if not is_first:
            raise Refused(409, STILL_RUNNING, headers={"Retry-After": "1"})
        yield _digest(f"{name} {digest}".encode())
    finally:
        if is_first:
            with guarded():
                client().delete(keys.api_calls(name))


def _begin(name: str, digest: str) -> tuple[bool, str]:
    """Whether no other call with this key is running, and the digest of the body that came first."""
    with guarded():
        pipeline = client().pipeline(transaction=True)
        pipeline.set(keys.api_calls(name), "1", nx=True, ex=LIFE)
        pipeline.set(keys.api_bodies(name), digest, nx=True, ex=settings.GAMIFY_EVENT_TTL)
        pipeline.get(keys.api_bodies(name))
        is_first, _is_new, known = pipeline.execute()
    return bool(is_first), known.decode()


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
