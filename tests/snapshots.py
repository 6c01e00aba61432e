"""Sample data that is built once per test process and restored from a copy for each test that needs it."""

from collections.abc import Callable
from datetime import date

from django.conf import settings

from gamify_site.ops.demo import reset
from gamify_site.store import catalog
from tests.conftest import Store

Copy = list[tuple[bytes, bytes, int]]  # key, value as DUMP returns it, milliseconds to live (0: no expiry)

_copies: dict[tuple[str, str, int], Copy] = {}


def build_once(store: Store, name: str, build: Callable[[], object]) -> None:
    """Fill an empty store as `build` does; from the second call in this process on, by RESTORE.

    `name` stands for all that `build` depends on, its arguments and the clock included. The copy belongs to the kind
    of server and the number of shards. Only what is in the store is restored: not the clock, no settings, no caches.
    """
    key = (name, store.kind, settings.GAMIFY_SHARDS)
    if key in _copies:
        restore(store, _copies[key])
    else:
        build()
        _copies[key] = copy(store)


def seed(store: Store, scenario: str, players: int, anchor: date) -> None:
    """Fill an empty store with the sample data of a scenario, as `reset` does."""
    name = f"{scenario}, {players} players, {anchor}"
    build_once(store, name, lambda: reset.reset(scenario, players, anchor, lambda _done, _total: None))


def copy(store: Store) -> Copy:
    """Copy everything that is in a store."""
    keys = sorted(store.redis.scan_iter(count=1000))
    with store.redis.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.dump(key)
            pipeline.pttl(key)
        replies = pipeline.execute()
    # A lock may have expired since its key was read.
    return [
        (key, value, max(0, ttl))
        for key, value, ttl in zip(keys, replies[::2], replies[1::2], strict=True)
        if value is not None
    ]


def restore(store: Store, data: Copy) -> None:
    """Put a copy back into a store that is empty."""
    with store.redis.pipeline(transaction=False) as pipeline:
        for key, value, ttl in data:
            pipeline.restore(key, ttl, value)
        pipeline.execute()
    catalog.forget()
