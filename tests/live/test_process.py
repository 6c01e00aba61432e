"""The live process itself, as `manage.py demo` starts it, and what may happen to it."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from gamify_site.store import embedded
from leaderboards.services import scores
from tests.sites import Site

PATIENCE = 20.0
pytestmark = pytest.mark.xdist_group("live process")  # one worker runs all of them, since it starts the site

THREADS = 8  # each may come to have a connection to the data store
AT_ONCE = 10  # far fewer than one address may have, also while those of before are still being left


class Reader:
    """A stream that is open, read by hand."""

    def __init__(self, site: Site, query: str = "board=coins") -> None:
        self.socket = socket.create_connection(("127.0.0.1", site.live_port), timeout=PATIENCE)
        self.text = ""
        request = f"GET /live/stream?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        self.socket.sendall(request.encode())

    def until(self, wanted: str) -> str:
        """Reads on until something has arrived that must; forgets what came before it."""
        while wanted not in self.text:
            try:
                chunk = self.socket.recv(65536)
            except TimeoutError as error:
                raise AssertionError(f"{wanted!r} has not come, but: {self.text!r}") from error
            assert chunk, "the stream has ended"
            self.text += chunk.decode()
        self.text = self.text.partition(wanted)[2]
        return self.text

    def close(self) -> None:
        self.socket.close()


def is_running(site: Site) -> bool:
    return site.process is not None and site.process.poll() is None


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("live"))
    try:
        yield site
        if is_running(site):
            assert site.interrupt()[0] == 0
    finally:
        site.kill()


@pytest.fixture
def site(shared_site: Site) -> Site:
    """The demo; it is started for the first test, and after a test that has stopped it."""
    if not is_running(shared_site):
        shared_site.start("demo", "--players", "5")
        shared_site.wait_until_ready()
    return shared_site


@pytest.fixture
def store(site: Site) -> redis.Redis:
    return redis.Redis.from_url(embedded.url(site.folder))


def open_files(site: Site) -> int:
    """How many files the worker of the live process has open."""
    return len(list(Path(f"/proc/{site.live_worker()}/fd").iterdir()))


@pytest.mark.usefixtures("site_data")
def test_changes_reach_two_readers(site: Site) -> None:
    readers = [Reader(site), Reader(site)]
    for reader in readers:
        reader.until("event: rows")
    scores.submit("coins", "alice", 700_001)
    for reader in readers:
        reader.until('data-score="7')
        reader.close()


@pytest.mark.usefixtures("site_data")
def test_subscription_that_is_cut_comes_back_and_all_is_sent_anew(site: Site, store: redis.Redis) -> None:
    reader = Reader(site)
    reader.until("event: rows")
    assert store.client_kill_filter(_type="pubsub") >= 1
    scores.submit("coins", "alice", 800_001)
    reader.until('data-score="')
    scores.submit("coins", "alice", 1)
    reader.until('data-player="alice"')
    reader.close()


@pytest.mark.usefixtures("site_data")
def test_streams_stay_open_while_the_data_store_is_slow(site: Site, store: redis.Redis) -> None:
    reader = Reader(site)
    reader.until("event: rows")
    store.client_pause(3000, all=True)
    late = Reader(site)
    late.until("event: rows")
    store.ping()  # which is answered when it is fast again
    scores.submit("coins", "alice", 900_001)
    reader.until('data-score="')
    for it in (reader, late):
        it.close()


def come_and_go(site: Site, visits: int) -> None:
    for _ in range(visits // AT_ONCE):
        readers = [Reader(site) for _ in range(AT_ONCE)]
        for reader in readers:
            reader.until("event: ping")
        for reader in readers:
            reader.close()


@pytest.fixture
def visits(pytestconfig: pytest.Config) -> int:
    """Return how many streams come and go."""
    return int(os.environ.get("LOAD_TEST_STREAMS", "1000" if pytestconfig.getoption("everything") else "300"))


def test_many_come_and_go_and_leave_no_connection(site: Site, visits: int) -> None:
    come_and_go(site, 100)
    before = open_files(site)
    come_and_go(site, visits)
    deadline = time.monotonic() + PATIENCE
    while open_files(site) > before + THREADS:
        assert time.monotonic() < deadline, f"{open_files(site)} open files, {before} before"
        time.sleep(0.1)


def test_worker_that_is_killed_is_replaced(site: Site) -> None:
    reader = Reader(site)
    reader.until("event: rows")
    os.kill(site.live_worker(), signal.SIGKILL)
    with pytest.raises((AssertionError, ConnectionError)):
        reader.until("event: nothing")
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            Reader(site).until("event: rows")
            return
        except (OSError, AssertionError):
            assert time.monotonic() < deadline, "nobody listens any more"
            time.sleep(0.1)


def test_stops_cleanly_and_does_not_wait_for_streams(site: Site) -> None:
    reader = Reader(site)
    reader.until("event: rows")
    site.forget_errors()
    assert site.interrupt() == (0, "")
    assert not embedded.is_running(site.folder)
    assert reader.socket.recv(65536) in {b"0\r\n\r\n", b""} or reader.socket.recv(65536) == b""
    assert site.processes() == []
