"""A session that cannot be read is a log-out: never an error on every page."""

import pickle

import pytest
from django.core.cache import cache
from django.test import Client
from django_redis import get_redis_connection

from gamify_site.live import viewers
from gamify_site.players.models import Account

BROKEN = {
    "of another program": pickle.dumps({"_auth_user_id": "alice"}),
    "cut off": b'{"_auth_user_id": "ali',
    "empty": b"",
    "nested without end": b"[" * 100_000,
    "a number": b"17",
    "a list": b'["_auth_user_id"]',
    "null": b"null",
}


@pytest.fixture
def alice(store, client: Client) -> Client:  # noqa: ARG001  (the store comes first)
    client.force_login(Account.objects.create_user("alice", "tulips and trams"))
    return client


@pytest.mark.parametrize("value", BROKEN.values(), ids=BROKEN.keys())
def test_unreadable_session_is_a_log_out(alice: Client, value: bytes) -> None:
    session = alice.cookies["sessionid"].value
    key = cache.make_key(f"django.contrib.sessions.cache{session}")
    redis = get_redis_connection("default")
    assert redis.exists(key)
    redis.set(key, value)
    assert alice.get("/leaderboards/").status_code == 200
    assert viewers.player_of(session) is None
    assert alice.get("/accounts/settings/").headers["Location"] == "/accounts/login/?next=/accounts/settings/"
    fields = {"username": "alice", "password": "tulips and trams"}
    assert alice.post("/accounts/login/", fields).status_code == 302
    assert alice.get("/accounts/settings/").status_code == 200
