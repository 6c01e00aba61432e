"""Accounts of the demo, whose passwords everybody knows, let nobody in when the same data is served for production."""

import pytest
from django.test import Client
from pytest_django import Settings

from gamify_site.live import viewers
from gamify_site.ops.demo import accounts as demo
from gamify_site.players import accounts, registration, services
from gamify_site.players.models import Account

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture(autouse=True)
def sample_data(settings: Settings, store) -> None:  # noqa: ARG001  (the store comes first)
    """Make the demo's accounts, and leave the demo."""
    settings.GAMIFY_DEMO = True
    settings.ROOT_URLCONF = "tests.ops.urls_with_demo"  # the pages of the demo have links to each other
    demo.write()
    services.upsert("bob", name="Bob")
    demo.open_for("bob")
    settings.GAMIFY_DEMO = False


def log_in(client: Client, username: str, password: str) -> bool:
    client.post("/accounts/login/", {"username": username, "password": password})
    return is_logged_in(client)


def is_logged_in(client: Client) -> bool:
    return client.get("/accounts/settings/").status_code == 200


def test_public_passwords_let_nobody_in(settings: Settings, subtests: pytest.Subtests) -> None:
    for sample in demo.SAMPLES:
        with subtests.test(sample.username):
            assert not log_in(Client(), sample.username, sample.password)
            settings.GAMIFY_DEMO = True
            assert log_in(Client(), sample.username, sample.password)
            settings.GAMIFY_DEMO = False


def test_sessions_of_the_demo_end_with_it(client: Client, settings: Settings, subtests: pytest.Subtests) -> None:
    for username in ("admin", "alice", "bob"):
        with subtests.test(username):
            settings.GAMIFY_DEMO = True
            client.force_login(Account.objects.get_by_natural_key(username))
            assert is_logged_in(client)
            session = client.cookies["sessionid"].value
            assert viewers.player_of(session) == username
            settings.GAMIFY_DEMO = False
            assert not is_logged_in(client)
            assert viewers.player_of(session) is None


def test_staff_pages_are_closed_to_the_admin_of_the_demo(client: Client) -> None:
    client.force_login(Account.objects.get_by_natural_key("admin"))
    assert client.get("/manage/").status_code == 302


def test_account_with_a_password_of_its_own_lets_its_owner_in() -> None:
    client = Client()
    password = registration.reset_password(Account.objects.get_by_natural_key("admin"), by="root")
    client.post("/accounts/login/", {"username": "admin", "password": password})
    fields = {"old_password": password, "new_password1": "crocuses and canals", "new_password2": "crocuses and canals"}
    client.post("/accounts/password/", fields)
    assert log_in(Client(), "admin", "crocuses and canals")


def test_password_that_is_changed_in_the_demo_is_not_public_any_more(client: Client, settings: Settings) -> None:
    settings.GAMIFY_DEMO = True
    client.force_login(Account.objects.get_by_natural_key("alice"))
    fields = {"old_password": demo.ALICE.password, "new_password1": "crocuses and canals"}
    client.post("/accounts/password/", fields | {"new_password2": "crocuses and canals"})
    settings.GAMIFY_DEMO = False
    assert is_logged_in(client)


def test_serve_names_the_accounts_that_are_public() -> None:
    assert demo.public_samples() == ["alice", "admin"]
    registration.reset_password(Account.objects.get_by_natural_key("admin"), by="root")
    assert demo.public_samples() == ["alice"]
    accounts.remove("alice")
    assert demo.public_samples() == []
