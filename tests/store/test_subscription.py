"""What scripts publish is heard, also again after the server was away."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Queue

import pytest

from achievements.definitions import Event as Fact
from achievements.services import events
from gamify_site.store import keys, shards, subscription
from gamify_site.store.errors import StoreUnavailable
from leaderboards.services import scores
from tests.achievements.builders import make
from tests.builders import make_board, make_player
from tests.clusters import Cluster, wait_for
from tests.conftest import forget_everything, point_at
from tests.servers import Private, program

BEGUN = "begun"
PATIENCE = 20.0


class Heard:
    """What a subscription in a thread of its own has heard."""

    def __init__(self) -> None:
        self.queue: Queue[str] = Queue()

    def until(self, wanted: str) -> list[str]:
        """Everything up to a message that must come."""
        found = []
        while not found or found[-1] != wanted:
            try:
                found.append(self.queue.get(timeout=PATIENCE))
            except Empty:
                raise AssertionError(f"{wanted} was not heard, only {found}") from None
        return found


@contextmanager
def listening() -> Iterator[Heard]:
    """A subscription that stands."""
    it, stop = Heard(), threading.Event()
    thread = threading.Thread(
        target=subscription.listen, args=(it.queue.put, lambda: it.queue.put(BEGUN), stop), daemon=True
    )
    thread.start()
    try:
        it.until(BEGUN)
        yield it
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.fixture
def heard(services_store) -> Iterator[Heard]:  # noqa: ARG001  (the store comes first)
    with listening() as it:
        yield it


@pytest.mark.every_store
def test_each_change_of_a_board_is_heard_once_a_batch(heard):
    make_board("coins")
    make_board("laps")
    scores.submit_many("coins", {"alice": 1})
    assert heard.until("board coins").count("board laps") == 0
    scores.submit("laps", "bob", 2)
    assert heard.until("board laps").count("board coins") == 0
    scores.remove("coins", "alice")
    heard.until("board coins")


@pytest.mark.every_store
def test_unlocks_and_ranks_are_heard(heard):
    make("ten")
    events.record([Fact("alice", "coin", 10)])
    heard.until("feed alice")


@pytest.mark.every_store
def test_new_names_and_new_rules_are_heard(heard):
    make_player("alice", name="Alice")
    heard.until("boards")
    make_board("coins")
    heard.until("boards")


@pytest.mark.every_store
def test_subscription_comes_back_after_the_server_was_away(heard, services_store):
    if services_store.kind == "fakeredis":
        pytest.skip("the stand-in has no connections that could be lost")
    services_store.stop()
    services_store.start()
    heard.until(BEGUN)
    make_player("alice", name="Alice")
    heard.until("boards")


@pytest.fixture
def cluster(open_store) -> Cluster:
    """Return the cluster that tests share, emptied, which the program uses."""
    servers: Cluster = open_store("cluster", 9).server
    return servers


@pytest.fixture
def own_cluster(settings) -> Iterator[Cluster]:
    """Start a cluster of this test's own, with a replica of each node, which the program uses."""
    servers = Cluster(3, 1)
    try:
        servers.start()
        settings.GAMIFY_SHARDS = 9
        point_at(servers, settings)
        yield servers
    finally:
        forget_everything()
        servers.close()


@pytest.mark.xdist_group("cluster")
def test_nodes_of_a_cluster_do_not_pass_on_what_is_published(cluster):
    before = passed_on(cluster)
    with listening() as heard:
        make_board("coins", entries={f"p{number}": number for number in range(30)})
        heard.until("board coins")
    assert passed_on(cluster) == before


def passed_on(cluster: Cluster) -> list[str]:
    """Return the counts of messages that the nodes have passed on; a count of none is left out."""
    told = [str(node.call("CLUSTER", "INFO")).splitlines() for node in cluster.nodes]
    return [line for lines in told for line in lines if "messages_publish" in line]


@pytest.mark.xdist_group("cluster")
@pytest.mark.parametrize("way", ["move", "move_at_once"])
def test_shard_that_moves_is_heard_at_its_new_place(cluster, way):
    make_board("coins")
    alice = keys.shard(shards.of("alice"))
    with listening() as heard:
        target = next(node for node in cluster.nodes if node is not cluster.owner(alice))
        getattr(cluster, way)(alice, target)
        heard.until(BEGUN)
        scores.submit("coins", "alice", 1)
        heard.until("board coins")


@pytest.mark.xdist_group("cluster")
def test_replica_of_a_node_that_has_fallen_silent_is_heard(own_cluster, monkeypatch):
    monkeypatch.setattr(subscription, "QUIET", 0.5)
    make_board("coins")
    silent = own_cluster.owner(keys.shard(shards.of("alice")))

    def is_written() -> bool:
        with suppress(StoreUnavailable):
            scores.submit("coins", "alice", 1)
            return True
        return False

    with listening() as heard:
        silent.pause()
        try:
            wait_for(is_written, "the replica to take over")
            heard.until(BEGUN)
            scores.submit("coins", "alice", 1)
            heard.until("board coins")
        finally:
            silent.resume()


UNKNOWN = ["--rename-command", "SPUBLISH", "", "--rename-command", "SSUBSCRIBE", ""]
FORBIDDEN = ["--user", "default", "on", "nopass", "~*", "&*", "+@all", "-spublish", "-ssubscribe"]


@pytest.mark.parametrize("options", [UNKNOWN, FORBIDDEN], ids=["unknown", "forbidden"])
def test_servers_without_shard_channels_are_heard_as_well(settings, options):
    older = Private("valkey", program("valkey"), *options)
    older.start()
    try:
        point_at(older, settings)
        with listening() as heard:
            make_board("coins", entries={"alice": 1})
            heard.until("board coins")
    finally:
        forget_everything()
        older.close()
