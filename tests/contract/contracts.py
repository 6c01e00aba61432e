"""Contracts of the Lua scripts: each script has a test that must pass on every kind of data store."""

from collections.abc import Callable
from functools import wraps
from importlib.resources import files
from typing import Any

from gamify_site.store import scripts

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
                test(*args, **kwargs)
            finally:
                scripts.observers.remove(note)
            assert script in names, f"{script} did not run"

        run.script = script  # type: ignore[attr-defined]
        return run

    return mark


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
