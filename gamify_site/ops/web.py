"""The web process. `serving.py` starts it as `python -m gamify_site.ops.web`."""

import os
import tempfile
from copy import deepcopy

from django.conf import settings
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from gamify_site.ops import processes

MAX_CONNECTIONS = 2048  # of a worker
HEADERS = HTTP1Settings(header_read_timeout=10_000)  # milliseconds, also for the next request of a connection
KILL_TIMEOUT = 5  # seconds for requests that are under way


def main() -> None:
    """Serves the pages."""
    options = processes.options()
    server = Server(
        "gamify_site.web:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.ASGINL,
        workers=options.workers,
        backpressure=MAX_CONNECTIONS,
        http1_settings=HEADERS,
        workers_kill_timeout=KILL_TIMEOUT,
        respawn_failed_workers=True,
        websockets=False,
        log_level=LogLevels.error,
        log_dictconfig=deepcopy(settings.LOGGING),  # granian writes its level into it
    )
    with tempfile.TemporaryDirectory(prefix="gamify-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[processes.METRICS_FOLDER] = folder  # for the workers, which are started from here
        processes.run(server, "gamify_site.web")


if __name__ == "__main__":
    main()
