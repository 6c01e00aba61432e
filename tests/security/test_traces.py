"""Who gets in and who is refused leaves traces: for staff, for whoever reads the log, and for the account's owner."""

import json
import logging

import pytest
from django.core.management import call_command
from django.test import Client

from gamify_site import audit
from gamify_site.api import keys
from gamify_site.players import services
from gamify_site.players.models import Account
from gamify_site.store import keys as key_names

PASSWORD = "tulips and trams"
pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def alice(store) -> Account:  # noqa: ARG001  (the store comes first)
    services.upsert("alice", name="Alice")
    return Account.objects.create_user("alice", PASSWORD)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "gamify.security")
    return caplog


def log_in(username: str, password: str = PASSWORD, client: Client | None = None) -> None:
    (client or Client()).post("/accounts/login/", {"username": username, "password": password})


def entries(*words: str) -> list[tuple[str, str, str]]:
    """Return what the audit log has of some kinds, or all, earliest first: kind, subject and who it was."""
    found = list(audit.walk(lambda entry: not words or entry.what in words))
    return [(entry.what, entry.subject, entry.by) for entry in reversed(found)]


def game(scope: keys.Scope = "write") -> Client:
    _key, secret = keys.create(f"game that may {scope}", scope, by="root")
    return Client(headers={"authorization": f"Bearer {secret}"})


def put(client: Client, player: str, **fields: str | None) -> int:
    return client.put(f"/api/v1/players/{player}", json.dumps(fields), content_type="application/json").status_code


@pytest.mark.usefixtures("alice")
def test_log_ins_and_failures_are_recorded(log: pytest.LogCaptureFixture) -> None:
    log_in("Alice", "a wrong guess")
    log_in("ALICE")
    assert entries() == [("login_failed", "alice", "127.0.0.1"), ("logged_in", "alice", "alice")]
    assert log.messages == ["login_failed alice by 127.0.0.1", "logged_in alice by alice from 127.0.0.1"]


@pytest.mark.usefixtures("alice")
def test_nothing_that_was_typed_is_recorded(log: pytest.LogCaptureFixture) -> None:
    """A password lands in the field of the name now and then."""
    log_in("my-secret-password", "my-secret-password")
    log_in("alice", "my-secret-password")
    assert entries() == [("login_failed", "?", "127.0.0.1"), ("login_failed", "alice", "127.0.0.1")]
    everything = [entry.to_fields() for entry in audit.walk(lambda _entry: True)]
    assert "my-secret" not in str(everything) + log.text


def test_changes_of_accounts_are_recorded(alice: Account, log: pytest.LogCaptureFixture) -> None:
    Account.objects.create_user("root", PASSWORD, is_staff=True)
    call_command("promote", "alice", "--yes")
    call_command("demote", "alice", "--yes")
    client = Client()
    client.force_login(alice)
    new = {"new_password1": "crocuses and canals", "new_password2": "crocuses and canals"}
    client.post("/accounts/password/", {"old_password": PASSWORD} | new)
    call_command("reset_password", "alice")
    assert entries() == [
        ("promoted", "alice", "manage.py"),
        ("demoted", "alice", "manage.py"),
        ("password_changed", "alice", "alice"),
        ("password_reset", "alice", "manage.py"),
    ]
    assert len(log.messages) == 4


def test_renames_and_deletions_by_keys_are_recorded(log: pytest.LogCaptureFixture) -> None:
    client, by = game(), "key game that may write"
    for fields in ({"name": "Bob"}, {"name": "Bob", "country": "SE"}, {"country": "NO"}, {"name": "Bobby"}):
        assert put(client, "bob", **fields) == 200
    assert entries("player_changed") == [("player_changed", "bob", by)]
    assert next(audit.walk(lambda it: it.what == "player_changed")).changes == [("name", "Bob", "Bobby")]
    client.delete("/api/v1/players/bob")
    assert entries("player_deleted", "player_changed") == [("player_deleted", audit.pseudonym("bob"), by)]
    assert log.messages[1:] == [f"player_changed bob by {by}", f"player_deleted {audit.pseudonym('bob')} by {by}"]


def test_refused_keys_are_recorded_without_their_secrets(log: pytest.LogCaptureFixture) -> None:
    secret = f"gk_{'x' * 43}"
    assert Client(headers={"authorization": f"Bearer {secret}"}).get("/api/v1/leaderboards").status_code == 401
    assert put(game("read"), "bob") == 403
    assert Client().get("/api/v1/leaderboards").status_code == 401  # no key was shown
    found = list(audit.walk(lambda it: it.what == "key_refused"))
    assert [(it.subject, it.by, it.reason) for it in found] == [
        ("game that may read", "127.0.0.1", "scope read"),
        ("?", "127.0.0.1", "unknown key"),
    ]
    assert secret not in log.text
    assert "key_refused ? by 127.0.0.1" in log.messages


@pytest.mark.usefixtures("alice")
def test_strangers_do_not_push_others_out_of_the_audit_log(log: pytest.LogCaptureFixture) -> None:
    client = Client(headers={"authorization": f"Bearer gk_{'x' * 43}"})
    for _ in range(30):
        client.get("/api/v1/leaderboards")
    assert len(entries()) == 20
    assert len(log.messages) == 30
    log_in("alice")
    assert entries("logged_in") == [("logged_in", "alice", "alice")]


@pytest.mark.usefixtures("alice")
def test_owner_sees_recent_activity(client: Client) -> None:
    Account.objects.create_user("bob", PASSWORD)
    log_in("alice", "a wrong guess")
    log_in("bob", "a wrong guess", Client(REMOTE_ADDR="203.0.113.9"))
    put(game(), "alice", name="Alicia")
    log_in("alice", client=client)
    page = client.get("/accounts/settings/")
    assert [(it.what, it.source) for it in page.context["activity"]] == [
        ("Logged in", "127.0.0.1"),
        ("Player changed", "key game that may write"),
        ("Log-in failed", "127.0.0.1"),
    ]
    assert "Recent activity" in page.text and "Log-in failed" in page.text
    assert "203.0.113.9" not in page.text


@pytest.mark.usefixtures("alice")
def test_deleted_player_leaves_no_activity(store) -> None:
    log_in("alice")
    assert 0 < store.redis.ttl(key_names.account_activity("alice")) <= audit.ACTIVITY_KEPT
    services.delete("alice")
    assert not store.redis.exists(key_names.account_activity("alice"))
    assert entries() == []


def test_staff_find_them_with_a_filter(client: Client) -> None:
    client.force_login(Account.objects.create_user("root", PASSWORD, is_staff=True))
    log_in("root", "a wrong guess")
    game()
    for query, found in (("what=accounts", 1), ("what=login_failed", 1), ("what=logged_in", 0), ("what=keys", 1)):
        assert len(client.get(f"/manage/audit/?{query}").context["lines"]) == found
    assert "Log-in failed" in client.get("/manage/audit/?what=accounts").text
