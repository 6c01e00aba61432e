"""Changing a password, and replacing one that is forgotten."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from gamify_site import audit
from gamify_site.players.models import Account
from tests.players.conftest import PASSWORD, MakeAccount

CHANGE = "/accounts/password/"
NEW = "crocuses and canals"


def change(client: Client, old: str = PASSWORD, new: str = NEW):
    return client.post(CHANGE, {"old_password": old, "new_password1": new, "new_password2": new})


def is_logged_in(client: Client) -> bool:
    return client.get("/accounts/settings/").status_code == 200


def test_this_session_goes_on_and_all_others_end(alice: Account, client: Client) -> None:
    elsewhere = Client()
    elsewhere.force_login(alice)
    assert is_logged_in(elsewhere)
    assert change(client).status_code == 302
    assert is_logged_in(client)
    assert not is_logged_in(elsewhere)
    found = Account.objects.get_by_natural_key("alice")
    assert found.check_password(NEW) and not found.check_password(PASSWORD)


@pytest.mark.usefixtures("alice")
def test_the_old_password_is_asked_for(client: Client) -> None:
    errors = change(client, old="wrong").context["form"].errors
    assert errors == {"old_password": ["Your old password was entered incorrectly. Please enter it again."]}
    assert Account.objects.get_by_natural_key("alice").check_password(PASSWORD)


@pytest.mark.usefixtures("alice")
def test_the_new_password_is_checked(client: Client) -> None:
    errors = change(client, new="alice").context["form"].errors
    assert list(errors) == ["new_password2"]
    assert "The password is too similar to the username." in errors["new_password2"]


@pytest.mark.usefixtures("alice")
def test_guessing_the_old_password_is_slowed_down(client: Client) -> None:
    for _ in range(10):
        assert change(client, old="wrong").status_code == 200
    response = change(client)
    assert response.status_code == 429
    assert "Retry-After" in response.headers


@pytest.mark.usefixtures("store")
def test_anonymous_visitors_are_sent_to_the_log_in(client: Client) -> None:
    assert client.get(CHANGE).headers["Location"] == "/accounts/login/?next=/accounts/password/"


# Forgotten: by a command


@pytest.mark.usefixtures("alice")
def test_the_command_gives_a_new_password_and_ends_sessions(client: Client) -> None:
    out = io.StringIO()
    call_command("reset_password", "alice", stdout=out)
    password = out.getvalue().split()[-1]
    assert Account.objects.get_by_natural_key("alice").check_password(password)
    assert not is_logged_in(client)


@pytest.mark.usefixtures("store")
def test_the_command_names_an_unknown_account() -> None:
    with pytest.raises(CommandError, match="There is no account 'nobody'"):
        call_command("reset_password", "nobody")


# Forgotten: by staff


@pytest.mark.usefixtures("staff")
def test_staff_see_the_new_password_once_and_the_player_is_asked_to_change_it(
    account: MakeAccount, client: Client
) -> None:
    player = Client()
    player.force_login(account("bob"))
    page = client.post("/manage/accounts/", {"username": "Bob"})
    password = page.context["reset"]["password"]
    assert password in page.text
    assert "no-store" in page.headers["Cache-Control"]
    assert password not in client.get("/manage/accounts/").text
    assert not is_logged_in(player)

    response = player.post("/accounts/login/", {"username": "bob", "password": password})
    assert response.headers["Location"] == CHANGE
    assert "Your password was reset" in player.get(CHANGE).text
    change(player, old=password)
    assert not Account.objects.get_by_natural_key("bob").password_is_temporary
    (told,) = audit.walk(lambda entry: entry.what == "password_reset")
    assert (told.what, told.subject, told.by, told.changes) == ("password_reset", "bob", "charlie", [])
    player.post("/accounts/logout/")
    response = player.post("/accounts/login/", {"username": "bob", "password": NEW})
    assert response.headers["Location"] == "/"


@pytest.mark.usefixtures("staff")
def test_a_name_without_account_is_told_at_the_field(client: Client, subtests: pytest.Subtests) -> None:
    for username, reason in [
        ("nobody", "There is no account with this name."),
        ("", "This field is required."),
        ("a b", "There is no account with this name."),
        ("<b>x</b>", "There is no account with this name."),
    ]:
        with subtests.test(username=username):
            page = client.post("/manage/accounts/", {"username": username})
            assert page.status_code == 200
            assert page.context["form"].errors == {"username": [reason]}
            assert "<b>x" not in page.text


@pytest.mark.usefixtures("staff")
def test_staff_cannot_take_over_other_staff(account: MakeAccount, client: Client) -> None:
    account("bob", is_staff=True)
    page = client.post("/manage/accounts/", {"username": "bob"})
    assert list(page.context["form"].errors) == ["username"]
    assert "This is a staff account." in page.context["form"].errors["username"][0]
    assert Account.objects.get_by_natural_key("bob").check_password(PASSWORD)
