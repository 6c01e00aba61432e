"""The commands as people run them: real processes, a data folder of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from gamify_site.store import embedded

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds


class Site:
    """`manage.py` with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("GAMIFY", "DJANGO"))
        }
        self.environment["GAMIFY_DATA_DIR"] = str(folder)

    def run(self, *arguments: str, answer: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(
            command, env=self.environment | environment, input=answer, capture_output=True, text=True, timeout=PATIENCE
        )

    def start(self, *arguments: str, **environment: str) -> None:
        """Starts a command that serves, in a foreground process group of its own, and waits until it says so."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments, "--port", str(self.port)]
        self.process = subprocess.Popen(
            command,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout
        for line in self.process.stdout:
            if self.address in line:
                return
        raise AssertionError(self.process.communicate()[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.address + path, timeout=10) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, ""

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C: SIGINT to the whole group. Gives the exit code and what was said on stderr."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGINT)
        return self.end()

    def end(self) -> tuple[int, str]:
        assert self.process
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors

    def processes(self) -> list[str]:
        """What still runs with this data folder: the web process by its environment, the server by its arguments."""
        mine = str(self.folder).encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            except OSError:
                continue
            if mine in told and int(process.name) != os.getpid():
                found.append((process / "cmdline").read_bytes().decode().replace("\0", " "))
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    if site.process is not None and site.process.poll() is None:
        os.killpg(site.process.pid, signal.SIGKILL)
        site.process.communicate()


def test_demo_shows_rows_stops_cleanly_and_keeps_its_data(site: Site) -> None:
    site.start("demo", "--players", "15")
    status, page = site.get("leaderboards/coins/")
    assert status == 200
    assert "Alice Hartley" in page
    assert site.get("manage/demo/")[0] == 200  # the log-in page, after a redirect
    assert site.interrupt() == (0, "")
    assert not embedded.is_running(site.folder)
    assert site.processes() == []

    site.start("demo")
    assert "Alice Hartley" in site.get("leaderboards/coins/?top=20")[1]
    assert site.get("leaderboards/coins/?top=20")[1].count("data-board-row") >= 15
    assert site.interrupt() == (0, "")


def test_sigterm_stops_serve_cleanly(site: Site) -> None:
    site.start("serve", "--workers", "1", GAMIFY_SECRET_KEY="of this test")
    assert site.get("readyz")[0] == 200
    assert site.get("manage/demo/")[0] == 404
    assert site.process
    site.process.terminate()
    assert site.end() == (0, "")
    assert site.processes() == []


def test_a_killed_demo_leaves_nothing_behind(site: Site) -> None:
    site.start("demo", "--scenario", "empty")
    assert site.process
    site.process.kill()
    site.process.communicate()
    deadline = time.monotonic() + 20
    while site.processes() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert site.processes() == []


def test_workers_end_when_their_manager_is_killed(site: Site) -> None:
    site.start("demo", "--scenario", "empty")
    assert site.process
    children = Path(f"/proc/{site.process.pid}/task/{site.process.pid}/children").read_text().split()
    (web,) = [child for child in children if b"gamify_site.ops.web" in Path(f"/proc/{child}/cmdline").read_bytes()]
    os.kill(int(web), signal.SIGKILL)
    code, errors = site.end()
    assert code == 1
    assert errors.startswith("CommandError: The web process ended by itself")
    time.sleep(0.5)
    assert site.processes() == []


def test_a_port_in_use_is_one_clear_line(site: Site) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", site.port))
        other.listen()
        failed = site.run("demo", "--port", str(site.port))
    assert failed.returncode == 1
    assert len(failed.stderr.splitlines()) == 1
    assert f"--port {site.port + 10}" in failed.stderr
    assert not embedded.is_running(site.folder)


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


def test_reset_asks_first_and_says_what_it_replaces(site: Site) -> None:
    refused = site.run("reset_demo", "--players", "7", "--scenario", "empty", answer="no\n")
    assert refused.returncode == 1
    for named in ("scenario empty", "7 players", "'gamify'"):
        assert named in refused.stdout
    agreed = site.run("reset_demo", "--players", "7", "--scenario", "empty", answer="yes\n")
    assert agreed.returncode == 0
    assert "Done: scenario empty, 7 players." in agreed.stdout


@pytest.mark.parametrize(
    "wrong", [["--players", "0"], ["--players", "x"], ["--scenario", "chaos"], ["--anchor", "yesterday"]]
)
def test_wrong_options_are_refused(site: Site, wrong: list[str]) -> None:
    failed = site.run("reset_demo", "--yes", *wrong)
    assert failed.returncode == 2
    assert wrong[1] in failed.stderr


def test_live_port_is_accepted_and_explained(site: Site) -> None:
    told = site.run("serve", "--help").stdout
    assert "--live-port" in told
    assert "poll for now" in " ".join(told.split())


def test_bad_ports_are_refused(site: Site) -> None:
    for port in ("0", "65536", "http"):
        assert site.run("demo", "--port", port).returncode == 2
