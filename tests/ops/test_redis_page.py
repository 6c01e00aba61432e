"""The page of the data store: loud where data is in danger, whole where the server tells little."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from gamify_site.players.models import Account
from tests.builders import crowd, make_board
from tests.clusters import Cluster
from tests.conftest import Settings, Store, point_at

PAGE = "/manage/redis/"


def log_in(client: Client) -> None:
    client.force_login(Account.objects.create_user("charlie", "correct horse", is_staff=True))


@pytest.mark.usefixtures("store")
def test_page_is_made_anew_each_time_and_takes_no_forms(client: Client) -> None:
    log_in(client)
    make_board("coins", crowd(3))
    answer = client.get(PAGE)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert "<code>board</code>" in answer.content.decode()
    assert client.post(PAGE).status_code == 405


def test_danger_is_said_first(client: Client, open_store: Callable[..., Store]) -> None:
    redis = open_store("valkey").redis
    log_in(client)
    redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        page = client.get(PAGE).content.decode()
    finally:
        redis.config_set("maxmemory-policy", "noeviction")
    banner, _, rest = page.partition('id="checks-title"')
    assert "Data is in danger" in banner
    assert "CONFIG SET maxmemory-policy noeviction" in banner
    assert "all data is lost when the server restarts" in banner
    assert '<span class="badge bad">Bad</span>' in rest
    assert '<span class="badge good">Good</span>' in rest


def test_safe_server_raises_no_alarm(client: Client, open_store: Callable[..., Store]) -> None:
    redis = open_store("valkey").redis
    log_in(client)
    redis.config_set("appendonly", "yes")
    try:
        page = client.get(PAGE).content.decode()
    finally:
        redis.config_set("appendonly", "no")
    assert "Data is in danger" not in page
    assert "does not answer INFO" not in page


def test_slow_commands_are_escaped(client: Client, open_store: Callable[..., Store]) -> None:
    redis = open_store("valkey").redis
    log_in(client)
    redis.config_set("slowlog-log-slower-than", 0)
    redis.set("<b>", "x")
    redis.config_set("slowlog-log-slower-than", 10_000)
    page = client.get(PAGE).content.decode()
    redis.slowlog_reset()
    assert "SET &lt;b&gt; x" in page
    assert "<b>" not in page


def test_server_that_tells_nothing_breaks_no_page(client: Client, open_store: Callable[..., Store]) -> None:
    open_store("fakeredis")
    log_in(client)
    page = client.get(PAGE).content.decode()
    assert "does not answer INFO" in page
    assert "Data is in danger" not in page
    assert page.count('<span class="badge">Unknown</span>') == 9


def test_page_without_a_data_store_is_the_usual_one(client: Client, store: Store) -> None:
    log_in(client)
    store.stop()
    try:
        assert client.get(PAGE).status_code == 503
    finally:
        store.start()


def test_server_that_is_not_there_is_a_404(client: Client, open_store: Callable[..., Store]) -> None:
    open_store("valkey")
    log_in(client)
    assert [client.get(PAGE, {"server": it}).status_code for it in ("0", "1", "9", "x", "-1", "²", "")] == [200] + 6 * [
        404
    ]


@pytest.mark.xdist_group("cluster")
def test_nodes_of_a_cluster_are_looked_at_one_by_one(client: Client, open_store: Callable[..., Store]) -> None:
    store = open_store("cluster", 9)
    log_in(client)
    nodes = [f"127.0.0.1:{node.port}" for node in store.server.nodes]
    pages = [client.get(PAGE, {"server": place}).content.decode() for place in ("0", "1", "2")]
    for page in pages:
        assert all(node in page for node in nodes)
        assert page.count('aria-current="page"') == 1 + page.count('class="crumbs"')
        assert "How the servers that together hold all data are doing" in page
        assert "3 of 3" in page and "16,384 of 16,384" in page
    assert len({page[page.index('aria-current="page"') :][:60] for page in pages}) == 3
    assert client.get(PAGE, {"server": "3"}).status_code == 404


@pytest.fixture
def partial() -> Iterator[Cluster]:
    """A cluster whose nodes go on where one of them is dead."""
    cluster = Cluster(3)
    try:
        cluster.start()
        for node in cluster.nodes:
            node.call("CONFIG", "SET", "cluster-require-full-coverage", "no")
        yield cluster
    finally:
        cluster.close()


@pytest.mark.xdist_group("cluster")
def test_page_names_the_node_that_is_away_and_shows_the_others(
    client: Client, settings: Settings, partial: Cluster
) -> None:
    point_at(partial, settings)
    log_in(client)
    assert client.get(PAGE).status_code == 200
    session = f"gamify-cache:1:django.contrib.sessions.cache{client.session.session_key}"
    needed = {partial.owner("{gamify}"), partial.owner(session)}
    dead = next(node for node in partial.nodes if node not in needed)
    dead.kill()
    answer = client.get(PAGE)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f"<strong>127.0.0.1:{dead.port}</strong> does not answer" in page
    assert "2 of 3" in page and page.count('data-server="away"') == 1
    assert '<h2 id="checks-title">' in page
    places = [client.get(PAGE, {"server": place}).content.decode() for place in range(3)]
    assert ["so nothing more is known of it" in it for it in places].count(True) == 1
