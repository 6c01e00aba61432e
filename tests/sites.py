"""The whole program for tests: real processes, a data folder and a port of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from urllib.error import HTTPError

from gamify_site.store import embedded

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0  # seconds


class Site:
    """`manage.py` with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.live_port = free_ports(2)
        self.process: subprocess.Popen[str] | None = None
        self.expected = ["Slow request", "gamify.security"]  # what may be logged: a busy machine, and who logs in
        self.errors = TemporaryFile("w+")  # noqa: SIM115  (not a pipe, which would fill up and stop the program)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("GAMIFY", "DJANGO"))
        }
        self.environment["GAMIFY_DATA_DIR"] = str(folder)

    def run(
        self, *arguments: str, answer: str = "", patience: float = PATIENCE, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end, which must come within some seconds."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(
            command, env=self.environment | environment, input=answer, capture_output=True, text=True, timeout=patience
        )

    def start(self, *arguments: str, **environment: str) -> None:
        """Starts a command that serves, in a foreground process group of its own, and waits until it says so."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments, "--port", str(self.port)]
        command += ["--live-port", str(self.live_port)]
        self.process = subprocess.Popen(
            command,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout
        for line in self.process.stdout:
            if self.address in line:
                return
        raise AssertionError(self.end()[1])

    @property
    def url(self) -> str:
        """The address of the data store that the site runs for itself."""
        return embedded.url(self.folder)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.address + path, timeout=PATIENCE) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, ""

    def wait_until_ready(self) -> None:
        """Until /readyz answers 200: the program says its address as soon as it listens."""
        deadline = time.monotonic() + PATIENCE
        while self.get("readyz")[0] != 200:
            assert time.monotonic() < deadline, "the site does not become ready"
            time.sleep(0.05)

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C: SIGINT to the whole group. Gives the exit code and what was said on stderr."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGINT)
        return self.end()

    def end(self) -> tuple[int, str]:
        assert self.process
        self.process.communicate(timeout=PATIENCE)
        self.errors.seek(0)
        said = "".join(line for line in self.errors if not any(text in line for text in self.expected))
        self.forget_errors()
        return self.process.returncode, said

    def forget_errors(self) -> None:
        """Empty what has been said on stderr; a process that runs goes on from there."""
        self.errors.seek(0)
        self.errors.truncate()

    def live_worker(self) -> int:
        """The process that holds the streams: the worker of the live process."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                mine = str(self.folder).encode() in (process / "environ").read_bytes()
                is_manager = b"gamify_site.ops.live" in (process / "cmdline").read_bytes()
                workers = (process / "task" / process.name / "children").read_text().split()
            except OSError:
                continue
            if mine and is_manager:
                found = [pid for pid in workers if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()]
                if found:
                    return int(found[-1])
        raise AssertionError("there is no live process")

    def kill(self) -> None:
        """Ends whatever still runs, at once."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()

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


@contextmanager
def empty_site(folder: Path) -> Iterator[Site]:
    """Serve an empty site with its own data store; it must end without an error."""
    site = Site(folder)
    site.environment["GAMIFY_SECRET_KEY"] = "of these tests, and long enough for serve"
    try:
        site.start("serve", "--workers", "1")
        site.wait_until_ready()
        yield site
        assert site.interrupt()[0] == 0
    finally:
        site.kill()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, each another one."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
