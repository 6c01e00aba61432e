"""Log-in, log-out and the sessions behind them."""

from collections.abc import Callable
from unittest.mock import patch

import pytest
from django.contrib.auth import SESSION_KEY, authenticate
from django.test import Client
from django.urls import reverse

from gamify_site.players import throttle
from gamify_site.players.models import Account
from tests.conftest import Store
from tests.players.conftest import PASSWORD, MakeAccount

LOGIN = "/accounts/login/"


def log_in(client: Client, username: str = "alice", password: str = PASSWORD, **more: str):
    return client.post(LOGIN, {"username": username, "password": password, **more})


def is_logged_in(client: Client) -> bool:
    return client.get(reverse("account_settings")).status_code == 200


def test_the_right_password_logs_in(account: MakeAccount, client: Client) -> None:
    account()
    assert log_in(client).headers["Location"] == "/"
    assert is_logged_in(client)


def test_the_name_may_be_spelled_otherwise(account: MakeAccount, client: Client) -> None:
    account("Alice")
    assert log_in(client, "aLiCe").status_code == 302


def test_wrong_name_and_wrong_password_look_alike(
    account: MakeAccount, client: Client, subtests: pytest.Subtests
) -> None:
    account()
    for username, password in [("alice", "wrong"), ("nobody", PASSWORD), ("al ice", PASSWORD)]:
        with subtests.test(username=username, password=password):
            response = log_in(client, username, password)
            assert response.status_code == 200
            assert "Please enter a correct username and password" in response.text
            assert not is_logged_in(client)


@pytest.mark.usefixtures("store")
def test_an_unknown_name_costs_a_password_hash_too() -> None:
    with patch.object(Account, "set_password") as hashed:
        assert authenticate(None, username="nobody", password="guess") is None
    hashed.assert_called_once_with("guess")


def test_a_closed_account_cannot_log_in_and_its_sessions_end(alice: Account, client: Client) -> None:
    assert is_logged_in(client)
    alice.is_active = False
    alice.save()
    assert not is_logged_in(client)
    assert log_in(client).status_code == 200


def test_the_session_key_is_changed_by_the_log_in(account: MakeAccount, client: Client) -> None:
    account()
    session = client.session
    session["before"] = "kept"
    session.save()
    client.cookies["sessionid"] = session.session_key
    log_in(client)
    assert client.cookies["sessionid"].value != session.session_key
    assert client.session["before"] == "kept"


def test_a_log_in_writes_nothing_to_the_account(account: MakeAccount, client: Client) -> None:
    before = account().to_fields()
    log_in(client)
    assert Account.objects.get_by_natural_key("alice").to_fields() == before


@pytest.mark.usefixtures("alice")
def test_logging_out_is_by_post_and_ends_the_session(client: Client) -> None:
    assert client.get("/accounts/logout/").status_code == 405
    assert is_logged_in(client)
    assert client.post("/accounts/logout/").status_code == 302
    assert SESSION_KEY not in client.session
    assert not is_logged_in(client)


@pytest.mark.usefixtures("alice")
def test_who_is_logged_in_is_not_asked_again(client: Client) -> None:
    assert client.get(LOGIN).status_code == 302


def test_next_leads_to_a_page_of_this_site(account: MakeAccount, client: Client) -> None:
    account()
    assert log_in(client, next="/leaderboards/").headers["Location"] == "/leaderboards/"


def test_next_never_leads_to_another_site(account: MakeAccount, subtests: pytest.Subtests) -> None:
    account()
    for elsewhere in [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
    ]:
        with subtests.test(elsewhere=elsewhere):
            assert log_in(Client(), next=elsewhere).headers["Location"] == "/"


@pytest.mark.usefixtures("store")
def test_next_is_escaped(client: Client) -> None:
    page = client.get(LOGIN, {"next": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page


@pytest.mark.usefixtures("store")
def test_forms_without_a_csrf_token_are_refused(subtests: pytest.Subtests) -> None:
    client = Client(enforce_csrf_checks=True)
    for address in [LOGIN, "/accounts/signup/"]:
        with subtests.test(address=address):
            response = client.post(address, {"username": "alice", "password": PASSWORD})
            assert response.status_code == 403
            assert "This form has expired" in response.text


def test_changes_without_a_csrf_token_are_refused(account: MakeAccount, subtests: pytest.Subtests) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(account())
    for address in ["/accounts/logout/", "/accounts/settings/", "/accounts/password/"]:
        with subtests.test(address=address):
            assert client.post(address, {"name": "Mallory"}).status_code == 403
            assert is_logged_in(client)


def test_after_five_wrong_passwords_the_right_one_has_to_wait(account: MakeAccount, client: Client) -> None:
    account()
    for _ in range(5):
        assert log_in(client, password="wrong").status_code == 200
    response = log_in(client)
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 900
    assert "Please wait 15 minutes" in response.text
    assert not is_logged_in(client)


def test_while_throttled_no_password_is_hashed(account: MakeAccount, client: Client) -> None:
    account()
    for _ in range(5):
        log_in(client, password="wrong")
    with (
        patch("django.contrib.auth.hashers.MD5PasswordHasher.encode") as encode,
        patch("django.contrib.auth.hashers.MD5PasswordHasher.verify") as verify,
    ):
        log_in(client)
        log_in(client, "ALICE")
    assert not encode.called and not verify.called


def test_others_and_other_addresses_are_not_slowed_down(account: MakeAccount, client: Client) -> None:
    account("alice")
    account("bob")
    for _ in range(6):
        log_in(client, password="wrong")
    assert log_in(client, "bob").status_code == 302
    assert log_in(Client(REMOTE_ADDR="192.0.2.7")).status_code == 302


def test_fifty_wrong_passwords_from_one_address_stop_it_for_all_names(account: MakeAccount, client: Client) -> None:
    account("alice")
    for number in range(49):
        throttle.count(throttle.log_in(f"guess{number}", "127.0.0.1"))
    assert log_in(client, "guess49").status_code == 200
    assert log_in(client).status_code == 429
    assert log_in(Client(REMOTE_ADDR="192.0.2.7")).status_code == 302


def test_a_hundred_wrong_passwords_from_many_addresses_stop_one_account(account: MakeAccount) -> None:
    account("alice")
    account("bob")
    for number in range(99):
        throttle.count(throttle.log_in("alice", f"192.0.2.{number}"))
    assert log_in(Client(REMOTE_ADDR="192.0.2.99"), password="wrong").status_code == 200
    assert log_in(Client(REMOTE_ADDR="198.51.100.1")).status_code == 429
    assert log_in(Client(REMOTE_ADDR="198.51.100.1"), "bob").status_code == 302


def test_success_clears_the_count(account: MakeAccount, client: Client) -> None:
    account()
    for _ in range(3):
        for _ in range(4):
            log_in(client, password="wrong")
        assert log_in(client).status_code == 302
        client.logout()


def test_the_old_throttle_is_no_matter_of_the_programs_clock(account: MakeAccount, client: Client, clock) -> None:
    account()
    for _ in range(5):
        log_in(client, password="wrong")
    clock.advance(days=30)
    assert log_in(client).status_code == 429


def test_a_logged_in_page_reads_the_session_and_the_account_and_writes_nothing(
    client: Client, open_store: Callable[..., Store]
) -> None:
    store = open_store("valkey")
    client.force_login(Account.objects.create_user("alice", PASSWORD))
    client.get("/accounts/password/")
    with store.redis.monitor() as monitor:
        client.get("/accounts/password/")
        store.redis.echo("the end")
        commands = []
        while "the end" not in (command := monitor.next_command()["command"]):
            commands.append(command.split()[0])
    handshake = {"PING", "HELLO", "CLIENT", "SELECT"}  # of a new connection
    assert [name for name in commands if name not in handshake] == ["GET", "HGETALL"]
