"""Staff accounts: no API key and no deletion of a player removes one, and one of them always stays."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from gamify_site import clock
from gamify_site.api import keys
from gamify_site.players import accounts, removal, services
from gamify_site.players.models import Account
from gamify_site.players.services import StaffAccount

PASSWORD = "tulips and trams"
pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def root(store) -> Account:  # noqa: ARG001  (the store comes first)
    return Account.objects.create_user("root", PASSWORD, is_staff=True)


@pytest.fixture
def game() -> Client:
    """Return a client with a key that may write."""
    _key, secret = keys.create("game", "write", by="root")
    return Client(headers={"authorization": f"Bearer {secret}"})


def command(name: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def is_staff(username: str) -> bool:
    return Account.objects.get_by_natural_key(username).is_staff


# Deletion


@pytest.mark.usefixtures("root")
def test_write_key_does_not_remove_a_staff_account(game: Client) -> None:
    made = game.put("/api/v1/players/root", json.dumps({"name": "Root"}), content_type="application/json")
    assert made.status_code == 200
    answer = game.delete("/api/v1/players/root")
    assert answer.status_code == 403
    assert "staff" in answer.json()["detail"]
    assert is_staff("root")
    assert services.get("root").name == "Root"


@pytest.mark.usefixtures("root")
def test_stranger_cannot_sign_up_with_the_name_of_staff(game: Client, client: Client) -> None:
    game.put("/api/v1/players/root", "{}", content_type="application/json")
    game.delete("/api/v1/players/root")
    fields = {"username": "root", "password1": "crocuses and canals", "password2": "crocuses and canals"}
    assert "This name is taken." in client.post("/accounts/signup/", fields).text
    assert Account.objects.get_by_natural_key("root").check_password(PASSWORD)


def test_staff_page_does_not_delete_staff(root: Account, client: Client) -> None:
    services.upsert("root", name="Root")
    client.force_login(root)
    answer = client.post("/manage/players/root/delete/", {"player_id": "root", "reason": "tidying up"})
    assert answer.status_code == 422
    assert "is staff and cannot be deleted" in answer.text
    assert services.exists("root")
    assert is_staff("root")


def test_account_promoted_during_a_deletion_stays() -> None:
    account = Account.objects.create_user("alice", PASSWORD)
    services.upsert("alice", name="Alice")
    removal.begin("alice", "root", "asked by mail")
    account.is_staff = True
    account.save()
    services.finish_deletions()
    assert not services.exists("alice")
    assert is_staff("alice")


def test_namesake_of_staff_in_another_spelling_can_be_deleted() -> None:
    Account.objects.create_user("Root", PASSWORD, is_staff=True)
    services.upsert("root", name="A player whom a game has reported")
    assert services.delete("root")
    assert is_staff("Root")
    services.upsert("Root", name="Staff")
    with pytest.raises(StaffAccount):
        services.delete("Root")


# Promotion and demotion


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answer each question with yes; the questions that were asked."""
    questions: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: questions.append(question) or "yes")
    return questions


def test_promote_names_the_age_and_asks(answers: list[str]) -> None:
    account = Account(username="alice", player_id="alice", created=clock.now() - timedelta(days=3))
    account.set_password(PASSWORD)
    account.save()
    assert "alice is staff now" in command("promote", "Alice")
    assert is_staff("alice")
    assert Account.objects.get_by_natural_key("alice").check_password(PASSWORD)
    (question,) = answers
    assert f"alice, made on {account.created:%Y-%m-%d}, 3 days ago" in question


@pytest.mark.parametrize("name", ["promote", "demote"])
def test_other_answer_than_yes_changes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for username in ("root", "alice"):
        Account.objects.create_user(username, PASSWORD, is_staff=name == "demote")
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    with pytest.raises(CommandError, match="Nothing was changed"):
        command(name, "alice")
    assert is_staff("alice") == (name == "demote")


def test_yes_is_not_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    Account.objects.create_user("alice", PASSWORD)
    monkeypatch.setattr("builtins.input", lambda _question: pytest.fail("asked"))
    command("promote", "alice", "--yes")
    assert is_staff("alice")


@pytest.mark.usefixtures("root")
def test_last_staff_account_stays() -> None:
    with pytest.raises(CommandError, match="last staff account"):
        command("demote", "root", "--yes")
    Account.objects.create_user("charlie", PASSWORD, is_staff=True)
    assert "root is not staff any more" in command("demote", "root", "--yes")
    with pytest.raises(CommandError, match="last staff account"):
        command("demote", "charlie", "--yes")
    assert [is_staff(name) for name in ("root", "charlie")] == [False, True]


@pytest.mark.usefixtures("root")
def test_public_account_is_neither_promoted_nor_counted_as_the_last() -> None:
    for username, flags in {"admin": {"is_staff": True}, "alice": {}}.items():
        Account(username=username, player_id=username, password="!", is_public=True, **flags).save()
    with pytest.raises(CommandError, match="made by the demo"):
        command("promote", "alice", "--yes")
    with pytest.raises(CommandError, match="last staff account"):
        command("demote", "root", "--yes")
    command("demote", "admin", "--yes")
    assert not is_staff("admin")


@pytest.mark.usefixtures("root")
def test_commands_say_why_they_refuse(subtests: pytest.Subtests) -> None:
    Account.objects.create_user("alice", PASSWORD)
    for name, username, reason in (
        ("promote", "nobody", "There is no account 'nobody'"),
        ("promote", "root", "staff already"),
        ("demote", "nobody", "There is no account 'nobody'"),
        ("demote", "alice", "not staff"),
    ):
        with subtests.test(name=name, username=username), pytest.raises(CommandError, match=reason):
            command(name, username, "--yes")
    assert accounts.find("nobody") is None


@pytest.mark.usefixtures("root")
def test_create_admin_does_not_suggest_promotion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMIFY_ADMIN_PASSWORD", PASSWORD)
    with pytest.raises(CommandError) as refusal:
        command("create_admin", "root")
    assert "promote" not in str(refusal.value)
