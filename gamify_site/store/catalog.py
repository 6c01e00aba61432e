"""Definitions in Redis, cached per process, and the fence that keeps stale ones from being applied.

Each definition is a hash. Every change moves the catalog's version on, on the site's key and then on each shard.
Scripts get the version that their caller knows as ARGV[1] and answer `stale` where another one holds on the shard;
the caller then reads the definitions anew and tries again. So a rule holds for every write as soon as it is saved,
at no extra round trip.

While all data is being replaced the version is `resetting-… <by what>`: only the thread that replaces it, which made
that version up, reads and writes under it; for everybody else the data is closed.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_hex
from typing import Any, NamedTuple, TypeVar

from gamify_site.store import keys, scripts, shards
from gamify_site.store.connection import ask, client, guarded, insist_on_new_answers, patiently
from gamify_site.store.errors import Resetting, StoreUnavailable, WrongShards

T = TypeVar("T")
Fields = dict[str, str]

RESETTING = "resetting-"
NEVER_CHANGED = "0"
KINDS = ("board", "achievement")
STALE = b"stale"
TRIES = 4


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All definitions as they were at one version, and what has been made of them."""

    version: str
    definitions: Mapping[str, Mapping[str, Fields]]
    derived: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Knowledge:
    """What is known of the catalog, and the version under which its owner replaces all data, if it does.

    `supposed` is a definition that its owner takes for granted although it does not hold: kind, slug, fields.
    """

    snapshot: Snapshot | None = None
    replacing: str | None = None
    supposed: tuple[str, str, Mapping[str, str]] | None = None


_shared = _Knowledge()
_own: ContextVar[_Knowledge] = ContextVar("_own", default=_shared)


def forget() -> None:
    """Makes the next call read the definitions anew."""
    _own.get().snapshot = None


def follow() -> None:
    """Forgets what is known where a definition has been changed since. Raises `StoreUnavailable`. One round trip."""
    known = _own.get().snapshot
    if known is not None:
        (version,) = ask([("get", keys.catalog_version())])
        if (version or NEVER_CHANGED.encode()).decode() != known.version:
            forget()


def current_version() -> str:
    """The version that holds, for what is written by `write_if` later. Raises `StoreUnavailable`. One round trip."""
    follow()
    return snapshot().version


def snapshot() -> Snapshot:
    """What this process knows; read from Redis (6 round trips) when it knows nothing yet."""
    own = _own.get()
    known = own.snapshot
    if known is None:
        known = _load()
        if own.supposed:
            known = _changed(known, known.version, *own.supposed)
        own.snapshot = known
    return known


def definitions(kind: str) -> Mapping[str, Fields]:
    """All definitions of a kind: slug → fields."""
    return snapshot().definitions[kind]


def derived(name: str, make: Callable[[], T]) -> T:
    """What `make` gives, kept until a definition changes."""
    known = snapshot()
    if name not in known.derived:
        known.derived[name] = make()
    value: T = known.derived[name]
    return value


class Change(NamedTuple):
    """What becomes of a definition: its fields, none to remove it.

    With `revision`, a text, these are kept in its history under the number in their field `revision`; `entry` are the
    fields of the audit log's entry, none where nobody is named.
    """

    fields: Mapping[str, str]
    revision: str = ""
    entry: Mapping[str, str] = {}


def change(kind: str, slug: str, make: Callable[[], Change]) -> None:
    """Writes or removes one definition as a whole and lets that hold everywhere, its history and the log with it.

    `make` looks at the definitions as they are then, and may refuse by raising; it is asked again where another one
    has been changed in the meantime. Raises what `make` does, `StoreUnavailable`. Two round trips.
    """
    for _ in range(TRIES):
        known = snapshot()
        made = make()
        if _own.get().snapshot is not known:
            continue
        fields = [part for pair in sorted(made.fields.items()) for part in pair]
        following = _own.get().replacing or _next_version(known.version, (kind, slug, *fields))
        told = [part for pair in made.entry.items() for part in pair]
        remembered = json.dumps({"revision": made.revision, "number": made.fields.get("revision", ""), "entry": told})
        arguments = [known.version, following, kind, slug, remembered, *fields]
        if scripts.run("store/change_definition", [(keys.site(), arguments)]) == [b"ok"]:
            if publish() == following:
                _own.get().snapshot = _changed(known, following, kind, slug, made.fields)
            return
        forget()
    raise StoreUnavailable("The definitions are being changed.")


@contextmanager
def supposing(kind: str, slug: str, fields: Mapping[str, str]) -> Iterator[None]:
    """Within it this thread sees the definitions as they would be with this one; it must only read."""
    token = _own.set(_Knowledge(supposed=(kind, slug, fields)))
    try:
        yield
    finally:
        _own.reset(token)


def history(kind: str, slug: str) -> dict[int, str]:
    """The revisions that are kept of a definition: number → text. Raises `StoreUnavailable`. One round trip."""
    return histories(kind, [slug])[0]


def histories(kind: str, slugs: Sequence[str]) -> list[dict[int, str]]:
    """The same of several definitions, at least one. One round trip for all."""
    answers = ask([("hgetall", keys.revisions(kind, slug)) for slug in slugs])
    return [{int(number): text.decode() for number, text in found.items()} for found in answers]


def _changed(known: Snapshot, version: str, kind: str, slug: str, fields: Mapping[str, str]) -> Snapshot:
    """What is known after a change, without reading everything again."""
    others = {name: found for name, found in known.definitions[kind].items() if name != slug}
    changed = {slug: dict(fields)} if fields else {}
    return Snapshot(version, {**known.definitions, kind: others | changed})


def _next_version(known: str, change: Sequence[str]) -> str:
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
        version = patiently(_read_version)
    calls = [
        (keys.shard(shard), [keys.shard_catalog_version(shard), found, version])
        for shard, found in held.items()
        if found != version
    ]
    if calls:
        scripts.run("store/swap_version", calls, repeatable=True)
    forget()
    return version


def _read_shard_versions() -> list[str]:
    def read() -> list[bytes | None]:
        pipeline = client().pipeline(transaction=False)
        for shard in shards.everyone():
            pipeline.get(keys.shard_catalog_version(shard))
        found: list[bytes | None] = pipeline.execute()
        return found

    with guarded():
        return [(version or NEVER_CHANGED.encode()).decode() for version in patiently(read)]


@contextmanager
def replacing(subject: str, insist: Callable[[], None] | None = None) -> Iterator[Callable[[Sequence[str]], None]]:
    """Closes the data to all others while this thread replaces it as a whole, and opens it again at the end.

    Gives a function that removes keys (`remove`), which must be used for that; all else is written by the services as
    usual. Everybody else gets `Resetting` from them, also in other threads. Where the block fails the data stays
    closed, better no answer than half of one, until it is replaced again. Of two who replace at once the first gets
    `Resetting`. The version at the end depends on the
    definitions and on `subject`, which names the data: what was rendered of other data is then never taken for current.

    `insist` is called once the data is closed and nothing is removed yet: where it raises, the data is opened again as
    it was. With it, data that is closed already raises `Resetting` and is left as it is.
    """
    own = _Knowledge(replacing=f"{RESETTING}{token_hex(8)} {subject}")
    before = _close_if_open(str(own.replacing)) if insist else ""
    token = _own.set(own)
    try:
        if insist:
            _close_insisting(own, before, insist)
        else:
            _close(str(own.replacing))
        yield _remove_keys
        definitions = snapshot().definitions
        with guarded():
            client().set(keys.shard_count(), shards.count())
        final = _next_version(NEVER_CHANGED, [subject, *(repr(sorted(definitions[kind].items())) for kind in KINDS)])
        if _swap_site_version(str(own.replacing), final) != final:
            raise Resetting
    finally:
        _own.reset(token)
    publish()


def _close(version: str) -> None:
    with guarded():
        client().set(keys.catalog_version(), version)
    _close_shards(version)


def _close_shards(version: str) -> None:
    with guarded():
        for shard in shards.everyone():
            client().set(keys.shard_catalog_version(shard), version)
    if _read_version() != version:  # somebody else has begun since
        raise Resetting


def _close_if_open(version: str) -> str:
    """Closes the site alone, and gives the version that held. Raises `Resetting` where it is closed already."""
    for _ in range(TRIES):
        with guarded():
            before = patiently(_read_version)
        if _swap_site_version(before, version) == version:
            return before
    raise StoreUnavailable("The definitions are being changed.")


def _close_insisting(own: _Knowledge, before: str, insist: Callable[[], None]) -> None:
    """Closes the shards too, and opens everything again where `insist` raises."""
    version = str(own.replacing)
    try:
        _close_shards(version)
        insist()
    except BaseException:
        own.replacing = None
        if _swap_site_version(version, before) == before:
            publish()
        raise


def _swap_site_version(found: str, new: str) -> str:
    (held,) = scripts.run("store/swap_version", [(keys.site(), [keys.catalog_version(), found, new])])
    return str(held.decode())


def _remove_keys(names: Sequence[str]) -> None:
    """Removes keys, but for the versions, while this thread replaces the data. One round trip; for some 500 keys."""
    version_keys = {keys.shard(shard): keys.shard_catalog_version(shard) for shard in shards.everyone()}
    version_keys[keys.site()] = keys.catalog_version()
    version = _own.get().replacing
    groups: dict[str, list[str]] = {}
    for name in set(names).difference(version_keys.values()):
        groups.setdefault(name[: name.index("}") + 1], []).append(name)
    calls = [(prefix, [version_keys.get(prefix, ""), version, *group]) for prefix, group in groups.items()]
    if calls and STALE in scripts.run("store/remove_keys", calls, repeatable=True):
        raise Resetting


def write(work: Sequence[tuple[str, Sequence[Any]]]) -> None:
    """Runs commands while this thread replaces all data: `(key prefix, words)`, the words of all its commands, before
    each command how many it has. All keys of one call begin with its prefix.

    Raises `Resetting` where somebody else has begun to replace the data since, and outside of `replacing`;
    `StoreUnavailable`, some may then have been written. One round trip; a call should take less than 5 ms.
    """
    version = _own.get().replacing
    if version is None:
        raise Resetting
    calls = [(prefix, [_version_key(prefix), version, *words]) for prefix, words in work]
    if calls and STALE in scripts.run("store/write_keys", calls):
        raise Resetting


def write_if(version: str, prefix: str, *command: Any) -> Any:
    """Runs a command on keys with this prefix, and gives its reply; None where `version` does not hold there any more,
    nothing is written then. What `current_version` told before the data was read keeps out of data that has been
    replaced since what was made of the old one. Raises `StoreUnavailable`. One round trip.
    """
    (reply,) = scripts.run("store/write_keys", [(prefix, [_version_key(prefix), version, len(command), *command])])
    return None if reply == STALE else reply


def _version_key(prefix: str) -> str:
    return keys.catalog_version() if prefix == keys.site() else f"{prefix}:catalog_version"


def insist_on_open_data() -> None:
    """Raises `Resetting` where somebody else replaces all data: what is not written by a fenced script would be lost.

    Raises `StoreUnavailable`. One round trip.
    """
    with guarded():
        patiently(_read_version)


def check_shards() -> None:
    """Raises `WrongShards` where there are players on another number of shards than GAMIFY_SHARDS says.

    Raises `StoreUnavailable`. One round trip; two where the number differs.
    """
    held = _held_shards()
    if held not in (0, shards.count()) and any(ask([("zcard", keys.players(shard)) for shard in range(held)])):
        raise WrongShards(held, shards.count())


def _held_shards() -> int:
    """On how many shards the data says that it lies; 0 where it does not say so yet."""
    with guarded():
        return int(patiently(lambda: client().get(keys.shard_count())) or 0)


def _note_shards() -> None:
    """Lets the data say on how many shards it lies, before anything is written to it."""
    if _own.get().replacing is None:
        check_shards()
        if _held_shards() != shards.count():
            with guarded():
                client().set(keys.shard_count(), shards.count())


def _load() -> Snapshot:
    _note_shards()
    with guarded():
        for _ in range(TRIES):
            before = patiently(_read_version)
            found = patiently(_read_definitions)
            if patiently(_read_version) == before:
                return Snapshot(before, found)
    raise StoreUnavailable("The definitions are being changed.")


def _read_version() -> str:
    value: Any = client().get(keys.catalog_version())
    found = str((value or NEVER_CHANGED.encode()).decode())
    replacing = _own.get().replacing
    if found != replacing and (replacing is not None or found.startswith(RESETTING)):
        raise Resetting(found.partition(" ")[2])
    return found


def _read_definitions() -> dict[str, dict[str, Fields]]:
    pipeline = client().pipeline(transaction=False)
    for kind in KINDS:
        pipeline.smembers(keys.definitions(kind))
    slugs = [(kind, slug.decode()) for kind, found in zip(KINDS, pipeline.execute(), strict=True) for slug in found]
    for kind, slug in slugs:
        pipeline.hgetall(keys.definition(kind, slug))
    result: dict[str, dict[str, Fields]] = {kind: {} for kind in KINDS}
    for (kind, slug), fields in zip(slugs, pipeline.execute(), strict=True):
        if fields:
            result[kind][slug] = {name.decode(): value.decode() for name, value in fields.items()}
    return result


def run(
    script: str, work: Sequence[tuple[int, T]], arguments: Callable[[T], Sequence[Any]], *, repeatable: bool = False
) -> list[Any]:
    """Runs a fenced script for each `(shard, item)` and gives the replies in the same order.

    `arguments(item)` makes ARGV from the second on, and is asked again for the items that came back stale, so it must
    look its definitions up when it is called. Raises `StoreUnavailable`. One round trip while no definition changes.
    """
    replies: list[Any] = [None] * len(work)
    waiting = list(range(len(work)))
    for attempt in range(TRIES):
        version = snapshot().version
        calls = [(keys.shard(work[index][0]), [version, *arguments(work[index][1])]) for index in waiting]
        for index, reply in zip(waiting, scripts.run(script, calls, repeatable=repeatable), strict=True):
            replies[index] = reply
        waiting = [index for index in waiting if replies[index] == STALE]
        if not waiting:
            return replies
        insist_on_new_answers()
        if attempt:  # a process that died while it saved a definition left a shard behind
            publish()
        forget()
    raise StoreUnavailable("The definitions are being changed.")
