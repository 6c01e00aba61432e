"""The version of the catalog: which one holds, on the site's key and on each shard, and writing only while it does.

While all data is being replaced the version is `resetting-… <by what>`: only the thread that replaces it, which made
that version up, reads and writes under it; for everybody else the data is closed.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from hashlib import sha256
from typing import Any

from gamify_site.store import keys, scripts, shards
from gamify_site.store.connection import client, guarded, patiently
from gamify_site.store.errors import Resetting

RESETTING = "resetting-"
NEVER_CHANGED = "0"
STALE = b"stale"

replaced_under: ContextVar[str | None] = ContextVar("replaced_under", default=None)  # by this thread, if it does


def read() -> str:
    """The one that holds for the site. Raises `Resetting`, and redis-py's errors. One round trip."""
    found = told(client().get(keys.catalog_version()))
    ours = replaced_under.get()
    if found != ours and (ours is not None or found.startswith(RESETTING)):
        raise Resetting(found.partition(" ")[2])
    return found


def told(reply: bytes | None) -> str:
    """The version that a key of one holds."""
    return NEVER_CHANGED if reply is None else reply.decode()


def following(known: str, change: Sequence[str]) -> str:
    """`<counter>-<digest>`; the digest chains all changes: equal versions mean equal rules, even after a reset."""
    counter = int(known.partition("-")[0]) + 1
    digest = sha256("\0".join((known, *change)).encode()).hexdigest()[:12]
    return f"{counter}-{digest}"


def publish() -> str:
    """Tells every shard the version that holds for the site, and gives it. Three round trips; two where all know it.

    The shards are read before the site, and a shard hears of a version after the site does: what a shard holds and the
    site does not is therefore out of date, and is replaced unless somebody has done so in between.
    """
    held = dict(zip(shards.everyone(), _read_shard_versions(), strict=True))
    with guarded():
        version = patiently(read)
    calls = [
        (keys.shard(shard), [keys.shard_catalog_version(shard), found, version])
        for shard, found in held.items()
        if found != version
    ]
    if calls:
        scripts.run("store/swap_version", calls, repeatable=True)
    return version


def _read_shard_versions() -> list[str]:
    def ask_all() -> list[bytes | None]:
        pipeline = client().pipeline(transaction=False)
        for shard in shards.everyone():
            pipeline.get(keys.shard_catalog_version(shard))
        found: list[bytes | None] = pipeline.execute()
        return found

    with guarded():
        return [told(reply) for reply in patiently(ask_all)]


def swap(found: str, new: str) -> str:
    """Replaces the site's, unless somebody else has; gives the one that holds then.

    Raises `StoreUnavailable`. One round trip.
    """
    (held,) = scripts.run("store/swap_version", [(keys.site(), [keys.catalog_version(), found, new])])
    return str(held.decode())


def write_if(version: str, prefix: str, *command: Any) -> Any:
    """Runs a command on keys with this prefix, and gives its reply; None where `version` does not hold there any more,
    nothing is written then.

    What `catalog.current_version` told before the data was read keeps out of data that has been replaced since what was
    made of the old one. Raises `StoreUnavailable`. One round trip.
    """
    (reply,) = scripts.run("store/write_keys", [(prefix, [by_prefix()[prefix], version, len(command), *command])])
    return None if reply == STALE else reply


def by_prefix() -> dict[str, str]:
    """Key prefix of the site and of each shard → the key of its version."""
    on_shards = {keys.shard(shard): keys.shard_catalog_version(shard) for shard in shards.everyone()}
    return {keys.site(): keys.catalog_version(), **on_shards}


def insist_on_open_data() -> None:
    """Raises `Resetting` where somebody else replaces all data: what is not written by a fenced script would be lost.

    Raises `StoreUnavailable`. One round trip.
    """
    with guarded():
        patiently(read)
