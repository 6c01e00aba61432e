"""Walks over the project's own keys, in small steps and without touching anybody else's."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings

from gamify_site.store import keys
from gamify_site.store.connection import guarded, patiently, servers

STEP = 500


def own_keys() -> Iterator[list[str]]:
    """Every key of this project, some 500 at a time; one that is written meanwhile may be missed, or come twice.

    Raises `StoreUnavailable`. Two round trips per 500 keys in the whole data store.
    """
    for server in servers():
        for pattern in keys.patterns():
            cursor: Any = None
            while cursor != 0:
                scan = partial(server.scan, cursor or 0, match=pattern, count=STEP)
                with guarded():
                    cursor, found = patiently(scan)
                if found:
                    yield [key.decode() for key in found]


@dataclass(frozen=True, slots=True)
class Sample:
    """Some of the project's own keys; `looked_at` counts all keys that were seen, those of others too."""

    names: tuple[str, ...]
    looked_at: int
    is_whole: bool


def sample(server: Any, most: int, patience: int) -> Sample:
    """The first own keys that a walk over one of `servers()` meets, at most `most` or little more, sessions and other
    cached things included.

    The order of a walk is that of the keys' hashes: each kind of key comes as often as it is there. The walk ends after
    some `patience` keys, also of others, so that it takes no longer on a large server.
    Raises `StoreUnavailable`. One round trip per 500 keys that are looked at.
    """
    beginnings = [pattern.partition("*")[0] for pattern in keys.patterns()]
    beginnings.append(f"{settings.CACHES['default']['KEY_PREFIX']}:")
    encoded = tuple(beginning.encode() for beginning in beginnings)
    own: dict[bytes, None] = {}  # a walk may meet a key twice
    looked_at, cursor = 0, None
    while cursor != 0 and len(own) < most and looked_at < patience:
        scan = partial(server.scan, cursor or 0, count=STEP)
        with guarded():
            cursor, found = patiently(scan)
        looked_at += len(found)
        own.update((name, None) for name in found if name.startswith(encoded))
    return Sample(tuple(name.decode() for name in own), looked_at, cursor == 0)
