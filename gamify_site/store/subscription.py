"""What scripts publish when they change something, heard over one connection for each process and server."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from threading import Event
from typing import Any

from redis.client import PubSub
from redis.exceptions import ResponseError, TimeoutError

from gamify_site.store import keys, shards
from gamify_site.store.connection import LOST, homes
from gamify_site.store.errors import StoreUnavailable

PATIENCE = 0.25  # seconds for which a message is waited for before `stop` is looked at
LONGEST = 2.0  # seconds until a server has confirmed
PAUSE = 0.5  # seconds between two tries to connect


def listen(heard: Callable[[str], None], begun: Callable[[], None], stop: Event) -> None:
    """Calls `heard` with each message (see `keys.changes`) until `stop` is set, from one thread for each server.

    `begun` is called whenever all servers are listened to, for the first time or again: what was published before may
    have been missed. A server that is away is asked again and again. Blocks: it is for a thread of its own.
    """
    channels = [keys.changes(shard) for shard in shards.everyone()]
    while not stop.is_set():
        try:
            with ExitStack() as stack:
                standing = [stack.enter_context(closing(_subscribe(*home))) for home in homes(channels)]
                begun()
                _hear_all(standing, heard, stop)
        except (StoreUnavailable, ResponseError, *LOST):  # the server's error is that a shard is elsewhere by now
            stop.wait(PAUSE)


def _subscribe(server: Any, channels: Sequence[str]) -> PubSub:
    """A subscription that stands: to shard channels, or to ordinary ones where the server is older than those."""
    subscription: PubSub = server.pubsub()
    try:
        try:
            _confirm(subscription, subscription.ssubscribe, channels)
        except ResponseError as error:
            if "unknown command" not in str(error).lower():
                raise
            subscription.reset()
            _confirm(subscription, subscription.subscribe, channels)
    except BaseException:
        subscription.close()
        raise
    return subscription


def _confirm(subscription: PubSub, subscribe: Callable[[str], Any], channels: Sequence[str]) -> None:
    for channel in channels:  # one by one: a cluster takes no command for several slots
        subscribe(channel)
    for _ in channels:
        if subscription.get_message(timeout=LONGEST) is None:
            raise TimeoutError


def _hear_all(standing: Sequence[PubSub], heard: Callable[[str], None], stop: Event) -> None:
    """Hears all servers until `stop` is set, one of them is lost or has a shard no more."""
    ended = Event()

    def hear(subscription: PubSub) -> None:
        try:
            while not (stop.is_set() or ended.is_set()):
                message = subscription.get_message(timeout=PATIENCE)
                if message is None:
                    continue
                if not message["type"].endswith("message"):  # the shard has moved, or a lost connection was made anew
                    return
                heard(message["data"].decode())
        finally:
            ended.set()

    with ThreadPoolExecutor(len(standing), "subscription") as threads:
        for over in [threads.submit(hear, subscription) for subscription in standing]:
            over.result()
