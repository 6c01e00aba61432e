"""A Redis Cluster as this program needs it, on redis-py's knowledge of which node has which slot.

Every command goes to the node of its slot, all nodes work at the same time, and nothing is sent again that may have
been applied. (redis-py's own pipeline repeats what was not answered in time, which would count events twice.)

A script touches keys that it does not name, so that it must not follow ASK: while a slot is moved key by key, half of
them are elsewhere. Until the slot has arrived its scripts get `BeingMoved`; servers that move slots atomically
(Valkey from 9.0, Redis from 8.4) do that without such a pause.
"""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from typing import Any, NamedTuple

from redis import ConnectionPool, Redis, RedisCluster
from redis.client import Pipeline
from redis.cluster import ClusterNode
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,
    MovedError,
    RedisClusterException,
    RedisError,
    SlotNotCoveredError,
    TimeoutError,
    TryAgainError,
)

from gamify_site.store import keys
from gamify_site.store.errors import NotCopied, StoreUnavailable

TRIES = 6  # a slot that has moved, and a cluster that has not agreed about it yet
LONGEST = 1.5  # seconds, less than an answer is awaited for, after which nothing is sent again
PAUSE = 0.05  # seconds before what the cluster could not take just now is sent again
NOTHING_DONE = (b"stale", b"unwritten")  # what scripts answer before they write
COPY_PATIENCE = 1000  # milliseconds that a change may take to reach the replicas
LOST = (ConnectionError, TimeoutError, OSError)
SCRIPTS = {"EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO"}

Words = tuple[Any, ...]  # a command as it is sent


class BeingMoved(StoreUnavailable):
    """The shard is on its way from one node to another."""

    def __init__(self) -> None:
        super().__init__("A part of the data is being moved to another server.", retry_after=5)


class NotSent(ConnectionError):
    """No connection to the node could be had, so that the command has not been applied."""


class Command(NamedTuple):
    """The words of a command, and what redis-py wants to know to read its reply."""

    words: Words
    options: dict[str, Any]

    @property
    def is_script(self) -> bool:
        """Whether it may touch more keys than it names."""
        return self.words[0] in SCRIPTS

    @property
    def slot(self) -> int:
        """Where its key lies."""
        return slot_of(self.words[3 if self.is_script else 1])


class Batch(NamedTuple):
    """What one node is asked in one go; `places` are those in the list of all commands."""

    node: ClusterNode
    places: list[int]
    is_asking: bool


def slot_of(key: str | bytes) -> int:
    """The slot of a key."""
    if isinstance(key, bytes):
        return int(key_slot(key))
    has_tag = key.startswith("{") and key.find("}") > 1
    return _slot_of_tag(key[: key.index("}") + 1]) if has_tag else int(key_slot(key.encode()))


def _is_asked_elsewhere(reply: Any) -> bool:
    """Whether a slot is on its way; redis-py takes MOVED, of one that has arrived, for a kind of ASK."""
    return isinstance(reply, AskError) and not isinstance(reply, MovedError)


@lru_cache(maxsize=4096)
def _slot_of_tag(tag: str) -> int:
    return int(key_slot(tag.encode()))


def is_change(reply: Any) -> bool:
    """Whether a reply tells of something that may have been written."""
    return not isinstance(reply, Exception) and reply not in NOTHING_DONE


def wait_for_copies(prefix: str, copies: int) -> list[Words]:
    """What makes a connection wait until `copies` replicas have all that was written before, by whomever.

    The small write is needed: a connection waits for what it wrote itself, and who is told that an event is known
    already has written nothing.
    """
    return [("SET", keys.copied(prefix), "", "EX", 60), ("WAIT", copies, COPY_PATIENCE)]


class Cluster(RedisCluster):
    """One client for all nodes. With `asks_replicas`, those may be asked what may be a moment old."""

    def __init__(self, *, asks_replicas: bool = False, **options: Any) -> None:
        self.asks_replicas = asks_replicas
        super().__init__(**options)

    def on_connect(self, connection: Any) -> None:
        """Greets a node; a replica answers only whoever has said that old answers will do."""
        super().on_connect(connection)  # type: ignore[no-untyped-call]
        if self.asks_replicas:
            connection.send_command("READONLY")
            connection.read_response()

    def execute_command(self, *words: Any, **options: Any) -> Any:
        """One command; those that are about servers instead of keys go where redis-py sends them."""
        if "target_nodes" in options or words[0] in self.COMMAND_FLAGS:
            return super().execute_command(*words, **options)  # type: ignore[no-untyped-call]
        (reply,) = self.exchange([Command(words, options)])
        if isinstance(reply, Exception):
            raise reply
        return reply

    def pipeline(self, transaction: bool | None = None, shard_hint: Any = None) -> "ClusterPipeline":  # noqa: ARG002
        """Gathers commands like any pipeline of redis-py; a transaction is for keys of one slot."""
        return ClusterPipeline(self, transaction=bool(transaction))

    def servers(self) -> list[Any]:
        """A client for each primary."""
        return [self.get_redis_connection(node) for node in self.nodes_manager.get_nodes_by_server_type("primary")]

    def homes(self, names: Sequence[str]) -> list[tuple[Any, list[str]]]:
        """A client for each primary that has some of the keys or shard channels, with those. One round trip.

        The clients' connections are their own: redis-py closes a node's when it hears that the node is gone, which
        whoever listens on one in another thread must not find closed.
        """
        self._look_around(None)
        found: dict[ClusterNode, list[str]] = {}
        for name in names:
            found.setdefault(self._node_of(slot_of(name), may_be_old=False), []).append(name)
        return [(self._apart(node), its) for node, its in found.items()]

    def _apart(self, node: ClusterNode) -> Redis:
        pool = self.get_redis_connection(node).connection_pool
        return Redis(connection_pool=ConnectionPool(pool.connection_class, **pool.connection_kwargs))

    def exchange(self, commands: Sequence[Command], *, copies: int = 0, may_be_old: bool = False) -> list[Any]:
        """Sends commands and gives the replies in the same order; where one failed, the exception stands for it.

        `copies`: how many replicas must have what was written before the replies count, else they are `NotCopied`.
        `may_be_old`: a replica may answer. One round trip to each node that is asked, all at the same time; more
        while slots move.
        """
        replies: list[Any] = [None] * len(commands)
        waiting = list(range(len(commands)))
        deadline = time.monotonic() + LONGEST
        for attempt in range(TRIES):
            if attempt > 1:
                time.sleep(PAUSE)
            with ExitStack() as connections:
                asked = [
                    (batch, self._ask(batch, commands, replies, copies, connections))
                    for batch in self._batches(commands, waiting, replies, may_be_old=may_be_old and not attempt)
                ]
                for batch, connection in asked:
                    if connection is not None:
                        self._hear(batch, connection, commands, replies, copies)
            if any(isinstance(replies[place], ClusterDownError) for place in waiting):
                self._look_around(None)
            waiting = [place for place in waiting if self._may_go_again(commands[place], replies[place])]
            if not waiting or time.monotonic() > deadline:
                break
        return [BeingMoved() if isinstance(reply, AskError | TryAgainError) else reply for reply in replies]

    def transact(self, commands: Sequence[Command]) -> list[Any]:
        """All commands or none, on keys of one slot. Raises what the first that fails has raised."""
        for _ in range(TRIES):
            node = self.nodes_manager.get_node_from_slot(commands[0].slot)
            pipeline = self.get_redis_connection(node).pipeline(transaction=True)
            pipeline.command_stack = list(commands)
            try:
                found: list[Any] = pipeline.execute()
            except MovedError as error:
                self.nodes_manager.move_slot(error)
            except (AskError, TryAgainError) as error:
                raise BeingMoved from error
            except LOST:
                self._look_around(node)
                raise
            else:
                return found
        raise BeingMoved

    def _batches(
        self, commands: Sequence[Command], waiting: Sequence[int], replies: Sequence[Any], *, may_be_old: bool
    ) -> list[Batch]:
        found: dict[tuple[str, bool], Batch] = {}
        for place in waiting:
            is_asking = _is_asked_elsewhere(replies[place])
            node = self._asked_for(replies[place]) if is_asking else self._node_of(commands[place].slot, may_be_old)
            found.setdefault((node.name, is_asking), Batch(node, [], is_asking)).places.append(place)
        return list(found.values())

    def _node_of(self, slot: int, may_be_old: bool) -> ClusterNode:
        try:
            if not may_be_old:
                return self.nodes_manager.get_node_from_slot(slot)
            primary, *replicas = self.nodes_manager.slots_cache[slot]
        except (SlotNotCoveredError, KeyError) as error:
            raise StoreUnavailable("A part of the cluster is missing.") from error
        return random.choice(replicas or [primary])  # noqa: S311

    def _asked_for(self, error: AskError) -> ClusterNode:
        return self.nodes_manager.get_node(host=error.host, port=error.port) or ClusterNode(error.host, error.port)

    def _ask(
        self, batch: Batch, commands: Sequence[Command], replies: list[Any], copies: int, connections: ExitStack
    ) -> Any:
        """Sends a batch on a connection of its own; None where there is no connection to be had."""
        words = [commands[place].words for place in batch.places]
        if batch.is_asking:
            words = [it for one in words for it in (("ASKING",), one)]
        if copies:
            prefix = commands[batch.places[0]].words[3]  # only scripts are waited for
            words += wait_for_copies(prefix, copies)
        try:
            connection = connections.enter_context(self._borrow(batch.node))
        except LOST as error:
            self._look_around(batch.node)
            self._fill(batch.places, replies, NotSent(str(error)))
            return None
        try:
            connection.send_packed_command(connection.pack_commands(words))
        except LOST as error:
            self._lose(batch.node, connection, batch.places, replies, error)
            return None
        return connection

    def _hear(
        self, batch: Batch, connection: Any, commands: Sequence[Command], replies: list[Any], copies: int
    ) -> None:
        read: Any = self.get_redis_connection(batch.node).parse_response
        for number, place in enumerate(batch.places):
            command = commands[place]
            try:
                if batch.is_asking:
                    read(connection, "ASKING")
                replies[place] = read(connection, command.words[0], **command.options)
            except LOST as error:
                self._lose(batch.node, connection, batch.places[number:], replies, error)
                return
            except RedisError as error:
                replies[place] = error
        if copies and not self._is_copied(read, connection, copies):
            done = [place for place in batch.places if is_change(replies[place])]
            self._fill(done, replies, NotCopied())

    def _is_copied(self, read: Any, connection: Any, copies: int) -> bool:
        copied = 0
        for name in ("SET", "WAIT"):
            try:
                copied = read(connection, name)
            except LOST:
                connection.disconnect()
                return False
            except RedisError:  # the node has just been made a replica
                copied = 0
        return copied >= copies

    def _may_go_again(self, command: Command, reply: Any) -> bool:
        """Whether a command has certainly not been applied, and may be where it is sent next."""
        if isinstance(reply, MovedError):
            self.nodes_manager.move_slot(reply)
            return True
        if _is_asked_elsewhere(reply):
            return not command.is_script
        return isinstance(reply, TryAgainError | ClusterDownError | NotSent)

    def _lose(self, node: ClusterNode, connection: Any, places: Sequence[int], replies: list[Any], error: Any) -> None:
        connection.disconnect()
        self._look_around(node)
        self._fill(places, replies, error)

    @staticmethod
    def _fill(places: Sequence[int], replies: list[Any], error: Exception) -> None:
        for place in places:
            replies[place] = error

    @contextmanager
    def _borrow(self, node: ClusterNode) -> Iterator[Any]:
        """A connection that goes back to the node's pool, closed where something on it was not read to its end."""
        pool = self.get_redis_connection(node).connection_pool
        connection = pool.get_connection()
        try:
            yield connection
        except BaseException:
            connection.disconnect()
            raise
        finally:
            pool.release(connection)

    def _look_around(self, failed: ClusterNode | None) -> None:
        """Asks the nodes, last the one that has just failed, who has which slot now."""
        with suppress(RedisClusterException, *LOST):
            self.nodes_manager.initialize(last_failed_node_name=failed.name if failed else None)


class ClusterPipeline(Pipeline):
    """A pipeline whose commands go to the nodes of their slots."""

    def __init__(self, cluster: Cluster, *, transaction: bool) -> None:
        some_server: Any = cluster.get_redis_connection(cluster.nodes_manager.get_nodes_by_server_type("primary")[0])
        super().__init__(some_server.connection_pool, some_server.response_callbacks, transaction, None)
        self.target = cluster
        self.is_transaction = transaction

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Sends what was gathered; the replies come in the same order. Costs as `Cluster.exchange`."""
        commands = [Command(words, options) for words, options in self.command_stack]
        self.command_stack = []
        if not commands:
            return []
        if self.is_transaction:
            return self.target.transact(commands)
        replies = self.target.exchange(commands)
        for reply in replies:
            if raise_on_error and isinstance(reply, Exception):
                raise reply
        return replies
