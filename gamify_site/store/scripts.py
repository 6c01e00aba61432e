"""Lua scripts: loaded once from the packages' `lua` folders, joined with the files that they name, called by SHA.

A script's second line may read `-- joins: store/keys leaderboards/entries`; those files are put in front of it.
Every call runs on one shard (or on the site's own keys): KEYS[1] is that key prefix, and all keys begin with it.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha1
from importlib.resources import files
from time import perf_counter
from typing import Any

from django.conf import settings
from redis.exceptions import NoScriptError

from gamify_site.store.connection import LOST, guarded, may_be_old, patiently, send

FOLDERS = {
    "store": "gamify_site.store",
    "players": "gamify_site.players",
    "api": "gamify_site.api",
    "leaderboards": "leaderboards",
    "achievements": "achievements",
}
JOINS = "-- joins:"
READS = "-- Only reads."
# A function of a file, on one line or up to the line that is `end`.
FUNCTION = re.compile(
    r"^local function (\w+)\(.*\).* end$|^local function (\w+)\(.*\)\n(?:(?!end$).*\n)*end$", re.MULTILINE
)
KEY_FUNCTION = re.compile(r"^local function (\w+_key)\(.*\) return .* end$", re.MULTILINE)
WORD = re.compile(r"\w+")

Call = tuple[str, Sequence[Any]]  # key prefix (KEYS[1]), ARGV

# Each is told the name of every script that was run and the seconds that it took, also where it failed.
observers: list[Callable[[str, float], None]] = []


@cache
def source(name: str) -> str:
    """The text of a script such as `leaderboards/submit_scores`, with all that it needs of what it joins, each once."""
    parts: dict[str, str] = {}
    _collect(name, parts)
    *joined, own = parts.values()
    return _with_key_table("\n".join([*_needed("\n".join(joined), own), own])) if joined else own


def _with_key_table(text: str) -> str:
    """The text with the functions that spell keys in one table: Lua takes 200 local variables, functions included."""
    names = KEY_FUNCTION.findall(text)
    text = re.sub(rf"\b({'|'.join(names)})\(", r"K.\1(", text)
    return "local K = {}\n" + text.replace("local function K.", "function K.")


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
def sha(name: str) -> str:
    """The SHA-1 by which Redis knows the script."""
    return sha1(source(name).encode(), usedforsecurity=False).hexdigest()


@cache
def only_reads(name: str) -> bool:
    """Whether the script says of itself that it writes nothing; the server holds it to that on replicas."""
    folder, _, file = name.partition("/")
    return READS in (files(FOLDERS[folder]) / "lua" / f"{file}.lua").read_text().splitlines()


def run(name: str, calls: Sequence[Call], *, repeatable: bool = False) -> list[Any]:
    """Runs a script once for each `(key prefix, arguments)`, all at once; the replies come in the same order.

    `repeatable` says that running it twice does no harm, so that a broken connection may be tried again.
    Raises `StoreUnavailable`. One round trip; two when the server has forgotten the script.
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
    finally:
        for observer in observers:
            observer(name, perf_counter() - began)


def _run(name: str, calls: Sequence[Call], *, replicas: bool) -> list[Any]:
    suffix = "_RO" if replicas else ""
    copies = 0 if only_reads(name) else settings.GAMIFY_WAIT_REPLICAS
    known = [(f"EVALSHA{suffix}", sha(name), 1, prefix, *arguments) for prefix, arguments in calls]
    replies = send(known, copies=copies, replicas=replicas)
    forgotten = [index for index, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
    if forgotten:
        told = [(f"EVAL{suffix}", source(name), *known[index][2:]) for index in forgotten]
        for index, reply in zip(forgotten, send(told, copies=copies, replicas=replicas), strict=True):
            replies[index] = reply
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies
