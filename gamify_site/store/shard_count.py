"""On how many shards the data lies: it says so itself, because another number would look for players elsewhere."""

from functools import cache

from gamify_site.store import keys, shards
from gamify_site.store.connection import ask, client, guarded, patiently
from gamify_site.store.errors import WrongShards


def check() -> None:
    """Raises `WrongShards` where there are players on another number of shards than GAMIFY_SHARDS says.

    Raises `StoreUnavailable`. One round trip; two where the number differs.
    """
    _check(_held())


@cache
def insist() -> None:
    """Do the same, and nothing once it is known: a process may have started while the data store was away."""
    check()


def forget() -> None:
    """Let the next `insist` look again."""
    insist.cache_clear()


def note() -> None:
    """Lets the data say on how many shards it lies, before anything is written to it.

    Errors as `check`. One round trip; two or three where it says another number, or none yet.
    """
    held = _held()
    _check(held)
    if held != shards.count():
        write()


def write() -> None:
    """Notes the number that GAMIFY_SHARDS says. Raises `StoreUnavailable`. One round trip."""
    with guarded():
        client().set(keys.shard_count(), shards.count())


def _held() -> int:
    """0 where the data does not say it yet."""
    with guarded():
        return int(patiently(lambda: client().get(keys.shard_count())) or 0)


def _check(held: int) -> None:
    if held not in (0, shards.count()) and any(ask([("zcard", keys.players(shard)) for shard in range(held)])):
        raise WrongShards(held, shards.count())
