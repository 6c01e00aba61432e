"""Accounts in one line each, and what the tests of accounts share."""

from collections.abc import Callable

import pytest
from django.test import Client

from gamify_site.players import services
from gamify_site.players.models import Account
from tests.conftest import Store

PASSWORD = "tulips and trams"
MakeAccount = Callable[..., Account]


@pytest.fixture
def account(store: Store) -> MakeAccount:  # noqa: ARG001
    """Makes an account with PASSWORD and its player."""

    def make(username: str = "alice", *, is_staff: bool = False) -> Account:
        made = Account.objects.create_user(username, PASSWORD, is_staff=is_staff)
        services.upsert(made.player_id, name=username)
        return made

    return make


@pytest.fixture
def alice(account: MakeAccount, client: Client) -> Account:
    """A player, logged in on `client`."""
    made = account("alice")
    client.force_login(made)
    return made


@pytest.fixture
def staff(account: MakeAccount, client: Client) -> Account:
    """Somebody of the staff, logged in on `client`."""
    made = account("charlie", is_staff=True)
    client.force_login(made)
    return made
