"""The commands as people run them: real processes, a data folder of their own."""

import json
import socket
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import load_command_class
from pytest_django import Settings

from gamify_site.players import services as players
from gamify_site.store import embedded
from tests.conftest import Store
from tests.sites import Site

PATIENCE = 60.0  # seconds; of benchmarks more: what they measure takes its time on a busy machine
MUCH_PATIENCE = 240.0


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.kill()


def test_demo_shows_rows_leaves_nothing_behind_when_killed_and_keeps_its_data(site: Site) -> None:
    """In one test, since each start takes seconds; how it stops in order is tested with its streams."""
    site.start("demo", "--players", "3")
    status, page = site.get("leaderboards/coins/")
    assert status == 200
    assert "Alice Hartley" in page
    assert site.get("manage/demo/")[0] == 200  # the log-in page, after a redirect
    assert site.process
    site.process.kill()
    site.process.communicate()
    wait_until_gone(site)
    assert not embedded.is_running(site.folder)

    site.start("demo")
    kept = site.get("leaderboards/coins/?top=20")[1]
    assert "Alice Hartley" in kept
    assert kept.count("data-board-row") >= 3
    assert site.interrupt()[0] == 0
    wait_until_gone(site)


def test_sigterm_stops_serve_cleanly(site: Site) -> None:
    site.start("serve", "--workers", "1", GAMIFY_SECRET_KEY="of this test, and long enough for serve")
    assert site.get("readyz")[0] == 200
    assert site.get("manage/demo/")[0] == 404
    assert site.process
    site.process.terminate()
    assert site.end() == (0, "")
    assert site.processes() == []


def wait_until_gone(site: Site) -> None:
    """Wait until no process of the site runs any more."""
    deadline = time.monotonic() + PATIENCE
    while site.processes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert site.processes() == []


@pytest.fixture
def demo_folder(settings: Settings, tmp_path: Path) -> Path:
    """Let `demo` in this process start an embedded data store, in a folder of its own."""
    settings.GAMIFY_DEMO = settings.GAMIFY_EMBEDDED = True
    settings.GAMIFY_DATA_DIR = tmp_path
    return tmp_path


def test_a_port_in_use_is_one_clear_line(demo_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, told = refused(capsys, "demo", "--port", str(port))
    assert code == 1
    assert len(told.splitlines()) == 1
    assert f"--port {port + 10}" in told or port >= 65_000
    assert not embedded.is_running(demo_folder)


def test_serve_refuses_to_start_without_a_secret_key(site: Site) -> None:
    failed = site.run("serve")
    assert failed.returncode == 1
    assert len(failed.stderr.splitlines()) == 1
    assert "GAMIFY_SECRET_KEY" in failed.stderr


def test_a_server_that_is_not_there_is_one_clear_line(site: Site) -> None:
    failed = site.run("reset_demo", "--yes", GAMIFY_REDIS_URL="unix:///nonexistent/gamify.sock")
    assert failed.returncode == 1
    assert len(failed.stderr.splitlines()) == 1
    assert "GAMIFY_REDIS_URL" in failed.stderr


def test_reset_asks_first_and_says_what_it_replaces(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.GAMIFY_DEMO = True
    options = ("--players", "7", "--scenario", "empty")
    monkeypatch.setattr("sys.stdin", StringIO("no\nyes\n"))
    with pytest.raises(SystemExit) as ended:
        run("reset_demo", *options)
    assert ended.value.code == 1
    asked = capsys.readouterr().out
    for named in ("scenario empty", "7 players", "'gamify'"):
        assert named in asked
    assert store.keys() == set()
    run("reset_demo", *options)
    assert "Done: scenario empty, 7 players." in capsys.readouterr().out
    assert players.exists("alice")


def test_too_many_players_for_the_scenario_are_one_clear_line(
    demo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "CommandError: --players 5000: Scenario ties takes 1 to 1,000 players.\n"
    assert refused(capsys, "reset_demo", "--yes", "--scenario", "ties", "--players", "5000") == (1, line)
    assert refused(capsys, "demo", "--fresh", "--scenario", "ties", "--players", "5000") == (1, line)
    assert not embedded.is_running(demo_folder)


def run(command: str, *options: str) -> None:
    """Run a command as `manage.py` does, in this process."""
    load_command_class("gamify_site.ops", command).run_from_argv(["manage.py", command, *options])


def refused(capsys: pytest.CaptureFixture[str], command: str, *options: str) -> tuple[int, str]:
    """Run a command that must fail before it changes data, in this process; return its exit code and stderr."""
    with pytest.raises(SystemExit) as ended:
        run(command, *options)
    return int(str(ended.value.code)), capsys.readouterr().err


def test_wrong_options_are_refused(capsys: pytest.CaptureFixture[str], subtests: pytest.Subtests) -> None:
    for option, value in (
        ("--players", "0"),
        ("--players", "x"),
        ("--scenario", "chaos"),
        ("--anchor", "yesterday"),
    ):
        with subtests.test(option=option, value=value):
            code, told = refused(capsys, "reset_demo", "--yes", option, value)
            assert code == 2
            assert f"argument {option}: " in told
            assert repr(value) in told


def test_pages_and_streams_need_ports_of_their_own(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.GAMIFY_DEMO = True
    code, told = refused(capsys, "demo", "--port", "9123", "--live-port", "9123")
    assert code == 1
    assert "--live-port" in told


def test_bad_ports_are_refused(capsys: pytest.CaptureFixture[str], subtests: pytest.Subtests) -> None:
    for port in ("0", "65536", "http"):
        with subtests.test(port=port):
            code, told = refused(capsys, "demo", "--port", port)
            assert code == 2
            assert "argument --port: " in told
            assert repr(port) in told


@pytest.mark.slow
def test_bench_of_events_writes_its_figures(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    finished = site.run(
        "bench", "events", "--players", "2000", "--seconds", "0.3", "--json", str(file), patience=MUCH_PATIENCE
    )
    assert finished.returncode == 0, finished.stderr
    figures = json.loads(file.read_text())["events"]
    speeds = {f"{way}_events_per_second" for way in ("score", "full")} | {"bare_writes_per_second"}
    speeds |= {f"{way}_server_us" for way in ("bare", "score", "full")} | {"score_ratio", "full_ratio"}
    assert figures.keys() == speeds | {"two_clients"}
    assert figures["two_clients"].keys() == speeds
    assert not embedded.is_running(site.folder)


@pytest.mark.slow
def test_bench_of_scale_writes_its_page(site: Site, tmp_path: Path) -> None:
    file, page = tmp_path / "figures.json", tmp_path / "benchmarks.md"
    options = ["--players", "1000", "--seconds", "0.3", "--json", str(file), "--report", str(page)]
    finished = site.run("bench", "scale", *options, patience=MUCH_PATIENCE)
    assert finished.returncode == 0, finished.stderr
    stages = json.loads(file.read_text())["scale"]["stages"]
    assert [(it["players"], it["shards"]) for it in stages] == [(1000, 1), (1000, 16)]
    assert all(it["page"]["statuses"].keys() == {"200"} for it in stages)
    assert "| rank, p99, 1,000 players, 16 shards |" in page.read_text("utf-8")
    assert (tmp_path / "benchmarks/memory.svg").exists()


def test_a_page_of_figures_needs_the_suite_that_measures_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = refused(capsys, "bench", "events", "--report", str(tmp_path / "benchmarks.md"))
    assert (code, told) == (1, "CommandError: --report and --leaderboard are for the suite scale.\n")
    code, told = refused(capsys, "bench", "scale", "--players", "10")
    assert code == 2
    assert "'10' is not a number of players from 1000 to 99999999" in told


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux: memory and CPU are read from /proc")
@pytest.mark.slow
def test_bench_of_streams_writes_its_figures(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    finished = site.run("bench", "live", "--seconds", "0.5", "--json", str(file), patience=MUCH_PATIENCE)
    assert finished.returncode == 0, finished.stderr
    figures = json.loads(file.read_text())["live"]
    assert figures["idle_1000"]["kilobytes_a_stream"] > 0
    assert figures["viewers_1000"].keys() == {"p50_ms", "p99_ms", "cores", "events"}
    assert figures["viewers_100"]["events"] >= 1


@pytest.mark.slow
def test_bench_of_the_catalog_writes_its_figures(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    finished = site.run("bench", "catalog", "--seconds", "0.3", "--json", str(file), patience=MUCH_PATIENCE)
    assert finished.returncode == 0, finished.stderr
    figures = json.loads(file.read_text())["catalog"]
    assert figures["service"].keys() == {"median_ms", "p99_ms", "round_trips"}
    assert figures["service"]["round_trips"] == 1
    assert figures["page"]["statuses"].keys() == {"200"}


def test_serve_says_that_the_demo_accounts_are_closed(site: Site) -> None:
    assert site.run("reset_demo", "--yes", "--scenario", "empty", GAMIFY_DEMO="1").returncode == 0
    site.start("serve", "--workers", "1", GAMIFY_SECRET_KEY="of this test, and long enough for serve")
    assert site.process
    site.process.terminate()
    code, said = site.end()
    assert code == 0
    assert "alice, admin" in said and "create_admin" in said
