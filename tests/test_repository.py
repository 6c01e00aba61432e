"""What must hold for every file of the repository."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lupa import lua51

from gamify_site.store import keys

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("manage.py", "gamify_site", "leaderboards", "achievements")
EVERYTHING = (
    *PRODUCT, "tests", "templates", "static", "docs", ".ci", "Makefile", "README.md", "CHANGELOG.md",
    "constraints.txt", "pyproject.toml", ".gitignore",
)  # fmt: skip
TEXT = {".py", ".lua", ".html", ".css", ".js", ".svg", ".md", ".txt", ".toml", ".json", ".yml", ""}
OTHER_NAMES = {"catalog_version": "shard_catalog_version"}  # in Lua → in Python


def files(*parts: str) -> Iterator[Path]:
    """All text files of some parts of the repository, but for this one."""
    for part in parts:
        path = ROOT / part
        for file in [path] if path.is_file() else path.rglob("*"):
            if file.is_file() and file.suffix in TEXT and "__pycache__" not in file.parts and file != Path(__file__):
                yield file


def occurrences(pattern: str, *parts: str) -> list[str]:
    """Where a pattern occurs: `file:line: text`."""
    return [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in files(*parts)
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_the_cache_is_never_cleared() -> None:
    """In django-redis that would be FLUSHDB, and take all data along."""
    assert occurrences(r"\bcaches?\b.*\.clear\(", *PRODUCT) == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?i)\.flush(db|all)\(",
        r"(?i)[\"']flush(db|all)[\"']",
        r"(?i)(call|execute_command)\(\s*[\"'](keys|flushdb|flushall)[\"']",
        r"(client\(\)|redis|connection|pipeline|probe)\.keys\(",
    ],
)
def test_nothing_touches_all_keys_of_a_server(pattern: str) -> None:
    assert occurrences(pattern, *PRODUCT) == []


def test_no_address_of_a_package_index_anywhere() -> None:
    assert occurrences(r"(?i)index-url|find-links|pypi\.|/pypi|/simple/|pythonhosted|file:///", *EVERYTHING) == []


def test_lua_spells_every_key_as_python_does() -> None:
    source = (ROOT / "gamify_site/store/lua/keys.lua").read_text()
    functions = re.findall(r"^local function (\w+)_key\((.*?)\)", source, re.MULTILINE)
    table = ", ".join(f"{name} = {name}_key" for name, _ in functions)
    lua = lua51.LuaRuntime().execute(f"{source}\nreturn {{ {table} }}")
    assert functions
    for name, parameters in functions:
        arguments = [f"a{index}" for index, _ in enumerate(parameters.split(",")[1:])]
        in_python = getattr(keys, OTHER_NAMES.get(name, name))(3, *arguments)
        assert lua[name](keys.shard(3), *arguments) == in_python


def test_keys_are_spelled_in_keys_py_alone() -> None:
    """Python builds no key from a prefix anywhere else."""
    elsewhere = [line for line in occurrences(r"keys\.(site|shard)\([^)]*\)\}", *PRODUCT) if "/keys.py" not in line]
    assert elsewhere == []
