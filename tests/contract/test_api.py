"""Contracts of the scripts of `gamify_site/api`: API keys and their rate limit."""

import pytest
from django.core.exceptions import ValidationError

from gamify_site.api import keys as api_keys
from gamify_site.store import keys
from tests.contract.contracts import contract

pytestmark = [pytest.mark.every_store, pytest.mark.usefixtures("services_store")]


@contract("api/create_key")
def test_key_is_stored_unless_its_name_is_taken_or_there_are_too_many(services_store, monkeypatch):
    tokens = iter(["a" * 43, "a" * 43, "b" * 43, "c" * 43, "d" * 43])
    monkeypatch.setattr(api_keys.secrets, "token_urlsafe", lambda _: next(tokens))
    first, _ = api_keys.create("game", "write", by="root")
    second, secret = api_keys.create("page", "read", by="root")  # draws again: its first secret has the id of "game"
    assert secret == "gk_" + "b" * 43
    assert {key.id: (key.name, key.scope) for key in api_keys.all()} == {
        first.id: ("game", "write"),
        second.id: ("page", "read"),
    }
    with pytest.raises(ValidationError) as refusal:
        api_keys.create("game", "read", by="root")
    assert refusal.value.message_dict == {"name": ["There is a key with this name already."]}
    monkeypatch.setattr(api_keys, "MOST_KEYS", 2)
    with pytest.raises(ValidationError) as refusal:
        api_keys.create("more", "read", by="root")
    assert refusal.value.messages == ["There are 2 keys already; revoke one first."]
    assert services_store.redis.hlen(keys.api_keys()) == 2


@contract("api/admit_key")
def test_key_has_as_many_requests_as_its_bucket_holds_and_gains(services_store, clock):
    key, secret = api_keys.create("game", "write", by="root")
    began = clock.now()

    def admit() -> tuple[str, object, int, int]:
        found = api_keys.admit(secret, most=2, rate=1 / 64)
        return found.key.id, found.key.last_used, found.left, found.wait

    assert [admit() for _ in range(3)] == [(key.id, began, 1, 0), (key.id, began, 0, 0), (key.id, began, 0, 64_000)]
    clock.advance(seconds=32)
    assert admit() == (key.id, began, 0, 32_000)
    (bucket,) = services_store.redis.scan_iter(match="*api_bucket*")
    assert services_store.redis.hgetall(bucket) == {b"tokens": b"0.500", b"at": b"3562401632000"}
    assert 0 < services_store.redis.pttl(bucket) <= 128_000
    clock.advance(seconds=96)
    assert admit() == (key.id, clock.now(), 1, 0)
    assert api_keys.admit("gk_" + "x" * 43, most=2, rate=1) is None
