"""Health checks for machines."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from django.test import Client

from gamify_site.store import replacing
from tests.conftest import Store
from tests.contract.rights import without


def test_alive_without_a_data_store(client: Client, store: Store) -> None:
    store.stop()
    assert client.get("/healthz").json() == {"status": "ok"}
    store.start()


def test_ready_where_the_data_store_takes_writes(client: Client, store: Store) -> None:
    assert client.get("/readyz").status_code == 200
    assert store.keys() == set()


def test_not_ready_without_a_data_store(client: Client, store: Store, down: Store) -> None:  # noqa: ARG001
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"


def test_not_ready_while_the_data_is_replaced(client: Client, store: Store) -> None:  # noqa: ARG001
    assert client.get("/readyz").status_code == 200
    with suppress(ZeroDivisionError), replacing.all_data("new"):
        raise ZeroDivisionError
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "being replaced" in response.json()["reason"]
    with replacing.all_data("new"):
        pass
    assert client.get("/readyz").status_code == 200


def test_not_ready_where_it_is_full(client: Client, open_store: Callable[..., Store]) -> None:
    redis = open_store("valkey").redis
    redis.config_set("maxmemory", 1)
    try:
        assert client.get("/readyz").status_code == 503
    finally:
        redis.config_set("maxmemory", 0)
    assert client.get("/readyz").status_code == 200


def test_not_ready_where_it_is_read_only(client: Client, open_store: Callable[..., Store]) -> None:
    redis = open_store("valkey").redis
    redis.replicaof("127.0.0.1", "1")
    try:
        assert client.get("/readyz").status_code == 503
    finally:
        redis.replicaof("NO", "ONE")


@pytest.mark.parametrize("kind", ["valkey", "redis", "redis-6.2"])
def test_not_ready_where_a_right_is_missing(
    client: Client, open_store: Callable[..., Store], kind: str, subtests: pytest.Subtests
) -> None:
    redis = open_store(kind).redis
    for rules, grant in (
        (["-evalsha"], "+evalsha"),
        (["-eval"], "+eval"),
        (["-set"], "+set"),
        (["-@hyperloglog"], "+pfadd"),
        (["-xinfo"], "+xinfo|stream"),
        (["resetchannels"], "&*"),
        (["resetkeys", "~other:*"], "~*"),
    ):
        with subtests.test(grant):
            with without(redis, *rules):
                response = client.get("/readyz")
            assert response.status_code == 503
            assert f"ACL SETUSER <user> {grant}" in response.json()["reason"]
    assert client.get("/readyz").status_code == 200
