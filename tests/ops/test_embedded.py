"""The embedded data store: one server per folder, stopped by whoever leaves last."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from redis import Redis

from gamify_site.store import embedded
from gamify_site.store.errors import StoreUnavailable

HOLD = """
import sys
from pathlib import Path
from gamify_site.store import embedded
with embedded.running(Path(sys.argv[1])):
    print("in", flush=True)
    sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    """Another process that uses the folder's server until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "in\n"
    return process


def connect(folder: Path) -> Redis:
    return Redis(unix_socket_path=str(embedded.socket_path(folder)))


def wait_until_gone(process: int) -> None:
    for _ in range(500):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    raise AssertionError("The server still runs.")


def test_data_is_there_on_the_next_start(tmp_path: Path) -> None:
    with embedded.running(tmp_path):
        connect(tmp_path).set("a", "1")
    assert not embedded.is_running(tmp_path)
    with embedded.running(tmp_path):
        assert connect(tmp_path).get("a") == b"1"


def test_a_long_path_works_too(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    with embedded.running(folder):
        assert embedded.is_running(folder)
    assert not embedded.is_running(folder)


def test_many_starts_at_once_share_one_server(tmp_path: Path) -> None:
    found = set()
    barrier = threading.Barrier(5)

    def use() -> None:
        with embedded.running(tmp_path):
            found.add(connect(tmp_path).info("server")["process_id"])
            barrier.wait(30)

    users = [threading.Thread(target=use) for _ in range(5)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert len(found) == 1
    assert not embedded.is_running(tmp_path)


def test_it_outlives_the_one_who_started_it(tmp_path: Path) -> None:
    starter = hold(tmp_path)
    with embedded.running(tmp_path):
        starter.communicate()
        assert embedded.is_running(tmp_path)
    assert not embedded.is_running(tmp_path)


def test_a_server_left_by_a_killed_process_is_taken_over_and_stopped(tmp_path: Path) -> None:
    starter = hold(tmp_path)
    server = connect(tmp_path).info("server")["process_id"]
    starter.send_signal(signal.SIGKILL)
    starter.communicate()
    assert embedded.is_running(tmp_path)
    with embedded.running(tmp_path):
        assert connect(tmp_path).info("server")["process_id"] == server
    assert not embedded.is_running(tmp_path)
    wait_until_gone(server)


def test_a_socket_left_by_a_killed_server_is_no_obstacle(tmp_path: Path) -> None:
    starter = hold(tmp_path)
    connect(tmp_path).set("a", "1")
    connect(tmp_path).execute_command("WAITAOF", 1, 0, 5000)
    server = connect(tmp_path).info("server")["process_id"]
    os.kill(server, signal.SIGKILL)
    starter.communicate()
    assert embedded.socket_path(tmp_path).exists()
    with embedded.running(tmp_path):
        assert connect(tmp_path).get("a") == b"1"


def test_a_server_that_does_not_start_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("not a folder")
    with pytest.raises(StoreUnavailable, match=r"redis\.log"), embedded.running(tmp_path):
        pass
