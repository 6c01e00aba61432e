"""Definitions in Redis, cached per process, and the fence that keeps stale ones from being applied.

Each definition is a hash. Every change moves the catalog's version on, on the site's key and then on each shard.
Scripts get the version that their caller knows as ARGV[1] and answer `stale` where another one holds on the shard;
the caller then reads the definitions anew and tries again. So a rule holds for every write as soon as it is saved,
at no extra round trip.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from gamify_site.store import keys, scripts, shard_count, versions
from gamify_site.store.connection import ask, client, guarded, insist_on_new_answers, patiently
from gamify_site.store.errors import StoreUnavailable

T = TypeVar("T")
Fields = dict[str, str]

KINDS = ("board", "achievement")
TRIES = 4
UNWRITTEN = b"unwritten"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All definitions as they were at one version, and what has been made of them."""

    version: str
    definitions: Mapping[str, Mapping[str, Fields]]
    derived: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Knowledge:
    """What is known of the catalog.

    `supposed` is a definition that is taken for granted although it does not hold: kind, slug, fields.
    """

    snapshot: Snapshot | None = None
    supposed: tuple[str, str, Mapping[str, str]] | None = None


_shared = _Knowledge()
_own: ContextVar[_Knowledge] = ContextVar("_own", default=_shared)
# Within `as_of_now`: whether what is known has still to be compared with what holds.
_is_unsure: ContextVar[bool | None] = ContextVar("_is_unsure", default=None)


def forget() -> None:
    """Makes the next call read the definitions anew."""
    _own.get().snapshot = None


def follow() -> None:
    """Forgets what is known where a definition has been changed since. Raises `StoreUnavailable`. One round trip."""
    if _own.get().snapshot is not None:
        (reply,) = ask([("get", keys.catalog_version())])
        follow_to(reply)


def follow_to(told: bytes | None) -> None:
    """Do the same with a version that has just been read. No round trip."""
    if _is_unsure.get():
        _is_unsure.set(False)
    known = _own.get().snapshot
    if known is not None and versions.told(told) != known.version:
        forget()


@contextmanager
def as_of_now() -> Iterator[None]:
    """Within it, read definitions that are no older than its beginning, whichever process has changed them.

    One round trip at the first use, none if they are not read. Also works as a decorator.
    """
    if _is_unsure.get() is not None:  # somebody further out has seen to it
        yield
        return
    token = _is_unsure.set(True)
    try:
        yield
    finally:
        _is_unsure.reset(token)


def current_version() -> str:
    """The version that holds, for `versions.write_if` later. Raises `StoreUnavailable`. One round trip."""
    follow()
    return snapshot().version


def snapshot() -> Snapshot:
    """What this process knows; read from Redis (5 round trips) when it knows nothing yet."""
    own = _own.get()
    if _is_unsure.get():
        _is_unsure.set(False)
        follow()
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
        following = versions.replaced_under.get() or versions.following(known.version, (kind, slug, *fields))
        told = [part for pair in made.entry.items() for part in pair]
        remembered = json.dumps({"revision": made.revision, "number": made.fields.get("revision", ""), "entry": told})
        arguments = [known.version, following, kind, slug, remembered, *fields]
        if scripts.run("store/change_definition", [(keys.site(), arguments)]) == [b"ok"]:
            is_ours = versions.publish() == following
            _own.get().snapshot = _changed(known, following, kind, slug, made.fields) if is_ours else None
            return
        forget()
    raise StoreUnavailable("The definitions are being changed.")


@contextmanager
def supposing(kind: str, slug: str, fields: Mapping[str, str]) -> Iterator[None]:
    """Within it this thread sees the definitions as they would be with this one; it must only read."""
    with apart((kind, slug, fields)):
        yield


@contextmanager
def actual() -> Iterator[None]:
    """Within it, inside `supposing`, read the definitions that hold, of the same version."""
    version = snapshot().version
    token = _own.set(_shared)
    try:
        if snapshot().version != version:
            forget()
        yield
    finally:
        _own.reset(token)


@contextmanager
def apart(supposed: tuple[str, str, Mapping[str, str]] | None = None) -> Iterator[None]:
    """Within it this thread reads the definitions anew, and what it knows is its own."""
    own = _own.set(_Knowledge(supposed=supposed))
    is_unsure = _is_unsure.set(None)  # what is known outside has still to be compared afterwards
    try:
        yield
    finally:
        _is_unsure.reset(is_unsure)
        _own.reset(own)


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


def _load() -> Snapshot:
    if versions.replaced_under.get() is None:
        shard_count.note()
    with guarded():
        for _ in range(TRIES):
            before = patiently(versions.read)
            found = patiently(_read_definitions)
            if patiently(versions.read) == before:
                return Snapshot(before, found)
    raise StoreUnavailable("The definitions are being changed.")


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
    script: str,
    work: Sequence[tuple[int, T]],
    arguments: Callable[[T], Sequence[Any]],
    *,
    repeatable: bool = False,
    prepare: Callable[[Collection[int]], None] | None = None,
) -> list[Any]:
    """Runs a fenced script for each `(shard, item)` and gives the replies in the same order.

    `arguments(item)` makes ARGV from the second on, and is asked again for the items that came back stale, so it must
    look its definitions up when it is called. `prepare(shards)` writes what a script answers `unwritten` for.
    Raises `StoreUnavailable`. One round trip while no definition changes.
    """
    replies: list[Any] = [None] * len(work)
    waiting = list(range(len(work)))
    for attempt in range(2 * TRIES if prepare else TRIES):
        version = snapshot().version
        calls = [(keys.shard(work[index][0]), [version, *arguments(work[index][1])]) for index in waiting]
        for index, reply in zip(waiting, scripts.run(script, calls, repeatable=repeatable), strict=True):
            replies[index] = reply
        unprepared = [index for index in waiting if prepare and replies[index] == UNWRITTEN]
        stale = [index for index in waiting if replies[index] == versions.STALE]
        waiting = sorted([*unprepared, *stale])
        if not waiting:
            return replies
        if prepare and unprepared:
            prepare({work[index][0] for index in unprepared})
        if stale:
            insist_on_new_answers()
            if attempt:  # a process that died while it saved a definition left a shard behind
                versions.publish()
            forget()
    raise StoreUnavailable("The definitions are being changed.")
