"""What a script does for a user who lacks a right: all that it is for, or nothing and naming the right."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from fakeredis import FakeRedisConnection
from redis import Redis
from redis.exceptions import ResponseError

from gamify_site.store import connection, scripts
from gamify_site.store.cluster import Cluster
from gamify_site.store.errors import StoreUnavailable

# Those of the trial itself and of who listens meanwhile; what is published may be lost.
NOT_OF_SCRIPTS = {"acl", "config", "eval", "evalsha", "info", "publish", "select", "spublish", "ssubscribe"}


@contextmanager
def without(redis: Redis, *rules: str) -> Iterator[None]:
    """Within it the user of this client lacks some rights, given as rules for ACL SETUSER."""
    redis.execute_command("ACL", "SETUSER", "default", *rules)
    try:
        yield
    finally:
        redis.execute_command("ACL", "SETUSER", "default", "+@all", "allkeys", "allchannels")


def dump(redis: Redis) -> dict[bytes, bytes]:
    """All that is stored, but for what is written on trial and gone in a millisecond."""
    names = sorted(name for name in redis.scan_iter(count=1000) if not name.endswith(b":probe"))
    with redis.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.dump(name)
        values = pipeline.execute()
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def can_be_tried() -> bool:
    """Whether the store under test is one server that has users."""
    server = connection.client()
    if isinstance(server, Cluster) or server.connection_pool.connection_class is FakeRedisConnection:
        return False
    with suppress(ResponseError):
        return bool(server.execute_command("ACL", "WHOAMI"))
    return False


def _executed(redis: Redis, call: Callable[[], Any]) -> tuple[Any, set[str]]:
    redis.config_resetstat()
    reply = call()
    counted = redis.info("commandstats")
    return reply, {name.removeprefix("cmdstat_").partition("|")[0] for name in counted} - NOT_OF_SCRIPTS


def _commands_told(name: str, calls: Sequence[scripts.Call]) -> Iterator[str]:
    """Give the commands that come with the calls of two scripts, each behind the number of its words."""
    first = {"store/read_keys": 1, "store/write_keys": 2}.get(name)
    for _prefix, arguments in calls if first else ():
        at = first
        while at < len(arguments):
            yield str(arguments[at + 1])
            at += 1 + int(arguments[at])


def try_without_rights(name: str, calls: Sequence[scripts.Call], call: Callable[[], Any]) -> Any:
    """Run a script without each of the commands that it uses, and then with all of them; give that reply."""
    redis = connection.client()
    scripts.forget()  # as in a process that has just begun
    commands = {*scripts.commands(name), *_commands_told(name, calls)}
    before = dump(redis)
    for command in sorted(commands):
        right = command.lower()
        # Some keys alone, as a careful user has: servers then look for the keys of a command.
        with without(redis, "resetkeys", "~{gamify*", f"-{right.partition('|')[0]}"):
            try:
                call()
            except StoreUnavailable as error:
                assert f"+{right}" in str(error), f"{name} without {command}: {error}"
            else:
                assert scripts.only_reads(name), f"{name} ran without {command}"
        assert dump(redis) == before, f"{name} was half done without {command}"
    reply, executed = _executed(redis, call)
    runs_on_trial = name == scripts.FIND_MISSING or redis.info("server")["redis_version"] < "7"
    if not runs_on_trial:
        assert executed <= {command.partition("|")[0].lower() for command in commands}, (
            f"{name} runs more than is known"
        )
    return reply
