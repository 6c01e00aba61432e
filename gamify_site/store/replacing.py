"""Replacing all data by other data: nobody sees half of it, and of two who do so one gives way."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from secrets import token_hex
from typing import Any

from gamify_site.store import catalog, keys, scripts, shard_count, shards, versions
from gamify_site.store.connection import client, guarded, patiently
from gamify_site.store.errors import Resetting, StoreUnavailable


@contextmanager
def all_data(subject: str, insist: Callable[[], None] | None = None) -> Iterator[Callable[[Sequence[str]], None]]:
    """Closes the data to all others while this thread replaces it as a whole, and opens it again at the end.

    Gives a function that removes keys (`remove`), which must be used for that; all else is written by the services as
    usual. Everybody else gets `Resetting` from them, also in other threads. Where the block fails the data stays
    closed, better no answer than half of one, until it is replaced again. Of two who replace at once the first gets
    `Resetting`. The version at the end depends on the definitions and on `subject`, which names the data: what was
    rendered of other data is then never taken for current.

    `insist` is called once the data is closed and nothing is removed yet: where it raises, the data is opened again as
    it was. With it, data that is closed already raises `Resetting` and is left as it is.
    """
    ours = f"{versions.RESETTING}{token_hex(8)} {subject}"
    before = _close_if_open(ours) if insist else ""
    token = versions.replaced_under.set(ours)
    try:
        with catalog.apart():
            if insist:
                _close_insisting(ours, before, insist)
            else:
                _close(ours)
            yield _remove_keys
            definitions = [repr(sorted(catalog.definitions(kind).items())) for kind in catalog.KINDS]
            shard_count.write()
            final = versions.following(versions.NEVER_CHANGED, [subject, *definitions])
            if versions.swap(ours, final) != final:
                raise Resetting
    finally:
        versions.replaced_under.reset(token)
    versions.publish()
    catalog.forget()


def _close(version: str) -> None:
    with guarded():
        client().set(keys.catalog_version(), version)
    _close_shards(version)


def _close_shards(version: str) -> None:
    with guarded():
        for shard in shards.everyone():
            client().set(keys.shard_catalog_version(shard), version)
    if versions.read() != version:  # somebody else has begun since
        raise Resetting


def _close_if_open(version: str) -> str:
    """Closes the site alone, and gives the version that held. Raises `Resetting` where it is closed already."""
    for _ in range(catalog.TRIES):
        with guarded():
            before = patiently(versions.read)
        if versions.swap(before, version) == version:
            return before
    raise StoreUnavailable("The definitions are being changed.")


def _close_insisting(ours: str, before: str, insist: Callable[[], None]) -> None:
    """Closes the shards too, and opens everything again where `insist` raises."""
    try:
        _close_shards(ours)
        insist()
    except BaseException:
        versions.replaced_under.set(None)
        if versions.swap(ours, before) == before:
            versions.publish()
        raise


def _remove_keys(names: Sequence[str]) -> None:
    """Removes keys, but for the versions, while this thread replaces the data. One round trip; for some 500 keys."""
    version, version_keys = versions.replaced_under.get(), versions.by_prefix()
    groups: dict[str, list[str]] = {}
    for name in set(names).difference(version_keys.values()):
        groups.setdefault(name[: name.index("}") + 1], []).append(name)
    calls = [(prefix, [version_keys.get(prefix, ""), version, *group]) for prefix, group in groups.items()]
    if calls and versions.STALE in scripts.run("store/remove_keys", calls, repeatable=True):
        raise Resetting


def write(work: Sequence[tuple[str, Sequence[Any]]]) -> None:
    """Runs commands while this thread replaces all data: `(key prefix, words)`, the words of all its commands, before
    each command how many it has. All keys of one call begin with its prefix.

    Raises `Resetting` where somebody else has begun to replace the data since, and outside of `all_data`;
    `StoreUnavailable`, some may then have been written. One round trip; a call should take less than 5 ms.
    """
    version = versions.replaced_under.get()
    if version is None:
        raise Resetting
    version_keys = versions.by_prefix()
    calls = [(prefix, [version_keys[prefix], version, *words]) for prefix, words in work]
    if calls and versions.STALE in scripts.run("store/write_keys", calls):
        raise Resetting
