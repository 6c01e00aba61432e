"""Contracts of the Lua scripts: each script has a test that must pass on every kind of data store.

Where the store has users, each script is also run without each of the commands that it uses.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from importlib.resources import files
from time import time
from typing import Any
from unittest.mock import patch

from django.conf import settings
from redis import Redis

from gamify_site.store import scripts
from tests.contract.rights import can_be_tried, try_without_rights

SHORT = 0.01  # seconds, more than servers round times by

Test = Callable[..., None]


def contract(script: str) -> Callable[[Test], Test]:
    """Mark a test as the contract of a script such as `store/read_keys`; a test that does not run it fails."""

    def mark(test: Test) -> Test:
        @wraps(test)
        def run(*args: Any, **kwargs: Any) -> None:
            names: set[str] = set()

            def note(name: str, _seconds: float) -> None:
                names.add(name)

            scripts.observers.append(note)
            try:
                with patch.object(scripts, "run", _tried_without_rights(script)):
                    test(*args, **kwargs)
            finally:
                scripts.observers.remove(note)
            assert script in names, f"{script} did not run"

        run.script = script  # type: ignore[attr-defined]
        return run

    return mark


def _tried_without_rights(script: str) -> Callable[..., list[Any]]:
    """Return `scripts.run`, which tries the first call of the script without rights before it answers."""
    run, tried = scripts.run, []

    def run_or_try(name: str, calls: Sequence[scripts.Call], *, repeatable: bool = False) -> list[Any]:
        def call() -> list[Any]:
            return run(name, calls, repeatable=repeatable)

        if name != script or tried or not calls or settings.GAMIFY_SHARDS > 1 or not can_be_tried():
            return call()
        tried.append(name)
        found: list[Any] = try_without_rights(name, calls, call)
        return found

    return run_or_try


def expires_at(redis: Redis, key: str, moment: float) -> bool:
    """Return whether a key is to expire at a moment; EXPIRETIME tells, but not before Redis 7."""
    before = time()
    left = redis.pttl(key) / 1000
    return left > 0 and before + left - SHORT <= moment <= time() + left + SHORT


def callable_scripts() -> set[str]:
    """Return the names of the scripts that the services call, which are those that no other script joins."""
    names, joined = set(), set()
    for folder, package in scripts.FOLDERS.items():
        for file in (files(package) / "lua").iterdir():
            names.add(f"{folder}/{file.name.removesuffix('.lua')}")
            for line in file.read_text().splitlines():
                if line.startswith(scripts.JOINS):
                    joined.update(line.removeprefix(scripts.JOINS).split())
    return names - joined
