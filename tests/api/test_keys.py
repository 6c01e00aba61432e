"""API keys: shown once, stored as a digest, found by their secret, gone when they are revoked."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from django.core.exceptions import ValidationError

from gamify_site import audit
from gamify_site.api import keys
from gamify_site.store import keys as stored
from gamify_site.store.errors import StoreUnavailable

pytestmark = pytest.mark.usefixtures("store", "clock")


def told():
    """What the audit log holds, latest first."""
    return [(it.what, it.subject, it.by, dict(it.before), dict(it.after)) for it in audit.walk(lambda _entry: True)]


def test_secret_opens_what_was_made(clock):
    key, secret = keys.create("Game", "write", by="charlie")
    assert secret.startswith("gk_") and len(secret) == 46
    assert key == keys.ApiKey(key.id, "Game", "write", clock.now(), "charlie", None)
    assert keys.admit(secret, most=9, rate=1).key == keys.ApiKey(
        key.id, "Game", "write", clock.now(), "charlie", clock.now()
    )


def test_only_the_digest_of_a_secret_is_stored(store):
    key, secret = keys.create("Game", "read", by="charlie")
    digest = sha256(secret.encode()).hexdigest()
    assert key.id == digest[:12]
    assert list(store.redis.hgetall(stored.api_keys())) == [digest.encode()]
    assert secret not in repr(store.redis.hgetall(stored.api_keys()))
    assert store.keys() == {stored.api_keys(), stored.audit()}
    assert secret not in repr(told())


def test_other_secrets_open_nothing(subtests):
    keys.create("Game", "read", by="charlie")
    for secret in ("", "gk_", "Game", "gk_" + "A" * 43, "gk_" + "A" * 42, "gk_" + "é" * 43, "gk_" + "A" * 43 + "\n"):
        with subtests.test(secret=secret):
            assert keys.admit(secret, most=9, rate=1) is None


def test_one_secret_opens_one_key():
    made = [keys.create(f"Game {number}", "read", by="charlie") for number in range(5)]
    assert [keys.admit(secret, most=9, rate=1).key.name for _key, secret in made] == [key.name for key, _secret in made]


def test_revoked_key_opens_nothing(store):
    key, secret = keys.create("Game", "read", by="charlie")
    _other, kept = keys.create("Other", "read", by="charlie")
    keys.admit(secret, most=9, rate=1)
    assert keys.revoke(key.id, by="bob").name == "Game"
    assert keys.admit(secret, most=9, rate=1) is None
    assert keys.admit(kept, most=9, rate=1).key.name == "Other"
    assert store.redis.hlen(stored.api_keys_used()) == 1


def test_unknown_key_is_told(subtests):
    keys.create("Game", "read", by="charlie")
    for key_id in ("", "nope", "0" * 12, "*"):
        with subtests.test(key_id=key_id):
            for ask in (keys.get, lambda it: keys.revoke(it, by="charlie")):
                with pytest.raises(keys.UnknownKey):
                    ask(key_id)
            assert len(keys.all()) == 1


def test_whole_digest_is_no_id():
    _key, secret = keys.create("Game", "read", by="charlie")
    with pytest.raises(keys.UnknownKey):
        keys.revoke(sha256(secret.encode()).hexdigest(), by="charlie")


def test_newest_first(clock):
    for name in ("Alpha", "Beta", "Gamma"):
        keys.create(name, "read", by="charlie")
        clock.advance(seconds=1)
    assert [key.name for key in keys.all()] == ["Gamma", "Beta", "Alpha"]


def test_use_is_noted_at_most_once_a_minute(clock):
    first = clock.now()
    _key, secret = keys.create("Game", "read", by="charlie")
    assert keys.all()[0].last_used is None
    keys.admit(secret, most=9, rate=1)
    clock.advance(seconds=59)
    assert keys.admit(secret, most=9, rate=1).key.last_used == keys.all()[0].last_used == first
    clock.advance(seconds=1)
    assert keys.admit(secret, most=9, rate=1).key.last_used == keys.all()[0].last_used == clock.now()


def test_note_of_a_clock_that_was_ahead_is_mended(clock):
    _key, secret = keys.create("Game", "read", by="charlie")
    clock.advance(days=3)
    keys.admit(secret, most=9, rate=1)
    clock.advance(days=-3)
    assert keys.admit(secret, most=9, rate=1).key.last_used == clock.now()


def test_unprintable_and_long_names_are_refused(subtests):
    for name in ("", "  ", "x" * 61, "a\nb", "a\0b", "\u202eGame", "\ud800", None, 5):
        with subtests.test(name=name):
            with pytest.raises(ValidationError) as refused:
                keys.create(name, "read", by="charlie")
            assert set(refused.value.message_dict) == {"name"}
            assert keys.all() == told() == []


def test_names_are_unique(subtests):
    for name in ("x" * 60, "Ågren & Söner", "ゲーム 🎮", '"quoted" \\ back', "<b>"):
        with subtests.test(name=name):
            keys.create(name, "read", by="charlie")
            with pytest.raises(ValidationError) as refused:
                keys.create(f" {name} ", "write", by="charlie")
            assert refused.value.message_dict == {"name": ["There is a key with this name already."]}
            assert [(key.name, key.scope) for key in keys.all() if key.name.strip() == name] == [(name, "read")]


def test_name_is_free_again_after_the_key_is_revoked():
    key, secret = keys.create("Game", "read", by="charlie")
    keys.revoke(key.id, by="charlie")
    _again, other = keys.create("Game", "read", by="charlie")
    assert keys.admit(secret, most=9, rate=1) is None
    assert keys.admit(other, most=9, rate=1).key.name == "Game"


def test_unknown_scope_is_refused():
    with pytest.raises(ValidationError) as refused:
        keys.create("Game", "admin", by="charlie")
    assert refused.value.message_dict == {"scope": ["Choose read or write."]}


def test_there_are_so_many_keys_and_no_more(monkeypatch):
    monkeypatch.setattr(keys, "MOST_KEYS", 2)
    keys.create("One", "read", by="charlie")
    keys.create("Two", "read", by="charlie")
    with pytest.raises(ValidationError, match="2 keys already"):
        keys.create("Three", "read", by="charlie")
    assert len(keys.all()) == 2


def test_same_id_is_given_to_one_key_alone(monkeypatch):
    secret_parts = iter(["A" * 43, "A" * 43, "B" * 43])
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _bytes: next(secret_parts))
    keys.create("One", "read", by="charlie")
    _two, secret = keys.create("Two", "read", by="charlie")
    assert secret == "gk_" + "B" * 43


def test_making_and_revoking_are_in_the_audit_log():
    key, _secret = keys.create("Game", "write", by="charlie")
    keys.revoke(key.id, by="bob")
    assert told() == [
        ("key_revoked", "Game", "bob", {"scope": "write"}, {}),
        ("key_created", "Game", "charlie", {}, {"scope": "write"}),
    ]


def test_verifying_takes_one_round_trip(open_store, round_trips, clock):
    open_store("valkey")
    _key, secret = keys.create("Game", "read", by="charlie")
    keys.admit(secret, most=9, rate=1)
    round_trips()
    keys.admit(secret, most=9, rate=1)
    assert round_trips() == 1
    clock.advance(minutes=5)
    keys.admit(secret, most=9, rate=1)
    assert round_trips() == 1
    keys.admit("not a secret", most=99, rate=99)
    assert round_trips() == 0


@pytest.mark.parametrize("setting", ["maxmemory", "min-replicas-to-write"])
@pytest.mark.parametrize("kind", ["valkey", "redis", "redis-6.2"])
def test_server_that_takes_no_writes_still_knows_its_keys(open_store, kind, setting):
    redis = open_store(kind).redis
    _key, secret = keys.create("Game", "read", by="charlie")
    redis.config_set(setting, 1)
    try:
        assert keys.admit(secret, most=9, rate=1).key.name == "Game"
    finally:
        redis.config_set(setting, 0)


def test_of_many_at_once_one_gets_the_name(open_store):
    open_store("valkey")

    def make(number):
        try:
            return keys.create("Game", "read", by=f"staff-{number}")
        except ValidationError:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [it for it in pool.map(make, range(24)) if it]
    assert len(made) == len(keys.all()) == 1


def test_without_a_data_store_nobody_gets_in(down):  # noqa: ARG001
    with pytest.raises(StoreUnavailable):
        keys.admit("gk_" + "A" * 43, most=99, rate=99)
