"""What scripts publish when they change something, heard over one connection per process."""

import random
from collections.abc import Callable
from contextlib import closing
from threading import Event

from gamify_site.store import keys, shards
from gamify_site.store.connection import LOST, servers
from gamify_site.store.errors import StoreUnavailable

PATIENCE = 0.25  # seconds for which a message is waited for before `stop` is looked at
PAUSE = 0.5  # seconds between two tries to connect


def listen(heard: Callable[[str], None], begun: Callable[[], None], stop: Event) -> None:
    """Calls `heard` with each message (see `keys.changes`) until `stop` is set.

    `begun` is called whenever the subscription stands, for the first time or again: what was published before may have
    been missed. A server that is away is asked again and again. Blocks: it is for a thread of its own.
    """
    channels = [keys.changes(shard) for shard in shards.everyone()]
    while not stop.is_set():
        try:
            _listen(channels, heard, begun, stop)
        except (StoreUnavailable, *LOST):
            stop.wait(PAUSE)


def _listen(channels: list[str], heard: Callable[[str], None], begun: Callable[[], None], stop: Event) -> None:
    # Any node of a cluster will do: each tells all others what is published.
    with closing(random.choice(servers()).pubsub()) as subscription:  # noqa: S311
        subscription.subscribe(*channels)
        while not stop.is_set():
            message = subscription.get_message(timeout=PATIENCE)
            if message is None:
                continue
            if message["type"] == "message":
                heard(message["data"].decode())
            elif message["type"] == "subscribe" and message["data"] == len(channels):
                begun()
