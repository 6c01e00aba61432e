"""Only its owner reads the data folder: it holds session ids and hashes of passwords."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gamify_site import environment
from gamify_site.store import embedded
from tests.ops.test_embedded import connect


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Make files with this umask within it."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def readable_by_others(folder: Path) -> list[str]:
    """Return what other users can read, write or enter: the folder itself and everything in it."""
    found = [folder, *folder.rglob("*")]
    return [f"{path.name} {path.stat().st_mode & 0o777:o}" for path in found if path.stat().st_mode & 0o077]


def test_new_data_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    with umask(0), embedded.running(folder):
        connect(folder).set("a", "1")
        names = {path.name for path in folder.rglob("*")}
        assert {"redis.sock", "redis.log", "appendonlydir"} <= names
        assert readable_by_others(folder) == []
    assert readable_by_others(folder) == []


def test_data_folder_that_exists_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    with embedded.running(folder):
        connect(folder).set("a", "1")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    with embedded.running(folder):
        assert readable_by_others(folder) == []
        assert connect(folder).get("a") == b"1"


def test_socket_beside_a_long_path_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    with umask(0), embedded.running(folder):
        socket = embedded.socket_path(folder)
        assert socket.parent != folder
        assert socket.stat().st_mode & 0o077 == 0


def test_folder_that_all_users_share_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(environment.BadEnvironment, match="shared by all users"):
        embedded.running(tmp_path).__enter__()
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


def test_links_in_the_data_folder_open_and_close_nothing_elsewhere(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "var", tmp_path / "elsewhere"
    elsewhere.touch(mode=0o644)
    folder.mkdir()
    (folder / "redis.link").symlink_to(elsewhere)
    with embedded.running(folder):
        assert elsewhere.stat().st_mode & 0o777 == 0o644


def test_secret_of_the_demo_makes_a_folder_closed_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAMIFY_SECRET_KEY", raising=False)
    with umask(0):
        assert environment.secret_key("GAMIFY_SECRET_KEY", tmp_path / "var")
    assert readable_by_others(tmp_path / "var") == []
