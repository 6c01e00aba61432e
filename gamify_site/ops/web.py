"""The web process: granian with Django's WSGI application. `serving.py` starts it as `python -m gamify_site.ops.web`.

It ends when its standard input does, so that it never outlives the command that started it.
"""

import argparse
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from gamify_site.store import embedded

# Python runs one thread at a time, and a request mostly waits for Redis on the same machine: more threads only take
# turns. Measured on 2 cores, see docs/running.md.
BLOCKING_THREADS = 2
BACKPRESSURE = 64
LAST_BREATH = 5.0  # seconds for whoever started us to be really gone
KILL_TIMEOUT = 5  # seconds for requests that are under way


def main() -> None:
    """Serves until SIGTERM, SIGINT or the end of standard input."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--workers", required=True, type=int)
    options = parser.parse_args()
    server = Server(
        "gamify_site.wsgi:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=options.workers,
        blocking_threads=BLOCKING_THREADS,
        backpressure=BACKPRESSURE,
        workers_kill_timeout=KILL_TIMEOUT,
        respawn_failed_workers=True,
        websockets=False,
        log_level=LogLevels.error,
    )
    # A share of the embedded store of our own: where the command is killed, whoever leaves last still stops it.
    with embedded.running(settings.GAMIFY_DATA_DIR) if settings.GAMIFY_EMBEDDED else nullcontext():
        threading.Thread(target=_end_with_standard_input, args=(os.getppid(),), daemon=True).start()
        server.serve(target_loader=load_application, wrap_loader=False)


def load_application() -> Callable[..., Any]:
    """In each worker: the application, and an end for the worker when the process that manages it is gone."""
    signal.signal(
        signal.SIGTERM, signal.SIG_DFL
    )  # the manager's own handler came along; granian sets the worker's next
    threading.Thread(target=_end_with_manager, daemon=True).start()
    from gamify_site.wsgi import application

    return application


def _end_with_standard_input(starter: int) -> None:
    while os.read(0, 1):  # not sys.stdin, whose lock would be in the way at the end
        pass
    deadline = time.monotonic() + LAST_BREATH
    while os.getppid() == starter and time.monotonic() < deadline:  # its share of the store goes just after its pipes
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)


def _end_with_manager() -> None:
    manager = multiprocessing.parent_process()
    if manager is not None:
        manager.join()
        os._exit(1)


if __name__ == "__main__":
    main()
