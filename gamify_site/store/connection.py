"""The one door to Redis: one client per process, shared with Django's cache and sessions through django-redis.

`client()` is the connected client, `guarded()` translates every failure of the connection into `StoreUnavailable`,
`ask()` and `send()` do the same on one server and on a cluster. How to connect stands in `addresses.py`.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar

from django.conf import settings
from django_redis import get_redis_connection, pool
from django_redis.exceptions import ConnectionInterrupted
from redis import exceptions
from redis.exceptions import (
    BusyLoadingError,
    ClusterError,
    ConnectionError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    TimeoutError,
)

from gamify_site.store import keys
from gamify_site.store.cluster import LONGEST, Cluster, Command, Words, is_change, wait_for_copies
from gamify_site.store.errors import NotAllowed, NotCopied, StoreUnavailable, WrongAddress

T = TypeVar("T")

# What may come out of a view or a middleware: also Django's cache and sessions talk to this server.
_FAILED = (
    ConnectionError,
    TimeoutError,
    BusyLoadingError,
    ReadOnlyError,
    OutOfMemoryError,
    ClusterError,
    RedisClusterException,
    ConnectionInterrupted,
)
UNANSWERED = (StoreUnavailable, NoPermissionError, *_FAILED)
LOST = (*_FAILED, OSError)
REFUSALS = {  # by the first word of the server's error
    "OOM": "The data store is full: it has reached its maxmemory.",
    "READONLY": "The data store takes no writes: it is a replica.",
    "MISCONF": "The data store cannot save to its disk, and takes no writes until it can.",
    "NOREPLICAS": "The data store has too few replicas to take writes.",
    "BUSY": "The data store is busy with a script that does not end.",
}
# Servers before Redis 7 put an error that a script met behind words of their own and a minus.
REFUSED = re.compile(rf"(?:^|-)({'|'.join(REFUSALS)})\b")
NO_DATABASE = re.compile(r"DB index is out of range|SELECT is not allowed in cluster mode")
# What a user may not do: a command by its name, from within a script without; a key; a channel.
NOT_ALLOWED = re.compile(
    r"permissions to run the '(?P<command>[\w|]+)' command|can't run this command|can't publish"
    r"|access .*?\b(?:(?P<key>keys?)|(?P<channel>channels?))\b"
)
ATTEMPTS = 3
LOCK_PAUSE = 0.002  # seconds between two tries
FIRST_PAUSE = 0.02  # seconds; doubled after each attempt


def patiently(attempt: Callable[[], T]) -> T:
    """Calls `attempt`, which must be safe to repeat, up to 3 times with growing pauses while the connection is lost.

    Not again where that took long: who waited for a server that stands still would wait in vain again.
    """
    pause, deadline = FIRST_PAUSE, time.monotonic() + LONGEST
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except LOST:
            if time.monotonic() > deadline:
                raise
            time.sleep(pause)
            pause *= 2
    return attempt()


@contextmanager
def guarded() -> Iterator[None]:
    """Within it, a lost, slow or read-only server is a `StoreUnavailable`, and so is one that takes no writes."""
    try:
        yield
    except exceptions.AuthenticationError as error:
        raise WrongAddress("The data store refuses the user name or password.") from error
    except OutOfMemoryError as error:
        raise StoreUnavailable(REFUSALS["OOM"]) from error
    except ReadOnlyError as error:
        raise StoreUnavailable(REFUSALS["READONLY"]) from error
    except LOST as error:
        raise StoreUnavailable from error
    except exceptions.MovedError as error:  # which a client that knows of clusters does not let through
        hint = "The server belongs to a cluster: GAMIFY_REDIS_URL must begin with redis+cluster://."
        raise StoreUnavailable(hint) from error
    except exceptions.ResponseError as error:
        if refused := REFUSED.search(str(error)):
            raise StoreUnavailable(REFUSALS[refused[1]]) from error
        if NO_DATABASE.search(str(error)):
            raise WrongAddress("The data store has no database with the number that is asked for.") from error
        if refused := NOT_ALLOWED.search(str(error)):
            raise NotAllowed(
                _rights(refused)
            ) from None  # what the server says of it names no user and often no command
        raise


def _rights(refused: re.Match[str]) -> list[str]:
    command, key, channel = refused.group("command", "key", "channel")
    return [f"+{command}"] if command else ["~*"] if key else ["&*"] if channel else []


@cache
def client() -> Any:
    """The `redis.Redis` of this process, or its `Cluster`; connections are made when they are first needed.

    Typed as Any, because redis-py's own types cannot say that our replies are always bytes.
    """
    return get_redis_connection("default")


@cache
def _replica() -> Any:
    """A client for any of the replicas that Sentinel knows; for the primary where there is none."""
    options = settings.CACHES["default"]["OPTIONS"]
    return pool.get_connection_factory(options=options).connect(f"{settings.CACHES['default']['LOCATION']}?is_master=0")


def forget() -> None:
    """Makes new clients when the next are asked for."""
    client.cache_clear()
    _replica.cache_clear()


def servers() -> list[Any]:
    """A client for each server that has a part of the data: one, or the primaries of a cluster."""
    with guarded():
        return client().servers() if isinstance(client(), Cluster) else [client()]


def homes(names: Sequence[str]) -> list[tuple[Any, list[str]]]:
    """A client for each server that has some of the keys or shard channels, with those, as the cluster is now.

    Raises `StoreUnavailable`. One round trip on a cluster.
    """
    with guarded():
        return client().homes(names) if isinstance(client(), Cluster) else [(client(), list(names))]


def connections() -> tuple[int, int]:
    """How many connections this process's pools have, and how many of them are in use. Asks nobody."""
    counts = [server.connection_pool.get_connection_count() for server in servers()]
    in_use = sum(used for _, (used, _) in counts)
    return sum(free for (free, _), _ in counts) + in_use, in_use


# Reading what may be a moment old

_may_be_old: ContextVar[bool] = ContextVar("may_be_old", default=False)


@contextmanager
def old_answers_will_do() -> Iterator[None]:
    """Within it replicas are asked, where there are any and GAMIFY_READ_REPLICAS says so."""
    token = _may_be_old.set(settings.GAMIFY_READ_REPLICAS)
    try:
        yield
    finally:
        _may_be_old.reset(token)


def insist_on_new_answers() -> None:
    """From here on the primaries are asked: what a replica has said does not go with what they say."""
    _may_be_old.set(False)


def may_be_old() -> bool:
    """Whether what is asked now may be answered by a replica."""
    return _may_be_old.get()


# Asking


def ask(questions: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The answers to commands that do no harm when they run twice, each `(name, argument, …)` as the client has it.

    Raises `StoreUnavailable`. One round trip.
    """
    with guarded():
        return patiently(lambda: _gather(client(), questions).execute())


def ask_what_is_allowed(questions: Sequence[tuple[Any, ...]], server: Any = None) -> list[Any]:
    """The same, and None for each command that the server refuses or does not know, as managed servers do with some.

    `server`: the one to ask, of `servers()`; needed for questions about a server. Raises `StoreUnavailable`. One round
    trip.
    """

    def send() -> list[Any]:
        replies = _gather(server or client(), questions).execute(raise_on_error=False)
        for reply in replies:
            if isinstance(reply, LOST):
                raise reply
        return [None if isinstance(reply, exceptions.ResponseError) else reply for reply in replies]

    with guarded():
        return patiently(send)


def _gather(server: Any, questions: Sequence[tuple[Any, ...]]) -> Any:
    pipeline = server.pipeline(transaction=False)
    for name, *arguments in questions:
        getattr(pipeline, name)(*arguments)
    return pipeline


def send(commands: Sequence[Words], *, copies: int = 0, replicas: bool = False, fenced: bool = False) -> list[Any]:
    """Sends calls of scripts, as the words that Redis reads, each once; an exception stands for a reply that is one.

    `copies`: how many replicas must have what was written, else the replies are `NotCopied`; `replicas`: they may
    answer; `fenced`: only where the server takes other writes too, which servers before Redis 7 do not ask of scripts.
    Raises redis-py's errors. One round trip; on a cluster, where fenced, one for each.
    """
    server = client()
    if isinstance(server, Cluster):
        if fenced and not copies:
            return [_transact(server, words) for words in commands]
        return server.exchange([Command(words, {}) for words in commands], copies=copies, may_be_old=replicas)
    server = _replica() if replicas else server
    if len(commands) == 1 and not copies and not fenced:
        try:
            return [server.execute_command(*commands[0])]
        except exceptions.ResponseError as error:
            return [error]
    pipeline = server.pipeline(transaction=False)
    for words in commands:
        for part in (("MULTI",), _fence(words), words, ("EXEC",)) if fenced else (words,):
            pipeline.execute_command(*part)
    if not copies or not commands:
        return _unfenced(pipeline.execute(raise_on_error=False), fenced=fenced)
    for words in wait_for_copies(commands[0][3], copies):
        pipeline.execute_command(*words)
    *replies, _written, copied = pipeline.execute(raise_on_error=False)
    replies = _unfenced(replies, fenced=fenced)
    if isinstance(copied, int) and copied >= copies:
        return replies
    return [NotCopied() if is_change(reply) else reply for reply in replies]


def _fence(words: Words) -> Words:
    """A write that changes nothing; what is refused before EXEC keeps all of the transaction from running."""
    return ("SET", keys.probe(words[3]), "", "XX")


def _unfenced(replies: Sequence[Any], *, fenced: bool) -> list[Any]:
    """Of MULTI, the fence, the call and EXEC the call's reply, or the error for which there is none."""
    if not fenced:
        return list(replies)
    parts = [replies[start : start + 4] for start in range(0, len(replies), 4)]
    return [next((it for it in part if isinstance(it, Exception)), None) or part[-1][-1] for part in parts]


def _transact(server: Cluster, words: Words) -> Any:
    try:
        return server.transact([Command(_fence(words), {}), Command(words, {})])[-1]
    except exceptions.ResponseError as error:
        return error


def try_once(commands: Sequence[tuple[Any, ...]]) -> bool:
    """Sends commands that nothing depends on, spelled as for `ask`; False where the server did not take them all.

    Raises nothing, whatever the reason. One round trip, which is not tried again.
    """
    try:
        _gather(client(), commands).execute()
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


@contextmanager
def kept_locked(key: str, life: float) -> Iterator[Callable[[], None] | None]:
    """The same for work that may take longer: gives what is called now and then so that the lock lives on, or None.

    Whoever works on for more than `life` seconds without calling it may be joined by somebody else. Waits for twice
    `life` at most, so that the lock of one who died is over by then. A round trip more for each call.
    """
    lock = client().lock(key, life, sleep=LOCK_PAUSE * 10, blocking_timeout=2 * life)

    def live_on() -> None:
        with guarded(), suppress(exceptions.LockError):  # somebody else has it by now
            lock.reacquire()

    with guarded():
        is_ours = lock.acquire()
    try:
        yield live_on if is_ours else None
    finally:
        if is_ours:
            with guarded(), suppress(exceptions.LockError):
                lock.release()
