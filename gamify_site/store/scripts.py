"""Lua scripts: loaded once from the packages' `lua` folders, joined with the files that they name, called by SHA.

A script's second line may read `-- joins: store/keys leaderboards/entries`; those files are put in front of it.
Every call runs on one shard (or on the site's own keys): KEYS[1] is that key prefix, and all keys begin with it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha1
from importlib.resources import files
from math import inf
from threading import Event
from time import monotonic, perf_counter
from typing import Any

from django.conf import settings
from redis.exceptions import NoScriptError, ResponseError

from gamify_site.store import keys
from gamify_site.store.connection import LOST, guarded, may_be_old, patiently, send
from gamify_site.store.errors import NotAllowed

FOLDERS = {
    "store": "gamify_site.store",
    "players": "gamify_site.players",
    "api": "gamify_site.api",
    "leaderboards": "leaderboards",
    "achievements": "achievements",
}
JOINS = "-- joins:"
READS = "-- Only reads."
NEEDS_NO_WRITE = "-- Does without its writes."
WRITES_DERIVED = "-- Can be written anew."  # so that no replica need have it
# A function of a file, on one line or up to the line that is `end`.
FUNCTION = re.compile(
    r"^local function (\w+)\(.*\).* end$|^local function (\w+)\(.*\)\n(?:(?!end$).*\n)*end$", re.MULTILINE
)
WORD = re.compile(r"\w+")
COMMENT = re.compile(r"--.*")
# A command that a script runs; of XINFO the subcommand too.
COMMAND = re.compile(r"(?:redis\.p?call|read_all|write_all)\(\s*'(XINFO', '\w+|\w+)'")
NEWS = {"PUBLISH", "SPUBLISH"}  # lost without harm: readers ask again
READING = frozenset({
    "BITCOUNT", "EXISTS", "GET", "HGET", "HGETALL", "HKEYS", "HLEN", "HMGET", "SCARD", "SISMEMBER", "SMEMBERS",
    "SMISMEMBER", "TTL", "XINFO|STREAM", "XRANGE", "XREVRANGE", "ZCARD", "ZCOUNT", "ZMSCORE", "ZRANGE",
    "ZRANGEBYLEX", "ZRANGEBYSCORE", "ZREVRANGE", "ZREVRANK", "ZSCORE",
})  # fmt: skip
# In front of a script that writes: whether its user may run all of its commands, before the first of them. That takes a
# tenth of a short script's time, so that those that only read are left out where there is no KEYS[2]. Servers before
# Redis 7 cannot tell, see `_call_unchecked`; later ones crash where a user may use some keys only and none is named.
CHECK = """do
  local may, key = redis.acl_check_cmd, KEYS[1]
  if not may then return redis.error_reply('UNCHECKED') end
  if not (%s) or KEYS[2] and not (%s) then return redis.error_reply("NOPERM can't run this command") end
end
"""
UNCHECKED = "UNCHECKED"
# Seconds for which a process believes that its user may still read; and all else on a server that cannot check it.
KNOWN_FOR, KNOWN_FOR_LONG = 0.1, 10.0
FIND_MISSING = "store/find_missing_rights"
CHANNELS = "&*"  # the rule of ACL SETUSER for publishing

Call = tuple[str, Sequence[Any]]  # key prefix (KEYS[1]), ARGV

# Each is told the name of every script that was run and the seconds that it took, also where it failed.
observers: list[Callable[[str, float], None]] = []


def names() -> list[str]:
    """The names of all files, those too that others join."""
    return [
        f"{folder}/{file.name.removesuffix('.lua')}"
        for folder, package in FOLDERS.items()
        for file in (files(package) / "lua").iterdir()
        if file.name.endswith(".lua")
    ]


@cache
def source(name: str, *, is_checked: bool = True) -> str:
    """The text of a script such as `leaderboards/submit_scores`, with all that it needs of what it joins, each once.

    `is_checked`: one that writes looks at the rights of its user first.
    """
    parts: dict[str, str] = {}
    _collect(name, parts)
    *joined, own = parts.values()
    text = "\n".join([*_needed("\n".join(joined), own), own])
    if is_checked and _writes(name):
        reading = READING.intersection(commands(name))
        text = CHECK % (_may(set(commands(name)) - reading), _may(reading)) + text
    return text


def _may(wanted: Iterable[str]) -> str:
    return " and ".join(f"may('{command}', key)".replace("|", "', '") for command in sorted(wanted)) or "true"


def _writes(name: str) -> bool:
    """Whether it changes something; what is only published does not."""
    return not only_reads(name) and bool(commands(name))


@cache
def commands(name: str) -> tuple[str, ...]:
    """The commands that the script cannot do without, as rules of ACL SETUSER name them."""
    text = COMMENT.sub("", source(name, is_checked=False))
    found = {command.replace("', '", "|") for command in COMMAND.findall(text)}
    return tuple(sorted(found - NEWS))


def _needed(joined: str, own: str) -> list[str]:
    """The joined files without the functions that nobody calls: each call of a script makes all of its functions anew,
    which would be a good part of a short one's time."""
    functions = {found[1] or found[2]: found[0] for found in FUNCTION.finditer(joined)}
    words = {name: set(WORD.findall(text)) for name, text in functions.items()}
    needed = set(WORD.findall(FUNCTION.sub("", joined) + own))
    while found := {word for name in needed & words.keys() for word in words[name]} - needed:
        needed |= found
    return [FUNCTION.sub(lambda it: it[0] if (it[1] or it[2]) in needed else "", joined)] if joined else []


def _collect(name: str, parts: dict[str, str]) -> None:
    folder, _, file = name.partition("/")
    text = (files(FOLDERS[folder]) / "lua" / f"{file}.lua").read_text()
    for line in text.splitlines()[:3]:
        if line.startswith(JOINS):
            for joined in line.removeprefix(JOINS).split():
                if joined not in parts:
                    _collect(joined, parts)
    parts[name] = text


@cache
def sha(name: str, *, is_checked: bool = True) -> str:
    """The SHA-1 by which Redis knows the script."""
    return sha1(source(name, is_checked=is_checked).encode(), usedforsecurity=False).hexdigest()


@cache
def only_reads(name: str) -> bool:
    """Whether the script says of itself that it writes nothing; the server holds it to that on replicas."""
    return READS in _lines(name)


@cache
def may_be_refused(name: str) -> bool:
    """Whether the script says of itself that it does without what it writes."""
    return NEEDS_NO_WRITE in _lines(name)


def _lines(name: str) -> list[str]:
    folder, _, file = name.partition("/")
    return (files(FOLDERS[folder]) / "lua" / f"{file}.lua").read_text().splitlines()


def run(name: str, calls: Sequence[Call], *, repeatable: bool = False) -> list[Any]:
    """Runs a script once for each `(key prefix, arguments)`, all at once; the replies come in the same order.

    `repeatable` says that running it twice does no harm, so that a broken connection may be tried again.
    Raises `StoreUnavailable`, and `NotAllowed` with the rights that are missing; a call then has changed nothing. One
    round trip; two when the server has forgotten the script.
    """
    began = perf_counter()
    try:
        with guarded():
            if not repeatable:
                return _run(name, calls, replicas=False)
            if may_be_old() and only_reads(name):
                with suppress(*LOST):
                    return _run(name, calls, replicas=True)
            return patiently(lambda: _run(name, calls, replicas=False))
    except NotAllowed as error:
        _allowed.clear()
        if error.rights or name == FIND_MISSING:
            raise
        raise NotAllowed(missing_rights([prefix for prefix, _ in calls])) from None
    finally:
        for observer in observers:
            observer(name, perf_counter() - began)


def _run(name: str, calls: Sequence[Call], *, replicas: bool) -> list[Any]:
    prefixes = [prefix for prefix, _ in calls]
    if not _writes(name):
        replies = _call(name, calls, replicas=replicas)
    elif _cannot_check.is_set():
        replies = _call_unchecked(name, calls)
    else:
        is_new = bool(_unknown(name, prefixes, KNOWN_FOR))
        replies = _call(name, calls, is_read_checked=is_new)
        unchecked = [index for index, reply in enumerate(replies) if _is_unchecked(reply)]
        if unchecked:
            _cannot_check.set()
            told = _call_unchecked(name, [calls[index] for index in unchecked])
            for index, reply in zip(unchecked, told, strict=True):
                replies[index] = reply
        elif is_new:
            _note(name, prefixes)
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies


def _call(
    name: str,
    calls: Sequence[Call],
    *,
    replicas: bool = False,
    is_checked: bool = True,
    is_read_checked: bool = False,
) -> list[Any]:
    suffix = "_RO" if replicas else ""
    how: dict[str, Any] = {
        "copies": settings.GAMIFY_WAIT_REPLICAS if _writes(name) and WRITES_DERIVED not in _lines(name) else 0,
        "replicas": replicas,
        "fenced": not is_checked and not may_be_refused(name),
    }
    digest, times = sha(name, is_checked=is_checked), 2 if is_read_checked else 1
    known = [(f"EVALSHA{suffix}", digest, times, *[prefix] * times, *arguments) for prefix, arguments in calls]
    replies = send(known, **how)
    forgotten = [index for index, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
    if forgotten:
        told = [(f"EVAL{suffix}", source(name, is_checked=is_checked), *known[index][2:]) for index in forgotten]
        for index, reply in zip(forgotten, send(told, **how), strict=True):
            replies[index] = reply
    return replies


def _call_unchecked(name: str, calls: Sequence[Call]) -> list[Any]:
    """On a server whose scripts cannot check what their user may do that is asked before. Raises `NotAllowed`."""
    if unknown := _unknown(name, [prefix for prefix, _ in calls], KNOWN_FOR_LONG):
        if missing := missing_rights(unknown, commands(name)):
            raise NotAllowed(missing)
        _note(name, unknown)
    return _call(name, calls, is_checked=False)


def _is_unchecked(reply: Any) -> bool:
    return isinstance(reply, ResponseError) and str(reply) == UNCHECKED


# Rights


_cannot_check = Event()  # set once a server has said that its scripts cannot check what their user may do
_allowed: dict[tuple[str, str], float] = {}  # script and key prefix → when all of its commands were found to be allowed


def forget() -> None:
    """Forgets what servers can do and what their users may do."""
    _cannot_check.clear()
    _allowed.clear()


def _unknown(name: str, prefixes: Sequence[str], life: float) -> list[str]:
    since = monotonic() - life
    return [prefix for prefix in prefixes if _allowed.get((name, prefix), -inf) < since]


def _note(name: str, prefixes: Sequence[str]) -> None:
    _allowed.update(dict.fromkeys(((name, prefix) for prefix in prefixes), monotonic()))


@cache
def _all_that_is_needed() -> tuple[str, ...]:
    return (*sorted({command for name in names() for command in commands(name)}), CHANNELS)


def missing_rights(prefixes: Sequence[str], wanted: Sequence[str] = ()) -> list[str]:
    """The rules of ACL SETUSER that grant what the data store's user lacks of some commands, or of all that scripts do.

    Raises `StoreUnavailable`. One round trip.
    """
    calls = [(prefix, [keys.probe(prefix), *(wanted or _all_that_is_needed())]) for prefix in prefixes]
    missing = {command for reply in run(FIND_MISSING, calls, repeatable=True) for command in reply}
    return sorted(
        command.decode() if command.startswith(b"&") else f"+{command.decode().lower()}" for command in missing
    )
