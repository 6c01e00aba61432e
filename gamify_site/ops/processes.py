"""What the web and the live process have in common: each is granian with workers, started by `serving.py`.

They end when their standard input does, so that they never outlive the command that started them.
"""

import argparse
import gc
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from importlib import import_module
from typing import Any

from django.conf import settings

from gamify_site.store import embedded

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where web workers put their numbers together, see metrics.py
LAST_BREATH = 5.0  # seconds for whoever started us to be really gone


def options() -> argparse.Namespace:
    """Host, port and workers, from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--workers", required=True, type=int)
    return parser.parse_args()


def run(server: Any, module: str) -> None:
    """Has a granian server serve a module's `application` until SIGTERM, SIGINT or the end of standard input."""
    # A share of the embedded store of our own: where the command is killed, whoever leaves last still stops it.
    with embedded.running(settings.GAMIFY_DATA_DIR) if settings.GAMIFY_EMBEDDED else nullcontext():
        threading.Thread(target=_end_with_standard_input, args=(os.getppid(),), daemon=True).start()
        server.serve(target_loader=partial(_load, module), wrap_loader=False)


def _load(module: str) -> Callable[..., Any]:
    """In each worker: the application, and an end for the worker when the process that manages it is gone."""
    # The manager's own handler came along; granian sets the worker's next.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_manager, daemon=True).start()
    # The collector waits for more than usual: it took half the time of a batch, and a tenth of that of a start.
    gc.set_threshold(50_000, 20, 20)
    application: Callable[..., Any] = import_module(module).application
    # It leaves alone what the program consists of.
    gc.collect()
    gc.freeze()
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
