"""Temporary passwords are changed at the first log-in or expire, and no password is short."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from gamify_site.players import registration, services
from gamify_site.players.models import Account

OWN = "crocuses and canals"
CHANGE = "/accounts/password/"
pytestmark = pytest.mark.usefixtures("store", "clock")


@pytest.fixture
def password(store) -> str:  # noqa: ARG001  (the store comes first)
    """Make an account for alice and reset its password."""
    account = registration.sign_up("alice", "tulips and trams")
    services.upsert("bob", name="Bob")
    return registration.reset_password(account, by="root")


def log_in(client: Client, password: str):
    return client.post("/accounts/login/", {"username": "alice", "password": password})


def change(client: Client, old: str, new: str = OWN):
    return client.post(CHANGE, {"old_password": old, "new_password1": new, "new_password2": new})


def test_temporary_password_opens_nothing_but_its_change(
    password: str, client: Client, subtests: pytest.Subtests
) -> None:
    log_in(client, password)
    for address in ("/", "/accounts/settings/", "/leaderboards/", "/manage/"):
        with subtests.test(address):
            answer = client.get(address)
            assert (answer.status_code, answer.headers["Location"]) == (302, CHANGE)
    client.post("/accounts/settings/", {"name": "Mallory", "timezone": "UTC"})
    client.post("/players/bob/follow/", {"next": "/players/"})
    assert services.get("alice").name == "alice"
    assert services.following("alice") == []
    part = client.get("/players/?q=b", headers={"HX-Request": "true", "HX-Target": "results"})
    assert part.headers["HX-Redirect"] == CHANGE
    assert client.get(CHANGE).status_code == 200
    assert change(client, password).status_code == 302
    assert client.get("/accounts/settings/").status_code == 200


def test_temporary_password_can_be_left_by_logging_out(password: str, client: Client) -> None:
    log_in(client, password)
    assert client.post("/accounts/logout/").headers["Location"] == "/"
    assert client.get("/").status_code == 200


def test_temporary_password_is_not_kept(password: str, client: Client) -> None:
    log_in(client, password)
    errors = change(client, password, password).context["form"].errors
    assert errors == {"new_password1": ["This is the old password. Choose another one."]}
    assert Account.objects.get_by_natural_key("alice").password_is_temporary


def test_temporary_password_expires_after_a_day(password: str, client: Client, clock) -> None:
    clock.advance(hours=23, minutes=59)
    log_in(client, password)
    assert client.get(CHANGE).status_code == 200
    clock.advance(minutes=1)
    assert client.get(CHANGE).status_code == 302  # to the log-in: the session has ended
    page = log_in(Client(), password)
    assert page.status_code == 200
    assert "This temporary password has expired. Ask for a new one." in page.text
    again = registration.reset_password(Account.objects.get_by_natural_key("alice"), by="root")
    assert log_in(Client(), again).headers["Location"] == CHANGE


def test_guesses_do_not_tell_that_a_password_has_expired(password: str, clock) -> None:
    clock.advance(days=2)
    assert password
    assert "expired" not in log_in(Client(), "a wrong guess").text


def test_own_password_does_not_expire(password: str, client: Client, clock) -> None:
    log_in(client, password)
    change(client, password)
    account = Account.objects.get_by_natural_key("alice")
    assert (account.password_is_temporary, account.password_expires) == (False, None)
    clock.advance(days=400)
    assert log_in(Client(), OWN).headers["Location"] == "/"


def test_moment_of_expiry_is_stored(password: str, clock) -> None:
    assert password
    account = Account.objects.get_by_natural_key("alice")
    assert account.password_expires == clock.now() + timedelta(days=1)


def test_passwords_have_ten_characters_at_least(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def sign_up(name: str, password: str):
        return client.post("/accounts/signup/", {"username": name, "password1": password, "password2": password})

    page = sign_up("bob", "kr7-qz3xw")
    assert "at least 10 characters" in page.text
    assert list(page.context["form"].errors) == ["password2"]
    monkeypatch.setenv("GAMIFY_ADMIN_PASSWORD", "kr7-qz3xw")
    with pytest.raises(CommandError, match="10 characters"):
        call_command("create_admin", "root")
    assert sign_up("bob", "kr7-qz3xwp").status_code == 302
