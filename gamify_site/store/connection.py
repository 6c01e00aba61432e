"""The one door to Redis: one client per process, shared with Django's cache and sessions through django-redis.

`redis_settings()` turns an address into django-redis options, `client()` is the connected client, and
`guarded()` translates every failure of the connection into `StoreUnavailable`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from django_redis import get_redis_connection
from django_redis.exceptions import ConnectionInterrupted
from redis import ConnectionPool, exceptions
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, ConnectionError, ReadOnlyError, TimeoutError
from redis.retry import Retry
from redis.sentinel import SentinelConnectionPool

from gamify_site.store.errors import StoreUnavailable

T = TypeVar("T")

LOST = (ConnectionError, TimeoutError, BusyLoadingError, ReadOnlyError, ConnectionInterrupted, OSError)
# What may come out of a view or a middleware: also Django's cache and sessions talk to this server.
UNANSWERED = (StoreUnavailable, ConnectionError, TimeoutError, BusyLoadingError, ReadOnlyError, ConnectionInterrupted)
ATTEMPTS = 3
LOCK_PAUSE = 0.002  # seconds between two tries
FIRST_PAUSE = 0.02  # seconds; doubled after each attempt

CONNECT_TIMEOUT = 1.0  # seconds
ANSWER_TIMEOUT = 2.0  # seconds; a script is cut so that it needs 5 ms at most


class _PatientConnect:
    """Tries again to connect, never to send: a command that may have been applied is not repeated behind our back."""

    def get_connection(self, *args: Any, **kwargs: Any) -> Any:
        return patiently(lambda: super(_PatientConnect, self).get_connection(*args, **kwargs))  # type: ignore[misc]


class PatientPool(_PatientConnect, ConnectionPool):
    """Connections to one server."""


class PatientSentinelPool(_PatientConnect, SentinelConnectionPool):
    """Connections to whichever server Sentinel calls the primary."""


def patiently(attempt: Callable[[], T]) -> T:
    """Calls `attempt`, which must be safe to repeat, up to 3 times with growing pauses while the connection is lost."""
    pause = FIRST_PAUSE
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except LOST:
            time.sleep(pause)
            pause *= 2
    return attempt()


@contextmanager
def guarded() -> Iterator[None]:
    """Within it, a lost, slow or read-only server is a `StoreUnavailable`."""
    try:
        yield
    except LOST as error:
        raise StoreUnavailable from error


@cache
def client() -> Any:
    """The `redis.Redis` of this process; connections are made when they are first needed.

    Typed as Any, because redis-py's own types cannot say that our replies are always bytes.
    """
    return get_redis_connection("default")


def connections() -> tuple[int, int]:
    """How many connections this process's pool has, and how many of them are in use. Asks nobody."""
    (free, _), (in_use, _) = client().connection_pool.get_connection_count()
    return free + in_use, in_use


def ask(questions: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The answers to commands that do no harm when they run twice, each `(name, argument, …)` as the client has it.

    Raises `StoreUnavailable`. One round trip.
    """

    with guarded():
        return patiently(lambda: _pipeline(questions).execute())


def ask_what_is_allowed(questions: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The same, and None for each command that the server refuses or does not know, as managed servers do with some.

    Raises `StoreUnavailable`. One round trip.
    """

    def send() -> list[Any]:
        replies = _pipeline(questions).execute(raise_on_error=False)
        for reply in replies:
            if isinstance(reply, LOST):
                raise reply
        return [None if isinstance(reply, exceptions.ResponseError) else reply for reply in replies]

    with guarded():
        return patiently(send)


def _pipeline(questions: Sequence[tuple[Any, ...]]) -> Any:
    pipeline = client().pipeline(transaction=False)
    for name, *arguments in questions:
        getattr(pipeline, name)(*arguments)
    return pipeline


def try_once(commands: Sequence[tuple[Any, ...]]) -> bool:
    """Sends commands that nothing depends on, spelled as for `ask`; False where the server did not take them all.

    Raises nothing, whatever the reason. One round trip, which is not tried again.
    """
    try:
        pipeline = client().pipeline(transaction=False)
        for name, *arguments in commands:
            getattr(pipeline, name)(*arguments)
        pipeline.execute()
    except (*LOST, exceptions.RedisError):
        return False
    return True


@contextmanager
def locked(key: str, life: float) -> Iterator[bool]:
    """Within it nobody else is in it for the same key; False where that could not be had within `life` seconds.

    Whoever dies in it keeps the others out for `life` seconds at most. Two round trips when nobody is in the way.
    """
    lock = client().lock(key, life, sleep=LOCK_PAUSE, blocking_timeout=life)
    with guarded():
        is_ours = lock.acquire()
    try:
        yield is_ours
    finally:
        if is_ours:
            with guarded(), suppress(exceptions.LockError):  # it took longer than the lock lives
                lock.release()


def redis_settings(url: str) -> dict[str, Any]:
    """The `LOCATION` and `OPTIONS` of a django-redis cache for one of our addresses.

    `redis+sentinel://host:port,host:port/NAME/DB` becomes Sentinel options; the other schemes are redis-py's own.
    """
    options: dict[str, Any] = {
        "SOCKET_CONNECT_TIMEOUT": CONNECT_TIMEOUT,
        "SOCKET_TIMEOUT": ANSWER_TIMEOUT,
        "CONNECTION_POOL_CLASS": "gamify_site.store.connection.PatientPool",
        "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 0), "health_check_interval": 30},
        "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
    }
    if not url.startswith("redis+sentinel://"):
        return {"LOCATION": url, "OPTIONS": options}
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    name, _, database = parts.path.strip("/").partition("/")
    sentinels = [_host_and_port(item) for item in hosts.split(",")]
    if credentials:
        username, _, password = credentials.rpartition(":")
        options |= {"USERNAME": username, "PASSWORD": password}
    options |= {
        "SENTINELS": sentinels,
        "SENTINEL_KWARGS": {"socket_timeout": CONNECT_TIMEOUT, **_sentinel_password(parts.query)},
        "CONNECTION_POOL_CLASS": "gamify_site.store.connection.PatientSentinelPool",
        "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
    }
    return {"LOCATION": f"redis://{name}/{database or 0}", "OPTIONS": options}


def _host_and_port(item: str) -> tuple[str, int]:
    host, _, port = item.rpartition(":")
    return (host, int(port)) if host else (port, 26379)


def _sentinel_password(query: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(query).items() if key in {"username", "password"}}
