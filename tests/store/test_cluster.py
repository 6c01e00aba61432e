"""On a cluster: one request to each node at once, nothing sent twice, old answers only where they will do."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache as memoized
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.test import Client
from redis.connection import Connection
from redis.exceptions import TimeoutError

from achievements.definitions import Event
from achievements.services import events, progress
from gamify_site.players import registration
from gamify_site.store import addresses, connection, keys, scripts, shards
from gamify_site.store import cluster as cluster_client
from gamify_site.store.cluster import slot_of
from gamify_site.store.errors import NotCopied, StoreUnavailable
from leaderboards.services import ranking, scores
from tests.achievements.builders import make
from tests.builders import brief, make_board
from tests.clusters import Cluster, Node, wait_for
from tests.conftest import forget_everything, point_at
from tests.sites import free_ports

# One worker runs all of them, since it starts the clusters.
pytestmark = pytest.mark.xdist_group("cluster")

PLAYERS = [f"p{number}" for number in range(40)]


@pytest.fixture
def cluster_store(open_store):
    return open_store("cluster", 9)


def node_of(store, key: str) -> Node:
    node: Node = store.server.owner(key)
    return node


def test_slots_are_those_of_the_servers(cluster_store):
    for key in (keys.site(), keys.shard(3), keys.player(5, "alice"), "gamify-cache:1:x", "a{b}c", "{}x"):
        assert slot_of(key) == slot_of(key.encode()) == cluster_store.redis.cluster_keyslot(key)


def test_many_shards_are_one_request_to_each_node(cluster_store, round_trips):
    make_board(entries=dict.fromkeys(PLAYERS, 1))
    nodes = {node_of(cluster_store, keys.shard(shard)).port for shard in shards.everyone()}
    ranking.top("coins", 10)
    round_trips()
    ranking.top("coins", 10)
    assert 1 < round_trips() <= len(nodes)
    scores.submit_many("coins", dict.fromkeys(PLAYERS, 2))
    assert round_trips() <= 2 * len(nodes)  # once to write, once to find who has risen into the top


def test_a_plain_address_of_a_node_is_told_to_be_one_of_a_cluster(cluster_store, settings):
    make_board(entries=dict.fromkeys(PLAYERS, 1))
    point_at(SimpleNamespace(url=f"redis://127.0.0.1:{cluster_store.server.nodes[0].port}"), settings)
    with pytest.raises(StoreUnavailable, match="redis\\+cluster"):
        ranking.top("coins")


def test_sessions_and_cache_lie_on_the_cluster(cluster_store):
    for number in range(20):
        cache.set(f"c{number}", number)
    assert [cache.get(f"c{number}") for number in range(20)] == list(range(20))
    registration.sign_up("alice", "correct horse")
    client = Client()
    assert client.login(username="alice", password="correct horse")
    assert client.get("/accounts/settings/").status_code == 200
    client.logout()
    assert client.get("/accounts/settings/").status_code == 302
    found = cluster_store.keys()
    assert all(key.startswith(("{gamify", "gamify-cache:")) for key in found)


@pytest.fixture
def impatient(monkeypatch, settings) -> Callable[..., None]:
    """Makes the program wait less long for answers."""

    def use(cluster: Cluster, answer_timeout: float = 0.3) -> None:
        monkeypatch.setattr(addresses, "ANSWER_TIMEOUT", answer_timeout)
        for module in (connection, cluster_client):  # less than an answer is awaited for, as without this
            monkeypatch.setattr(module, "LONGEST", 0.75 * answer_timeout)
        point_at(cluster, settings)

    return use


def test_write_that_a_node_does_not_answer_is_made_once(cluster_store, impatient):
    impatient(cluster_store.server)
    make_board(entries={"alice": 5})
    scores.increment("coins", "alice", 1)
    node = node_of(cluster_store, keys.shard(shards.of("alice")))
    node.pause()
    try:
        with pytest.raises(StoreUnavailable):
            scores.increment("coins", "alice", 10)
    finally:
        node.resume()
    wait_for(cluster_store.server.is_whole, "the cluster")
    assert ranking.standing("coins", "alice").score == 16


def test_nodes_that_forgot_a_script_are_told_again(cluster_store):
    make_board(entries=dict.fromkeys(PLAYERS, 1))
    node_of(cluster_store, keys.shard(0)).call("SCRIPT", "FLUSH")
    scores.submit_many("coins", dict.fromkeys(PLAYERS, 1))
    assert {score for _, _, score in brief(ranking.top("coins", 50))} == {2}


@pytest.fixture
def hurried(monkeypatch) -> None:
    """Make the program wait less long for replicas, where there are none that could be late."""
    monkeypatch.setattr(cluster_client, "COPY_PATIENCE", 50)


@pytest.mark.usefixtures("cluster_store", "hurried")
def test_change_that_no_replica_has_is_not_called_made(settings):
    """It is made all the same: who sends it again is told so as soon as a replica has it."""
    make("ten", target=10)
    settings.GAMIFY_WAIT_REPLICAS = 1
    for _ in range(2):
        with pytest.raises(NotCopied):
            events.record([Event("alice", "coin", 3, id="e-1")])
    settings.GAMIFY_WAIT_REPLICAS = 0
    assert events.record([Event("alice", "coin", 3, id="e-1")]).duplicates == 1
    assert progress.get("alice", "ten").progress == 3


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("kind", ["valkey", "redis-6.2"])
def test_change_that_no_replica_has_is_not_called_made_on_one_server(open_store, settings, kind):
    open_store(kind)
    make("ten", target=10)
    settings.GAMIFY_WAIT_REPLICAS = 1
    with pytest.raises(NotCopied):
        events.record([Event("alice", "coin", 3, id="e-1")])
    assert ranking.size("achievement-points") == 0  # reading waits for nobody
    assert progress.get("alice", "ten").progress == 3


@pytest.mark.usefixtures("cluster_store")
def test_cluster_whose_scripts_cannot_check_their_rights_counts_once(monkeypatch):
    """As those before Redis 7; what such a server does with a fence is told on one server."""
    monkeypatch.setattr(scripts, "CHECK", scripts.CHECK.replace("acl_check_cmd", "unknown"))
    for found in (scripts.source, scripts.sha):
        monkeypatch.setattr(scripts, found.__name__, memoized(found.__wrapped__))
    make_board(entries=dict.fromkeys(PLAYERS, 1))
    connection.client().script_flush()
    for player in PLAYERS:
        assert scores.increment("coins", player, 1).score == 2
    scores.submit_many("coins", dict.fromkeys(PLAYERS, 1))
    assert [row.score for row in ranking.top("coins", 100)] == [3] * len(PLAYERS)


@pytest.fixture
def replicas(replicated, settings):
    """The replicas of a cluster that is in use."""
    settings.GAMIFY_SHARDS = 9
    settings.GAMIFY_READ_REPLICAS = True
    settings.GAMIFY_WAIT_REPLICAS = 1
    point_at(replicated, settings)
    replicated.empty()
    make_board(entries=dict.fromkeys(PLAYERS, 1))
    yield replicated.nodes[3:]
    forget_everything()


def test_they_answer_where_old_answers_will_do(replicas):
    before = asked(replicas)
    assert ranking.size("coins") == len(PLAYERS)
    assert asked(replicas) == before
    with connection.old_answers_will_do():
        assert ranking.size("coins") == len(PLAYERS)
        assert [row.score for row in ranking.top("coins", 3)] == [1, 1, 1]
    assert asked(replicas) > before


def test_pages_ask_them_but_not_just_after_a_change(replicas, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "gamify_site.middleware.OldAnswersMiddleware"]
    client = Client()
    client.get("/leaderboards/coins/?window=all")
    before = asked(replicas)
    client.get("/leaderboards/coins/?window=all&top=7")
    assert asked(replicas) > before
    client.post("/accounts/login/", {"username": "alice", "password": "wrong"})
    before = asked(replicas)
    client.get("/leaderboards/coins/?window=all&top=8")
    assert asked(replicas) == before


@pytest.mark.usefixtures("replicas")
def test_what_they_do_not_know_yet_is_asked_of_the_primaries():
    """A replica that is behind knows older definitions: its answer does not go with what the primaries say."""
    with connection.old_answers_will_do():
        make_board("laps", entries={"alice": 3})
        assert brief(ranking.top("laps", 3)) == [(1, "alice", 3)]


def test_without_them_the_primaries_answer(replicated, replicas, impatient):
    impatient(replicated)
    for node in replicas:
        node.pause()
    try:
        with connection.old_answers_will_do():
            assert ranking.size("coins") == len(PLAYERS)
    finally:
        for node in replicas:
            node.resume()


def test_sentinel_tells_which_replicas_there_are(watched, settings):
    settings.GAMIFY_READ_REPLICAS = True
    settings.GAMIFY_WAIT_REPLICAS = 1
    point_at(watched, settings)
    make_board(entries=dict.fromkeys(PLAYERS, 1))
    before = asked(watched.nodes[1:])
    with connection.old_answers_will_do():
        assert ranking.size("coins") == len(PLAYERS)
    assert asked(watched.nodes[1:]) > before
    forget_everything()


def asked(nodes: list[Node]) -> int:
    """How many scripts the nodes have been asked for."""
    found = 0
    for node in nodes:
        with node.redis() as client:
            told = client.info("commandstats")
        found += sum(told.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("evalsha_ro", "eval_ro"))
    return found


def test_scripts_say_whether_they_write():
    assert scripts.only_reads("leaderboards/read_board")
    assert not scripts.only_reads("leaderboards/submit_scores")


def test_node_that_stands_still_is_not_waited_for_again_and_again(cluster_store, impatient, monkeypatch):
    """It takes connections and says nothing: each wait costs two seconds of a worker, which stands still too."""
    impatient(cluster_store.server, answer_timeout=0.8)
    make_board(entries=dict.fromkeys(PLAYERS, 1))
    still = node_of(cluster_store, keys.shard(0))
    waits: list[int] = []
    read_response = Connection.read_response

    def read(self, *arguments, **options):
        try:
            return read_response(self, *arguments, **options)
        except TimeoutError:
            waits.append(self.port)
            raise

    monkeypatch.setattr(Connection, "read_response", read)
    still.pause()
    try:
        for ask in (lambda: ranking.top("coins"), lambda: scores.submit_many("coins", dict.fromkeys(PLAYERS, 1))):
            waits.clear()
            with pytest.raises(StoreUnavailable):
                ask()
            assert len(waits) <= 2, waits
    finally:
        still.resume()
        wait_for(cluster_store.server.is_whole, "the cluster")


@pytest.fixture
def encrypted(tmp_path):
    """A cluster of one node that takes TLS, with a certificate that only its own authority vouches for; its address."""
    server, openssl = shutil.which("redis-server"), shutil.which("openssl")
    if not server or not openssl:
        pytest.skip("needs redis-server and openssl; the server of the embedded store speaks no TLS")
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=test"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    plain, bus, secure = free_ports(3)
    options = [
        "--cluster-enabled",
        "yes",
        "--cluster-port",
        str(bus),
        "--tls-cluster",
        "yes",
        "--tls-port",
        str(secure),
    ]
    options += ["--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-ca-cert-file", str(certificate)]
    node = Node(tmp_path / "node", plain, [*options, "--tls-auth-clients", "no"], server)
    node.start()
    try:
        node.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        wait_for(lambda: "cluster_state:ok" in str(node.call("CLUSTER", "INFO")), "the cluster")
        yield f"rediss+cluster://127.0.0.1:{secure}", certificate
    finally:
        node.kill()


def test_a_cluster_is_spoken_to_through_tls(encrypted, settings, monkeypatch):
    address, certificate = encrypted
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)  # reading this machine's authorities for each connection takes long
    settings.GAMIFY_SHARDS = 3
    point_at(SimpleNamespace(url=f"{address}?ssl_ca_certs={certificate}"), settings)
    make_board(entries=dict.fromkeys(PLAYERS, 1))
    assert ranking.size("coins") == len(PLAYERS)
    point_at(SimpleNamespace(url=address), settings)
    with pytest.raises(StoreUnavailable):  # nobody vouches for it
        ranking.size("coins")
    forget_everything()
