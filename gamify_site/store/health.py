"""Whether the data store takes writes, and is open."""

from redis.exceptions import RedisError

from gamify_site.store import catalog, keys
from gamify_site.store.connection import client
from gamify_site.store.errors import StoreUnavailable


def check_writable() -> None:
    """Raises `StoreUnavailable` where Redis is away, read-only, full, or cannot save. One round trip, no trace."""
    try:
        client().setrange(keys.probe(), 0, "")  # counts as a write, but an empty text at a missing key makes none
    except (RedisError, OSError) as error:
        raise StoreUnavailable("The data store takes no writes.") from error


def check_open() -> None:
    """Raises `Resetting` while all data is being replaced, or since that has broken off. One round trip mostly."""
    catalog.follow()
    catalog.snapshot()
