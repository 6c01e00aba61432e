"""Lua scripts: loaded once from the packages' `lua` folders, joined with the files that they name, called by SHA.

A script's second line may read `-- joins: store/keys leaderboards/entries`; those files are put in front of it.
Every call runs on one shard (or on the site's own keys): KEYS[1] is that key prefix, and all keys begin with it.
"""

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha1
from importlib.resources import files
from time import perf_counter
from typing import Any

from redis.exceptions import NoScriptError

from gamify_site.store.connection import client, guarded, patiently

FOLDERS = {
    "store": "gamify_site.store",
    "players": "gamify_site.players",
    "api": "gamify_site.api",
    "leaderboards": "leaderboards",
    "achievements": "achievements",
}
JOINS = "-- joins:"

Call = tuple[str, Sequence[Any]]  # key prefix (KEYS[1]), ARGV

# Each is told the name of every script that was run and the seconds that it took, also where it failed.
observers: list[Callable[[str, float], None]] = []


@cache
def source(name: str) -> str:
    """The text of a script such as `leaderboards/submit_scores`, with all that it joins, each file once."""
    parts: dict[str, str] = {}
    _collect(name, parts)
    return "\n".join(parts.values())


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


def run(name: str, calls: Sequence[Call], *, repeatable: bool = False) -> list[Any]:
    """Runs a script once for each `(key prefix, arguments)`, all in one pipeline; the replies come in the same order.

    `repeatable` says that running it twice does no harm, so that a broken connection may be tried again.
    Raises `StoreUnavailable`. One round trip; two when the server has forgotten the script.
    """
    began = perf_counter()
    try:
        with guarded():
            return patiently(lambda: _run(name, calls)) if repeatable else _run(name, calls)
    finally:
        for observer in observers:
            observer(name, perf_counter() - began)


def _run(name: str, calls: Sequence[Call]) -> list[Any]:
    replies = _send(name, calls)
    forgotten = [index for index, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
    if forgotten:
        client().script_load(source(name))
        for index, reply in zip(forgotten, _send(name, [calls[index] for index in forgotten]), strict=True):
            replies[index] = reply
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies


def _send(name: str, calls: Sequence[Call]) -> list[Any]:
    digest = sha(name)
    if len(calls) == 1:
        prefix, arguments = calls[0]
        try:
            return [client().evalsha(digest, 1, prefix, *arguments)]
        except NoScriptError as error:
            return [error]
    pipeline = client().pipeline(transaction=False)
    for prefix, arguments in calls:
        pipeline.execute_command("EVALSHA", digest, 1, prefix, *arguments)
    return pipeline.execute(raise_on_error=False)
