"""What happens when Redis is away, slow or loses a reply: a clear error, no write twice, and recovery by itself."""

import shutil
import time

import pytest
from django.core.cache import cache
from django_redis import get_redis_connection

from achievements.definitions import Event
from achievements.services import events
from gamify_site.store import addresses, connection
from gamify_site.store.addresses import redis_settings
from gamify_site.store.connection import client, guarded, patiently
from gamify_site.store.errors import StoreUnavailable
from leaderboards.errors import UnknownBoard
from leaderboards.services import boards, ranking, scores
from tests.achievements.builders import make
from tests.builders import make_board
from tests.clusters import wait_for
from tests.conftest import Store, point_at
from tests.contract.rights import dump
from tests.servers import LossyProxy, Private


def every_kind_of_call():
    return [
        lambda: scores.submit("coins", "alice", 1),
        lambda: scores.submit_many("coins", {"alice": 1, "bob": 1}),
        lambda: scores.spend("coins", "alice", 1),
        lambda: scores.remove("coins", "alice"),
        lambda: ranking.top("coins"),
        lambda: ranking.standing("coins", "alice"),
        lambda: ranking.page("coins"),
        lambda: ranking.version("coins"),
        lambda: make_board("gems"),
        lambda: boards.delete("coins"),
    ]


@pytest.mark.every_store
def test_store_that_is_away_is_unavailable(services_store, monkeypatch):
    """Nobody waits long for it: the pauses between all attempts of a call add up to less than a second."""
    make_board(entries={"alice": 5})
    services_store.stop()
    try:
        for call in every_kind_of_call():
            pauses: list[float] = []
            with monkeypatch.context() as patch, pytest.raises(StoreUnavailable) as failure:
                patch.setattr(time, "sleep", pauses.append)
                call()
            assert failure.value.retry_after >= 1
            assert sum(pauses) < 1
    finally:
        services_store.start()


def stored():
    return {name: value for server in connection.servers() for name, value in dump(server).items()}


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [("maxmemory", "1", "is full"), ("min-replicas-to-write", "1", "too few replicas")],
)
@pytest.mark.parametrize(
    "kind", ["valkey", "redis", "redis-6.2", pytest.param("cluster", marks=pytest.mark.xdist_group("cluster"))]
)
def test_store_that_takes_no_writes_says_why(open_store, kind, setting, value, reason):
    open_store(kind, 8 if kind == "cluster" else 1)
    make_board(action="coin", entries={"alice": 5})
    make("ten", type="streak")
    events.record([Event("alice", "other")])  # the shard has got its rules
    servers, event = connection.servers(), Event("alice", "coin", id="one")
    before = stored()
    for server in servers:
        server.config_set(setting, value)
    try:
        for change in (lambda: scores.submit("coins", "alice", 1), lambda: events.record([event])):
            with pytest.raises(StoreUnavailable, match=reason):
                change()
        assert ranking.standing("coins", "alice").score == 5
        assert stored() == before
    finally:
        for server in servers:
            server.config_set(setting, "0")
    assert scores.submit("coins", "alice", 1).score == 6
    assert events.record([event]).accepted == 1


@pytest.mark.parametrize("kind", ["valkey", "redis", "redis-6.2"])
def test_replica_takes_no_changes_and_says_so(open_store, kind):
    redis = open_store(kind).redis
    make_board(action="coin", entries={"alice": 5})
    before = stored()
    redis.replicaof("127.0.0.1", "1")
    try:
        with pytest.raises(StoreUnavailable, match="is a replica"):
            scores.submit("coins", "alice", 1)
        assert stored() == before
    finally:
        redis.replicaof("NO", "ONE")


@pytest.fixture
def unable_to_save(tmp_path, settings, private_server):
    """Opens a store whose folder for snapshots is gone."""
    opened = []

    def open_(kind):
        folder = tmp_path / "snapshots"
        folder.mkdir()
        server = Private(kind, private_server(kind).program, "--dir", str(folder))
        server.start()
        opened.append(server)
        point_at(server, settings)
        make_board(action="coin", entries={"alice": 5})
        shutil.rmtree(folder)
        with server.redis() as redis:
            redis.config_set("save", "3600 1")
            redis.bgsave()
            wait_for(lambda: redis.info("persistence")["rdb_last_bgsave_status"] == "err", "the failure")

    yield open_
    for server in opened:
        server.close()


@pytest.mark.parametrize("kind", ["valkey", "redis", "redis-6.2"])
def test_store_that_cannot_save_takes_no_changes_and_says_so(unable_to_save, kind):
    unable_to_save(kind)
    before = stored()
    with pytest.raises(StoreUnavailable, match="cannot save to its disk"):
        scores.submit("coins", "alice", 1)
    assert stored() == before


def test_store_that_is_away_at_the_start_is_unavailable(down):
    with pytest.raises(StoreUnavailable):
        boards.all()
    down.start()
    assert boards.all() == []


def test_program_recovers_by_itself(open_store):
    """fakeredis keeps its data while it is away, as a server with an append-only file does."""
    store = open_store("fakeredis")
    make_board(entries={"alice": 5})
    store.stop()
    with pytest.raises(StoreUnavailable):
        scores.increment("coins", "alice", 1)
    store.start()
    assert scores.increment("coins", "alice", 1).score == 6


@pytest.mark.parametrize("kind", ["valkey", "redis"])
def test_first_call_after_a_restart_works(open_store, kind):
    """The connections in the pool are dead, and this server has lost its data: nothing old is believed."""
    store = open_store(kind)
    make_board(entries={"alice": 5})
    store.stop()
    store.start()
    with pytest.raises(UnknownBoard):
        scores.increment("coins", "alice", 1)
    make_board()
    store.stop()
    store.start()
    assert boards.all() is not None
    make_board()
    assert scores.increment("coins", "alice", 1).score == 1


@pytest.fixture
def lossy(private_server, settings):
    """A store behind a proxy that can lose replies, with alice at 5; gives the proxy."""
    proxy = LossyProxy(private_server("valkey"))
    point_at(proxy, settings)
    Store(proxy).empty()
    make_board(entries={"alice": 5})
    boards.get("coins")
    yield proxy
    proxy.close()


@pytest.mark.parametrize(
    "write",
    [
        lambda: scores.increment("coins", "alice", 10),
        lambda: scores.submit("coins", "alice", 10),
        lambda: scores.submit_many("coins", {"alice": 10}),
    ],
)
def test_write_whose_reply_was_lost_is_not_repeated(lossy, write):
    lossy.replies_to_lose = 1
    with pytest.raises(StoreUnavailable):
        write()
    assert ranking.standing("coins", "alice").score == 15


def test_spending_whose_reply_was_lost_is_not_repeated(lossy):
    lossy.replies_to_lose = 1
    with pytest.raises(StoreUnavailable):
        scores.spend("coins", "alice", 2)
    assert ranking.standing("coins", "alice").score == 3


def test_read_whose_reply_was_lost_is_repeated(lossy):
    for read in (
        lambda: ranking.size("coins"),
        lambda: len(ranking.top("coins")),
        lambda: len(ranking.page("coins")[0]),
    ):
        lossy.replies_to_lose = 1
        assert read() == 1
        assert lossy.replies_to_lose == 0


def test_read_is_not_repeated_for_ever(lossy):
    lossy.replies_to_lose = 1000
    with pytest.raises(StoreUnavailable):
        ranking.size("coins")
    assert lossy.replies_to_lose > 980
    lossy.replies_to_lose = 0
    assert ranking.size("coins") == 1


def test_server_that_hangs_is_unavailable_and_applies_a_write_once(private_server, settings, monkeypatch):
    server = private_server("valkey")
    monkeypatch.setattr(addresses, "ANSWER_TIMEOUT", 0.2)
    monkeypatch.setattr(connection, "LONGEST", 0.15)  # less than an answer is awaited for, as without this
    point_at(server, settings)
    Store(server).empty()
    make_board(entries={"alice": 5})
    boards.get("coins")
    server.pause()
    try:
        with pytest.raises(StoreUnavailable):
            scores.increment("coins", "alice", 10)
        with pytest.raises(StoreUnavailable):
            ranking.size("coins")
    finally:
        server.resume()
    assert ranking.standing("coins", "alice").score == 15


def test_patience_ends():
    calls = []

    def attempt() -> None:
        calls.append(1)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        patiently(attempt)
    assert len(calls) == 3


def test_mistake_is_not_taken_for_a_lost_connection():
    calls = []

    def attempt() -> None:
        calls.append(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), guarded():
        patiently(attempt)
    assert len(calls) == 1


def test_cache_sessions_and_data_share_one_pool(store):
    cache.set("x", 1)
    assert client() is client()
    assert get_redis_connection("default").connection_pool is client().connection_pool
    assert store.keys() == {"gamify-cache:1:x"}


# Addresses


def test_plain_addresses_are_passed_on():
    for url in ("redis://localhost:6379/1", "rediss://user:secret@host:6380/0", "unix:///run/redis.sock?db=2"):
        found = redis_settings(url)
        assert found["LOCATION"] == url
        assert "SENTINELS" not in found["OPTIONS"]
        assert 0 < found["OPTIONS"]["SOCKET_CONNECT_TIMEOUT"] <= found["OPTIONS"]["SOCKET_TIMEOUT"] <= 5


def test_sentinel_addresses_name_sentinels_primary_and_database(subtests):
    for url, location, sentinels in (
        ("redis+sentinel://a:1,b:2/main/3", "redis://main/3", [("a", 1), ("b", 2)]),
        ("redis+sentinel://a,b:27000,c/main", "redis://main/0", [("a", 26379), ("b", 27000), ("c", 26379)]),
        ("redis+sentinel://10.0.0.1:26379/my-primary/0", "redis://my-primary/0", [("10.0.0.1", 26379)]),
    ):
        with subtests.test(url=url):
            found = redis_settings(url)
            assert found["LOCATION"] == location
            assert found["OPTIONS"]["SENTINELS"] == sentinels


def test_sentinel_passwords_are_passed_on():
    options = redis_settings("redis+sentinel://user:secret@a:1/main/0?password=guard")["OPTIONS"]
    assert (options["USERNAME"], options["PASSWORD"]) == ("user", "secret")
    assert options["SENTINEL_KWARGS"]["password"] == "guard"
    assert redis_settings("redis+sentinel://:secret@a:1/main/0")["OPTIONS"]["PASSWORD"] == "secret"


def test_tls_holds_for_sentinels_and_servers_with_its_options(subtests):
    told = {"ssl": True, "ssl_ca_certs": "/etc/ca.pem", "ssl_check_hostname": False}
    for url, where in (
        ("rediss+sentinel://a:1/main/0", {"CONNECTION_POOL_KWARGS", "SENTINEL_KWARGS"}),
        ("rediss+cluster://a:1", {"CONNECTION_POOL_KWARGS"}),
    ):
        with subtests.test(url=url):
            options = redis_settings(f"{url}?ssl_ca_certs=/etc/ca.pem&ssl_check_hostname=no")["OPTIONS"]
            assert where <= options.keys()
            for name in where:
                assert told.items() <= options[name].items()
    plain = redis_settings("redis+cluster://a:1")["OPTIONS"]["CONNECTION_POOL_KWARGS"]
    assert not {"ssl", "ssl_ca_certs"} & plain.keys()
