"""Fixtures for all tests: the data store, on fakeredis and on real servers, and the clock."""

import gc
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.conf import settings as django_settings
from django.utils import translation
from django_redis.pool import ConnectionFactory
from fakeredis import FakeRedisConnection
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings
from redis import Redis, RedisCluster
from redis.connection import AbstractConnection
from whitenoise.middleware import WhiteNoiseMiddleware

from gamify_site import clock as site_clock
from gamify_site import visitors
from gamify_site.store import addresses, catalog, connection, scripts, shard_count, subscription
from tests.clusters import Cluster, Watched
from tests.servers import MISSING, Fake, Private, Server, program
from tests.sites import Site

gc.set_threshold(50_000, 20, 20)  # as the program's own processes have it

# Quick runs try the same examples every time. Thorough ones look for new ones, and make one that fails smaller, which
# takes a state machine minutes.
hypothesis_settings.register_profile(
    "quick",
    deadline=None,
    max_examples=20,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
hypothesis_settings.register_profile(
    "thorough", deadline=None, max_examples=1000, suppress_health_check=list(HealthCheck), print_blob=True
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

StoreSpec = tuple[str, int]  # kind of server, number of shards
REDIS = ("redis", "redis-6.2")
KINDS = ("valkey", "fakeredis", *REDIS)
USUAL: dict[str, list[StoreSpec]] = {"store": [("valkey", 1)], "services_store": [("valkey", 1), ("valkey", 3)]}
# The stores of tests with the marker `every_store`, which protect portability.
PORTABLE: dict[str, list[StoreSpec]] = {
    "store": [(kind, 1) for kind in KINDS],
    "services_store": [*USUAL["services_store"], ("fakeredis", 3), *((kind, 1) for kind in REDIS), ("cluster", 8)],
}
# The stores of every test with --everything, as in `make test-all`.
ALL: dict[str, list[StoreSpec]] = {
    "store": PORTABLE["store"],
    "services_store": [*product(KINDS, (1, 3, 8)), ("cluster", 8)],
}


def pytest_collection_finish() -> None:
    """Spare the collector what stays: modules and tests. It would take a twelfth of the time."""
    gc.collect()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--everything",
        action="store_true",
        help="run every test on every kind of data store, slow ones too, with all examples",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("everything"):
        skip = pytest.mark.skip(reason="slow: runs with --everything, as in `make test-all`")
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(skip)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """With --durations, print the number of tests in each folder and their time, summed over all workers."""
    if terminalreporter.config.getoption("durations") is None:
        return
    folders: dict[str, tuple[set[str], float]] = {}
    for report in (it for reports in terminalreporter.stats.values() for it in reports):
        if type(report) is pytest.TestReport:  # reports of subtests are parts of these
            folder = str(Path(report.fspath).parent)
            tests, seconds = folders.get(folder, (set(), 0.0))
            folders[folder] = tests | {report.nodeid}, seconds + report.duration
    terminalreporter.section("tests by folder")
    for folder, (tests, seconds) in sorted(folders.items()):
        terminalreporter.line(f"{len(tests):5} tests {seconds:7.1f} s  {folder}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the data stores of a test: the usual ones, or more by marker or option."""
    is_portable = metafunc.definition.get_closest_marker("every_store")
    chosen = ALL if metafunc.config.getoption("everything") else PORTABLE if is_portable else USUAL
    for fixture in sorted(chosen.keys() & set(metafunc.fixturenames)):
        if len(chosen[fixture]) > 1:
            metafunc.parametrize(fixture, [_store_param(spec) for spec in chosen[fixture]], indirect=True)


def _store_param(spec: StoreSpec) -> Any:
    """Return a store as a parameter; all tests on the cluster go to one worker, which starts the only cluster."""
    marks = [pytest.mark.xdist_group("cluster")] if spec[0] == "cluster" else []
    return pytest.param(spec, id=f"{spec[0]}-{spec[1]}", marks=marks)


@pytest.fixture(scope="session", autouse=True)
def static_files() -> Iterator[None]:
    """Look for the static files once: every test client starts the site, and this is most of its start."""
    found: dict[str, Any] = {}
    look = WhiteNoiseMiddleware.add_files_from_finders

    def look_once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", look_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def swift_subscriptions() -> Iterator[None]:
    """Let subscriptions in this process end and begin anew at once: many tests wait for that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subscription, "PATIENCE", 0.02)
        patch.setattr(subscription, "PAUSE", 0.05)
        yield


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """English at the start of each test: a request leaves its language behind in the thread."""
    with translation.override("en"):
        yield


class HasAddress(Protocol):
    """Anything with the address of a data store."""

    @property
    def url(self) -> str: ...


@dataclass
class Store:
    """The data store under test: `redis` is the program's client; `stop()` takes it away, `start()` brings it back."""

    server: Server | Cluster

    @property
    def kind(self) -> str:
        return self.server.kind

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def is_usual(self) -> bool:
        """Return whether every service test runs on this kind with this number of shards."""
        return (self.kind, django_settings.GAMIFY_SHARDS) in USUAL["services_store"]

    @property
    def redis(self) -> Redis:
        return connection.client()

    def empty(self) -> None:
        """Removes everything; the server is this test process's own."""
        self.redis.flushall()
        catalog.forget()

    def keys(self) -> set[str]:
        """Every key there is; only for assertions."""
        return {key.decode() for key in self.redis.scan_iter(count=1000)}

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.start()


@pytest.fixture(scope="session")
def whole_cluster() -> Iterator[Callable[[], Cluster]]:
    """Gives a cluster of three primaries, started when first asked for; nobody takes a node of it away."""
    started: list[Cluster] = []

    def find() -> Cluster:
        if not started:
            started.append(Cluster())
            started[0].start()
        return started[0]

    yield find
    for cluster in started:
        cluster.close()


@pytest.fixture(scope="module")
def replicated() -> Iterator[Cluster]:
    """Three primaries, each with a replica."""
    cluster = Cluster(3, 1)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """A primary and a replica that Sentinel watches."""
    servers = Watched()
    try:
        servers.start()
        yield servers
    finally:
        servers.close()


@pytest.fixture(scope="session")
def private_server() -> Iterator[Callable[[str], Private]]:
    """Gives the private server of a kind (`valkey`, `redis`, `redis-6.2`), started when first asked for; skips without
    one."""
    started: dict[str, Private] = {}

    def find(kind: str) -> Private:
        if kind not in started:
            path = program(kind)
            if path is None:
                pytest.skip(f"{MISSING[kind]}: tests on it are skipped")
            started[kind] = Private(kind, path)
        started[kind].start()
        return started[kind]

    yield find
    for server in started.values():
        server.close()


def forget_everything() -> None:
    """What this process remembers of a data store: connections, the client, definitions, who has been counted."""
    for pool in ConnectionFactory._pools.values():  # or, of a cluster, its client
        if isinstance(pool, RedisCluster):
            pool.disconnect_connection_pools()
            pool.nodes_manager.slots_cache.clear()  # redis-py holds on to its clients; this is most of one
        else:
            pool.disconnect()
    ConnectionFactory._pools.clear()
    connection.forget()
    scripts.forget()
    catalog.forget()
    shard_count.forget()
    visitors.forget()


def point_at(server: HasAddress, settings: Settings) -> None:
    """Makes the program, Django's cache and sessions use this server."""
    configured = addresses.redis_settings(server.url)
    if isinstance(server, Fake):
        options = configured["OPTIONS"]
        options["CONNECTION_POOL_KWARGS"] |= {"connection_class": FakeRedisConnection, "server": server.server}
    settings.CACHES = {"default": {**settings.CACHES["default"], **configured}}
    forget_everything()


@pytest.fixture
def open_store(
    settings: Settings, private_server: Callable[[str], Private], whole_cluster: Callable[[], Cluster]
) -> Iterator[Callable[..., Store]]:
    """Opens an empty data store of a kind, with a number of shards."""

    def open_(kind: str, shards: int = 1) -> Store:
        makers = {"fakeredis": Fake, "cluster": whole_cluster}
        server = makers[kind]() if kind in makers else private_server(kind)
        settings.GAMIFY_SHARDS = shards
        point_at(server, settings)
        store = Store(server)
        store.empty()
        return store

    yield open_
    forget_everything()


@pytest.fixture
def store(request: pytest.FixtureRequest, open_store: Callable[..., Store]) -> Store:
    """Open an empty data store with one shard on the embedded server (see `pytest_generate_tests`)."""
    return open_store(*getattr(request, "param", USUAL["store"][0]))


@pytest.fixture
def services_store(request: pytest.FixtureRequest, open_store: Callable[..., Store]) -> Store:
    """Open an empty data store for the services, with one and with three shards (see `pytest_generate_tests`)."""
    return open_store(*request.param)


@pytest.fixture
def down(store: Store) -> Iterator[Store]:
    """The same store, refusing connections until its `start()` is called or the test is over."""
    store.stop()
    yield store
    store.start()


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Tells how often the program has sent something to a real server and waited, since it was asked last."""
    sent: list[object] = []
    send = AbstractConnection.send_packed_command

    def count(self: AbstractConnection, *args: Any, **kwargs: Any) -> None:
        sent.append(self)
        send(self, *args, **kwargs)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", count)

    def told() -> int:
        number = len(sent)
        sent.clear()
        return number

    return told


@pytest.fixture
def site_data(site: Site, settings: Settings) -> Iterator[None]:
    """Let services in this process work on the data of the module's `site`, as the back end of a game would."""
    point_at(site, settings)
    yield
    forget_everything()


@pytest.fixture
def demo_pages(settings: Settings) -> None:
    """Switch the demo tools on, and their pages with them."""
    settings.GAMIFY_DEMO = True
    settings.ROOT_URLCONF = "tests.ops.urls_with_demo"


class Clock:
    """The program's clock, set by hand. It stands far ahead, so that no data expires by the clock of the server."""

    def __init__(self) -> None:
        self.moment = datetime(2082, 11, 20, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def set(self, moment: datetime) -> None:
        self.moment = moment

    def advance(self, **units: Any) -> None:
        self.moment += timedelta(**units)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stops the program's clock at noon (UTC) of Friday, 2082-11-20; `set` and `advance` move it."""
    stopped = Clock()
    monkeypatch.setattr(site_clock, "now", stopped.now)
    return stopped
