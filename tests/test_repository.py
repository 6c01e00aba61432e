"""What must hold for every file of the repository."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("manage.py", "gamify_site", "leaderboards", "achievements")
EVERYTHING = (
    *PRODUCT, "tests", "templates", "static", "docs", ".ci", "Makefile", "README.md", "CHANGELOG.md",
    "constraints.txt", "pyproject.toml", ".gitignore",
)  # fmt: skip
TEXT = {".py", ".lua", ".html", ".css", ".js", ".svg", ".md", ".txt", ".toml", ".json", ".yml", ""}


def files(*parts: str) -> Iterator[Path]:
    """All text files of some parts of the repository, but for this one."""
    for part in parts:
        path = ROOT / part
        for file in [path] if path.is_file() else path.rglob("*"):
            if file.is_file() and file.suffix in TEXT and "__pycache__" not in file.parts and file != Path(__file__):
                yield file


def occurrences(pattern: str, *parts: str, suffix: str = "") -> list[str]:
    """Return the lines that match a pattern, as `file:line: text`, in all text files or in those with a suffix."""
    return [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in files(*parts)
        if file.name.endswith(suffix)
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_the_cache_is_never_cleared() -> None:
    """In django-redis that would be FLUSHDB, and take all data along."""
    assert occurrences(r"\bcaches?\b.*\.clear\(", *PRODUCT) == []


def test_nothing_touches_all_keys_of_a_server(subtests: pytest.Subtests) -> None:
    for pattern in (
        r"(?i)\.flush(db|all)\(",
        r"(?i)[\"']flush(db|all)[\"']",
        r"(?i)(call|execute_command)\(\s*[\"'](keys|flushdb|flushall)[\"']",
        r"(client\(\)|redis|connection|pipeline|probe)\.keys\(",
    ):
        with subtests.test(pattern):
            assert occurrences(pattern, *PRODUCT) == []


def test_no_address_of_a_package_index_anywhere() -> None:
    assert occurrences(r"(?i)index-url|find-links|pypi\.|/pypi|/simple/|pythonhosted|file:///", *EVERYTHING) == []


def test_keys_are_spelled_in_keys_py_alone() -> None:
    """Python builds no key from a prefix anywhere else."""
    elsewhere = [line for line in occurrences(r"keys\.(site|shard)\([^)]*\)\}", *PRODUCT) if "/keys.py" not in line]
    assert elsewhere == []


def test_scripts_take_keys_from_the_shared_file_alone() -> None:
    """Lua holds no part of a key outside keys.lua, which a test compares with Python."""
    spelled = occurrences(r"(KEYS\[1\]|\b(site|shard|prefix)) ?\.\.|[\"']:\w", *PRODUCT, suffix=".lua")
    shared = "gamify_site/store/lua/keys.lua:"
    assert [line for line in spelled if not line.startswith(shared)] == []
    assert any(line.startswith(shared) for line in spelled)
