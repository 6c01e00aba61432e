"""Whether the data store can be worked on."""

from gamify_site.store import keys, scripts, shard_count, versions
from gamify_site.store.connection import guarded, send
from gamify_site.store.errors import NotAllowed


def check() -> None:
    """Raises `StoreUnavailable` where Redis is away, read-only, full or cannot save, where all data is being replaced,
    and where it lies on another number of shards; `NotAllowed` where its user lacks a right.

    Four round trips, which leave no trace.
    """
    prefixes = list(versions.by_prefix())
    plainly = [(("SET", keys.probe(prefix), "", "XX"), ("EVAL", "return 1", 1, prefix)) for prefix in prefixes]
    with guarded():
        for reply in send([words for pair in plainly for words in pair]):
            if isinstance(reply, Exception):
                raise reply
    if missing := scripts.missing_rights(prefixes):
        raise NotAllowed(missing)
    versions.insist_on_open_data()
    shard_count.check()
