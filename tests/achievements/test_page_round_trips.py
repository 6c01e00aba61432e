"""What pages cost: at most three round trips to a shard, whoever asks; the session and the account are besides."""

import pytest
from django.test import Client
from redis.connection import AbstractConnection

from achievements.definitions import Event
from achievements.services import events
from gamify_site.players import services as players
from gamify_site.players.models import Account
from tests.achievements.builders import make
from tests.builders import make_board, make_player

SHARD_KEYS = b"{gamify:"
MOST = 3
PAGES = (
    "/",
    "/achievements/",
    "/achievements/?sort=rarest&q=a",
    "/achievements/ten/",
    "/achievements/relics/",
    "/achievements/week/",
    "/players/bob/",
    "/players/alice/",
    "/players/alice/compare/bob/",
    "/players/?q=bo",
    "/players/bob/share/",
    "/players/bob/share.png",
    "/play/",
    "/leaderboards/",
    "/leaderboards/coins/",
    "/leaderboards/coins/?window=week",
    "/leaderboards/coins/?after=",
    "/leaderboards/coins/?friends=1",
)
FOR_PLAYERS = {"/play/"}  # visitors are redirected to the log-in page


@pytest.fixture
def shard_trips(monkeypatch):
    """How often something was sent to a shard since it was asked last."""
    sent: list[bytes] = []
    send = AbstractConnection.send_packed_command

    def note(self, command, *args, **kwargs):
        text = command if isinstance(command, bytes) else b"".join(command)
        if SHARD_KEYS in text:
            sent.append(text)
        send(self, command, *args, **kwargs)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", note)

    def told() -> int:
        number = len(sent)
        sent.clear()
        return number

    return told


@pytest.fixture(params=[pytest.param(1, marks=pytest.mark.slow, id="1 shard"), pytest.param(3, id="3 shards")])
def alice(open_store, demo_pages, client: Client, request) -> Client:  # noqa: ARG001
    open_store("valkey", request.param)
    make_board("coins", action="coin_collected", windows=("all", "week"), segment_by="country")
    make_board("laps", action="lap")
    make("ten", action="coin_collected")
    make("relics", type="collection", action="relic_found", items=("cup", "ring"), target=2)
    make("week", type="streak", action="chest_opened", target=7)
    for name in ("alice", "bob"):
        make_player(name, country="SE")
    events.record([Event(name, "coin_collected", 12) for name in ("alice", "bob")])
    events.record([Event("alice", "chest_opened"), Event("alice", "lap", 3)])
    players.follow("alice", "bob")
    client.force_login(Account.objects.create_user(username="alice", password=None))
    return client


def test_page_takes_three_round_trips_at_most(alice, shard_trips, subtests):
    for is_visitor in (False, True):
        if is_visitor:
            alice.logout()
        for address in PAGES:
            with subtests.test(address=address, is_visitor=is_visitor):
                alice.get(address)  # the first request may have to load the scripts
                shard_trips()
                assert alice.get(address).status_code == (302 if is_visitor and address in FOR_PLAYERS else 200)
                assert shard_trips() <= MOST
