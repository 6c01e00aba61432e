"""What an operator gets wrong is one line that says what to do, and nothing is started, changed or hidden by it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings
from redis import Redis

from gamify_site.api import keys
from gamify_site.store import catalog, embedded, shard_count
from tests.builders import make_board
from tests.conftest import Store
from tests.servers import Private
from tests.sites import Site

SECRET = "a secret of these tests that is long enough"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "var")
    site.environment["GAMIFY_SECRET_KEY"] = SECRET
    yield site
    site.kill()


def refusal(site: Site, *arguments: str, **environment: str) -> str:
    """Run a command that must fail with one line; return the line."""
    if arguments == ("serve",):
        arguments = ("serve", "--port", str(site.port), "--live-port", str(site.live_port))
    failed = site.run(*arguments, **environment)
    assert failed.returncode == 1, failed.stderr
    assert len(failed.stderr.splitlines()) == 1, failed.stderr
    return failed.stderr


@pytest.fixture
def guarded_server(private_server: Callable[[str], Private]) -> Iterator[Private]:
    """A server that wants a password."""
    server = private_server("valkey")
    with Redis.from_url(server.url) as redis:
        redis.config_set("requirepass", "hush")
        yield server
        redis.config_set("requirepass", "")


@pytest.mark.parametrize("command", [("check_integrity",), ("serve",)])
def test_wrong_password_or_database_names_the_setting(
    site: Site, guarded_server: Private, command: tuple[str, ...], subtests: pytest.Subtests
) -> None:
    for query, reason in (
        ("", "user name or password"),
        ("?password=wrong", "user name or password"),
        ("?password=hush&db=99", "no database with the number"),
    ):
        with subtests.test(query=query):
            line = refusal(site, *command, GAMIFY_REDIS_URL=f"unix://{guarded_server.socket}{query}")
            assert reason in line
            assert "GAMIFY_REDIS_URL" in line
            assert "hush" not in line


@pytest.mark.parametrize("command", [("check_integrity",), ("serve",)])
def test_data_folder_that_cannot_be_used_is_named(
    site: Site, tmp_path: Path, command: tuple[str, ...], subtests: pytest.Subtests
) -> None:
    (tmp_path / "file").touch()
    for folder, reason in ((tmp_path / "file", "is a file"), (Path("/proc/gamify"), "that this user owns")):
        with subtests.test(folder=folder):
            line = refusal(site, *command, GAMIFY_DATA_DIR=str(folder))
            assert line.startswith(f"GAMIFY_DATA_DIR cannot be used: {folder}")
            assert reason in line


@pytest.fixture
def appended(tmp_path: Path) -> Path:
    """The folder of an append-only file with a little data."""
    folder = tmp_path / "var"
    with embedded.running(folder), Redis(unix_socket_path=str(embedded.socket_path(folder))) as redis:
        redis.set("kept", "1")
    return folder / "appendonlydir"


def test_damaged_append_only_file_names_its_repair(site: Site, appended: Path) -> None:
    (damaged,) = appended.glob("*.incr.aof")
    whole = damaged.read_bytes()
    damaged.write_bytes(whole + b"garbage\r\n")
    line = refusal(site, "check_integrity")
    assert str(damaged) in line
    assert "copy" in line
    command = line.partition("then run: ")[2].strip()
    assert command.startswith("bash -c ")
    subprocess.run(command, shell=True, input="y\n", text=True, check=True, capture_output=True)  # noqa: S602
    assert damaged.read_bytes() == whole
    assert site.run("check_integrity").returncode == 0


def test_data_without_its_manifest_is_not_replaced_by_nothing(site: Site, appended: Path) -> None:
    (appended / "appendonly.aof.manifest").rename(appended.parent / "manifest")
    before = {path.name: path.read_bytes() for path in appended.iterdir()}
    for command in ("check_integrity", "serve"):
        assert "appendonly.aof.manifest is missing" in refusal(site, command)
    assert before == {path.name: path.read_bytes() for path in appended.iterdir()}
    (appended.parent / "manifest").rename(appended / "appendonly.aof.manifest")
    assert site.run("check_integrity").returncode == 0


def test_wrong_number_of_shards_hides_no_player_after_a_start_without_the_store(
    open_store: Callable[..., Store], settings: Settings, subtests: pytest.Subtests
) -> None:
    players = [f"p{number}" for number in range(12)]
    open_store("valkey", 3)
    make_board(entries=dict.fromkeys(players, 1))
    key = {"authorization": f"Bearer {keys.create('a key', 'read', by='root')[1]}"}
    client = Client(raise_request_exception=False)
    paths = [f"{start}/players/{player}{end}" for player in players for start, end in (("", "/"), ("/api/v1", ""))]
    settings.GAMIFY_SHARDS = 8
    catalog.forget()
    shard_count.forget()
    for path in paths:
        with subtests.test(path=path):
            assert client.get(path, headers=key).status_code == 503
    assert client.get("/healthz").status_code == 200
    settings.GAMIFY_SHARDS = 3
    assert {client.get(path, headers=key).status_code for path in paths} == {200}


def test_short_secret_key_is_refused_before_anything_starts(site: Site, subtests: pytest.Subtests) -> None:
    for secret in ("Zq9", "hush-" * 6):
        with subtests.test(secret=secret):
            line = refusal(site, "serve", GAMIFY_SECRET_KEY=secret)
            assert "GAMIFY_SECRET_KEY" in line
            assert "at least 32 characters" in line
            assert secret not in line
    assert not site.folder.exists()
