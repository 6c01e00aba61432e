"""What dies while the site is served is started again, alone, and not in a hurry."""

import os
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from gamify_site.ops import supervision
from gamify_site.ops.supervision import LONGEST_PAUSE, STEADY, Supervised
from gamify_site.store import embedded
from gamify_site.store.errors import StoreUnavailable
from tests.sites import Site

PATIENCE = 30.0  # seconds


class Dying:
    """Something that dies as soon as it is started, at the times in `starts`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.is_well = False
        self.starts: list[float] = []

    def start(self) -> None:
        self.starts.append(self.now)
        if len(self.starts) == 2:
            raise StoreUnavailable

    def pass_time(self, supervised: Supervised, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.now += 0.25
            supervised.look_after()


def test_pauses_between_starts_double_up_to_a_limit_and_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    dying = Dying()
    monkeypatch.setattr(supervision.time, "monotonic", lambda: dying.now)
    supervised = Supervised("thing", lambda: dying.is_well, dying.start)
    dying.pass_time(supervised, 200)
    pauses = [round(later - sooner) for sooner, later in zip(dying.starts, dying.starts[1:], strict=False)]
    assert dying.starts[0] < 1
    assert pauses[:5] == [1, 2, 4, 8, 16]
    assert set(pauses[5:]) == {LONGEST_PAUSE}
    dying.is_well = True
    dying.pass_time(supervised, STEADY + LONGEST_PAUSE)
    dying.is_well, before = False, dying.now
    dying.pass_time(supervised, 1)
    assert before < dying.starts[-1] <= before + 1


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    site.expected.append("ended by itself. It is started again in ")
    site.start("serve", "--workers", "2", GAMIFY_SECRET_KEY="a secret of these tests that is long enough")
    try:
        site.wait_until_ready()
        yield site
        assert site.process
        assert site.process.poll() is None
        assert site.interrupt()[0] == 0
        assert site.processes() == []
    finally:
        site.kill()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def command_line(pid: str) -> bytes:
    """Return how a process was started; nothing once it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def manager(site: Site, name: str) -> int:
    """Return the process that manages the workers of the web or the live process; 0 if there is none."""
    assert site.process
    for child in Path(f"/proc/{site.process.pid}/task/{site.process.pid}/children").read_text().split():
        if f"gamify_site.ops.{name}".encode() in command_line(child):
            return int(child)
    return 0


def workers(site: Site, name: str) -> list[int]:
    """Return the workers of the web or the live process."""
    parent = manager(site, name)
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [int(pid) for pid in children if b"resource_tracker" not in command_line(pid)]
    except OSError:
        return []


def answers(site: Site, name: str) -> bool:
    address = (
        f"http://127.0.0.1:{site.port}/readyz" if name == "web" else f"http://127.0.0.1:{site.live_port}/live/healthz"
    )
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
            return answer.status == 200
    except OSError:
        return False


@pytest.mark.parametrize("name", ["web", "live"])
def test_killed_manager_and_workers_that_die_twice_come_back_alone(site: Site, name: str) -> None:
    other = "live" if name == "web" else "web"
    untouched = manager(site, other)
    killed = manager(site, name)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: manager(site, name) not in (0, killed) and answers(site, name))
    for _ in range(2):
        wait_for(lambda: bool(workers(site, name)))
        before = workers(site, name)
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        wait_for(lambda before=before: bool(workers(site, name)) and not set(workers(site, name)) & set(before))
    wait_for(lambda: answers(site, name))
    assert manager(site, other) == untouched


def test_killed_embedded_store_comes_back(site: Site) -> None:
    with Redis(unix_socket_path=str(embedded.socket_path(site.folder))) as redis:
        killed = redis.info("server")["process_id"]
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: site.get("readyz")[0] == 200)
    with Redis(unix_socket_path=str(embedded.socket_path(site.folder))) as redis:
        assert redis.info("server")["process_id"] != killed
    assert manager(site, "web")
    assert manager(site, "live")
