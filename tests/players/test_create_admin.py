"""The command that makes staff accounts."""

import getpass
import io

import pytest
from django.core.management import CommandError, call_command

from gamify_site.players import accounts, services
from gamify_site.players.models import Account
from tests.players.conftest import PASSWORD, MakeAccount


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMIFY_ADMIN_PASSWORD", PASSWORD)


def create_admin(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_admin", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("store")
def test_it_makes_a_staff_account() -> None:
    assert "charlie is staff now" in create_admin("charlie")
    made = Account.objects.get_by_natural_key("charlie")
    assert made.is_staff and made.check_password(PASSWORD)


@pytest.mark.usefixtures("store")
def test_it_asks_for_the_password_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAMIFY_ADMIN_PASSWORD")
    answers = iter([PASSWORD, "other", PASSWORD, PASSWORD])
    monkeypatch.setattr(getpass, "getpass", lambda _: next(answers))
    with pytest.raises(CommandError, match="not the same"):
        create_admin("charlie")
    create_admin("charlie")
    assert Account.objects.get_by_natural_key("charlie").check_password(PASSWORD)


@pytest.mark.usefixtures("store")
def test_a_weak_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMIFY_ADMIN_PASSWORD", "charlie")
    with pytest.raises(CommandError, match="too short"):
        create_admin("charlie")
    assert accounts.find("charlie") is None


@pytest.mark.usefixtures("store")
def test_an_illegal_name_is_refused(subtests: pytest.Subtests) -> None:
    for name in ["char lie", "-x", "x" * 65]:
        with subtests.test(name=name), pytest.raises(CommandError, match="A username has"):
            create_admin("--", name)


def test_an_account_that_exists_is_left_alone(account: MakeAccount) -> None:
    account("charlie")
    with pytest.raises(CommandError, match="taken") as refusal:
        create_admin("Charlie")
    assert "promote" not in str(refusal.value)
    assert not Account.objects.get_by_natural_key("charlie").is_staff


@pytest.mark.usefixtures("store")
def test_a_player_without_account_is_not_taken_over() -> None:
    services.upsert("bob", name="Bob")
    with pytest.raises(CommandError, match="taken"):
        create_admin("bob")
