"""Walks over the project's own keys, in small steps and without touching anybody else's."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from gamify_site.store import keys
from gamify_site.store.connection import client, guarded, patiently

STEP = 500


def own_keys() -> Iterator[list[str]]:
    """Every key of this project, some 500 at a time; one that is written meanwhile may be missed, or come twice.

    Raises `StoreUnavailable`. Two round trips per 500 keys in the whole data store.
    """
    for pattern in keys.patterns():
        cursor: Any = None
        while cursor != 0:
            scan = partial(client().scan, cursor or 0, match=pattern, count=STEP)
            with guarded():
                cursor, found = patiently(scan)
            if found:
                yield [key.decode() for key in found]
