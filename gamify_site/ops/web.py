"""The web process: Django's WSGI application. `serving.py` starts it as `python -m gamify_site.ops.web`."""

import os
import tempfile
from copy import deepcopy

from django.conf import settings
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from gamify_site.ops import processes

# Python runs one thread at a time, and a request mostly waits for Redis on the same machine: more threads only take
# turns. Measured on 2 cores, see docs/running.md.
BLOCKING_THREADS = 2
BACKPRESSURE = 64
KILL_TIMEOUT = 5  # seconds for requests that are under way


def main() -> None:
    """Serves the pages."""
    options = processes.options()
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
        log_dictconfig=deepcopy(settings.LOGGING),  # granian writes its level into it
    )
    with tempfile.TemporaryDirectory(prefix="gamify-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[processes.METRICS_FOLDER] = folder  # for the workers, which are started from here
        processes.run(server, "gamify_site.wsgi")


if __name__ == "__main__":
    main()
