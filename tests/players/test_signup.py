"""The sign-up page."""

from unittest.mock import patch

import pytest
from django.test import Client

from gamify_site.players import accounts, registration, services
from tests.players.conftest import PASSWORD, MakeAccount

SIGN_UP = "/accounts/signup/"


def sign_up(client: Client, username: str = "alice", password: str = PASSWORD, again: str | None = None):
    return client.post(
        SIGN_UP, {"username": username, "password1": password, "password2": password if again is None else again}
    )


def errors(response) -> dict[str, list[str]]:
    return response.context["form"].errors


@pytest.mark.usefixtures("store")
def test_signing_up_logs_in_and_leads_to_the_profile(client: Client) -> None:
    assert sign_up(client, "Alice").headers["Location"] == "/accounts/settings/"
    page = client.get("/accounts/settings/")
    assert page.context["user"].player_id == "Alice"
    assert "Welcome!" in page.text
    assert services.get("Alice").name == "Alice"


@pytest.mark.usefixtures("store")
def test_the_password_is_stored_hashed(client: Client) -> None:
    sign_up(client)
    assert PASSWORD not in str(accounts.find("alice"))


def test_a_taken_name_is_told_at_the_field(account: MakeAccount, client: Client, subtests: pytest.Subtests) -> None:
    account("Alice")
    for taken in ["alice", "ALICE"]:
        with subtests.test(taken=taken):
            response = sign_up(client, taken)
            assert errors(response) == {"username": ["This name is taken."]}
            assert 'id="id_username_error"' in response.text


@pytest.mark.usefixtures("store")
def test_a_name_that_a_game_knows_is_taken(client: Client) -> None:
    services.upsert("bob", name="Bob")
    assert errors(sign_up(client, "bob")) == {"username": ["This name is taken."]}
    assert accounts.find("bob") is None


def test_who_comes_second_in_a_race_is_told_at_the_field(account: MakeAccount, client: Client) -> None:
    account("alice")
    with patch.object(registration, "check_free"):
        response = sign_up(client)
    assert errors(response) == {"username": ["This name is taken."]}


@pytest.mark.usefixtures("store")
def test_an_illegal_name_is_told_at_the_field(client: Client, subtests: pytest.Subtests) -> None:
    illegal = "A username has 1 to 64 letters"
    for name, reason in [
        ("-x", illegal),
        ("a b", illegal),
        ("<script>alert(1)</script>", illegal),
        ("é", illegal),
        ("x" * 65, "at most 64 characters"),
        ("a\tb", illegal),
        ("", "This field is required."),
    ]:
        with subtests.test(name=name):
            response = sign_up(client, name)
            assert list(errors(response)) == ["username"]
            assert reason in errors(response)["username"][0]
            assert "<script>alert" not in response.text


@pytest.mark.usefixtures("store")
def test_a_bad_password_is_told_at_the_field(client: Client, subtests: pytest.Subtests) -> None:
    for password, again, reason in [
        ("short", None, "This password is too short."),
        ("password123", None, "This password is too common."),
        ("alice12345", None, "The password is too similar to the username."),
        (PASSWORD, "other", "The two password fields"),
    ]:
        with subtests.test(password=password):
            told = errors(sign_up(client, "alice123", password, again))
            assert list(told) == ["password2"]
            assert reason in told["password2"][0]


@pytest.mark.usefixtures("alice")
def test_who_is_logged_in_has_no_use_for_it(client: Client) -> None:
    assert client.get(SIGN_UP).status_code == 302


@pytest.mark.usefixtures("store")
def test_twenty_sign_ups_from_one_address_are_enough_for_a_while() -> None:
    for number in range(20):
        assert sign_up(Client(), f"bot{number}").status_code == 302
    response = sign_up(Client(), "bot20")
    assert response.status_code == 429
    assert "Retry-After" in response.headers
    assert accounts.find("bot20") is None
    assert sign_up(Client(REMOTE_ADDR="192.0.2.7"), "bob").status_code == 302


@pytest.mark.usefixtures("store")
def test_forms_with_mistakes_do_not_count(client: Client) -> None:
    for _ in range(25):
        assert sign_up(client, "alice", "short").status_code == 200
    assert sign_up(client).status_code == 302
