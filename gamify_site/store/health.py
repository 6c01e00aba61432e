"""Whether the data store can be worked on."""

from redis.exceptions import RedisError

from gamify_site.store import keys, shard_count, versions
from gamify_site.store.connection import client
from gamify_site.store.errors import StoreUnavailable


def check() -> None:
    """Raises `StoreUnavailable` where Redis is away, read-only, full or cannot save, where all data is being replaced,
    and where it lies on another number of shards.

    Three round trips, which leave no trace.
    """
    try:
        client().setrange(keys.probe(), 0, "")  # counts as a write, but an empty text at a missing key makes none
    except (RedisError, OSError) as error:
        raise StoreUnavailable("The data store takes no writes.") from error
    versions.insist_on_open_data()
    shard_count.check()
