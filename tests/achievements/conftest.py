"""Somebody who is logged in."""

import pytest
from django.test import Client

from gamify_site.players.models import Account
from tests.builders import make_player


@pytest.fixture
def alice(client: Client) -> Client:
    """The client, logged in as alice, a player."""
    make_player("alice", name="Alice")
    client.force_login(Account.objects.create_user(username="alice", password=None))
    return client
