"""The live process: streams for browsers. `serving.py` starts it as `python -m gamify_site.ops.live`."""

import resource
from copy import deepcopy

from django.conf import settings
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server

from gamify_site.live import MOST_STREAMS
from gamify_site.ops import processes

KILL_TIMEOUT = 2  # seconds for streams to end; browsers come back by themselves


def main() -> None:
    """Serves the streams, all of them in one worker: they share what it hears of changes."""
    options = processes.options()
    _allow_open_files(MOST_STREAMS + 500)
    server = Server(
        "gamify_site.asgi:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        loop=Loops.asyncio,
        workers=options.workers,
        backlog=4096,
        backpressure=MOST_STREAMS + 100,
        workers_kill_timeout=KILL_TIMEOUT,
        respawn_failed_workers=True,
        websockets=False,
        log_level=LogLevels.error,
        log_dictconfig=deepcopy(settings.LOGGING),  # granian writes its level into it
    )
    processes.run(server, "gamify_site.asgi")


def _allow_open_files(wanted: int) -> None:
    """Raises the soft limit as far as it goes: each stream is an open file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


if __name__ == "__main__":
    main()
