"""What scripts publish when they change something, heard over one connection for each process and server."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from threading import Event, Thread
from time import monotonic
from typing import Any

from redis.client import PubSub
from redis.exceptions import NoPermissionError, ResponseError, TimeoutError

from gamify_site.store import keys, shards
from gamify_site.store.connection import LOST, homes
from gamify_site.store.errors import StoreUnavailable

PATIENCE = 0.25  # seconds for which a message is waited for before `stop` is looked at
QUIET = 5.0  # seconds without a message after which a server is asked whether it is there
LONGEST = 2.0  # seconds that it may take to answer
PAUSE = 0.5  # seconds before all begins anew


def listen(heard: Callable[[str], object], begun: Callable[[], object], stop: Event) -> None:
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
            pass
        stop.wait(PAUSE)


def _subscribe(server: Any, channels: Sequence[str]) -> PubSub:
    """A subscription that stands: to shard channels, or to ordinary ones where the server does not know or allow them.

    Scripts publish in those then, for the same reason.
    """
    subscription: PubSub = server.pubsub()
    try:
        try:
            _confirm(subscription, subscription.ssubscribe, channels)
        except ResponseError as error:
            if not isinstance(error, NoPermissionError) and "unknown command" not in str(error).lower():
                raise
            subscription.reset()
            _confirm(subscription, subscription.subscribe, channels)
    except BaseException:
        subscription.close()
        raise
    return subscription


def _confirm(subscription: PubSub, subscribe: Callable[[str], Any], channels: Sequence[str]) -> None:
    """Waits until all channels are subscribed to; what is published meanwhile comes before the beginning."""
    for channel in channels:  # one by one: a cluster takes no command for several slots
        subscribe(channel)
    missing = len(channels)
    while missing:
        message = subscription.get_message(timeout=LONGEST)
        if message is None:
            raise TimeoutError
        missing -= message["type"].endswith("subscribe")


def _hear_all(standing: Sequence[PubSub], heard: Callable[[str], object], stop: Event) -> None:
    """Hears all servers until `stop` is set, one of them is lost or has a shard no more."""
    ended, errors = Event(), []

    def hear(subscription: PubSub) -> None:
        try:
            _hear(subscription, heard, lambda: stop.is_set() or ended.is_set())
        except Exception as error:
            errors.append(error)
        finally:
            ended.set()

    threads = [Thread(target=hear, args=(it,), name="subscription", daemon=True) for it in standing]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _hear(subscription: PubSub, heard: Callable[[str], object], is_over: Callable[[], bool]) -> None:
    """Hears one server. Raises `TimeoutError` where it has fallen silent, and redis-py's errors."""
    last, is_asked = monotonic(), False
    while not is_over():
        message = subscription.get_message(timeout=PATIENCE)
        if message is None:
            silence = monotonic() - last
            if silence > QUIET + LONGEST:
                raise TimeoutError
            if silence > QUIET and not is_asked:
                subscription.ping()
                is_asked = True
            continue
        last, is_asked = monotonic(), False
        if message["type"].endswith("message"):
            heard(message["data"].decode())
        elif message["type"] != "pong":  # the shard has moved, or a lost connection was made anew
            return
