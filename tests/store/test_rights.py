"""All or nothing: what a Redis user without some right, and a catalog of thousands, do to a change."""

import re
from math import inf
from pathlib import Path
from types import SimpleNamespace

import pytest

from achievements.definitions import Event
from achievements.services import events, integrity, states
from gamify_site.ops import store_report, ticking
from gamify_site.players import services as players
from gamify_site.store import catalog, keys, scripts
from gamify_site.store.errors import NotAllowed
from leaderboards.services import ranking
from tests.achievements.builders import BASE, do, make
from tests.builders import brief, make_board, make_player
from tests.conftest import point_at
from tests.contract.rights import dump, without

ROOT = Path(__file__).resolve().parents[2]
MANY = 4100


def define_many(redis, number):
    """As many achievements for the same action; one by one they would take their time."""
    make("copy_0", target=1, points=0)
    fields = redis.hgetall(keys.definition("achievement", "copy_0"))
    pipeline = redis.pipeline(transaction=False)
    for slug in (f"copy_{count}" for count in range(1, number)):
        pipeline.hset(keys.definition("achievement", slug), mapping={**fields, "slug": slug})
        pipeline.sadd(keys.definitions("achievement"), slug)
    pipeline.execute()
    make("last", action="other")
    catalog.forget()


@pytest.mark.parametrize("kind", ["valkey", "redis"])
def test_event_of_a_user_who_may_not_publish_counts_once(open_store, kind):
    store = open_store(kind)
    make_board(action="coin")
    make("two", target=2)
    event = Event("alice", "coin", id="one")
    with without(store.redis, "resetchannels"):
        assert events.record([event]).accepted == 1
        assert events.record([event]).duplicates == 1
    assert states.read("alice").progress == {"two": 1}
    assert brief(ranking.top("coins")) == [(1, "alice", 1)]
    assert list(integrity.check()) == []


@pytest.mark.parametrize("kind", ["valkey", "redis"])
def test_right_to_write_that_is_lost_in_between_is_missed_at_once(open_store, monkeypatch, kind):
    """The rights to read are looked at by each process ten times a second, those to write by each call."""
    monkeypatch.setattr(scripts, "KNOWN_FOR", inf)
    redis = open_store(kind).redis
    make_board(action="coin", windows=("all", "day"))
    make("streak", type="streak", target=2)
    assert do("alice", "coin").accepted == 1
    for command in set(scripts.commands("achievements/apply_events")) - scripts.READING:
        before = dump(redis)
        with without(redis, f"-{command}"), pytest.raises(NotAllowed, match=rf"\+{command.lower()}"):
            do("bob", "coin")
        assert dump(redis) == before
        assert do("alice", "coin").accepted == 1


def test_event_counts_for_thousands_of_achievements_or_for_none(store):
    define_many(store.redis, MANY)
    outcome = do("alice", BASE.action)
    assert len(outcome.unlocked) == MANY


def test_player_is_deleted_where_there_are_thousands_of_achievements(store):
    define_many(store.redis, MANY)
    make_player("alice")
    assert players.delete("alice")
    names = store.keys()
    assert not any("alice" in name for name in names)


DOCUMENTED = re.search(
    r"^    ACL SETUSER gamify on >password (.*)$", (ROOT / "docs/running.md").read_text(), re.MULTILINE
)


@pytest.fixture
def documented_user(private_server, settings):
    """Opens an empty store as the user that the documentation proposes."""

    def open_(kind):
        server = private_server(kind)
        with server.redis() as admin:
            admin.flushall()
            admin.execute_command("ACL", "SETUSER", "gamify", "on", ">password", *DOCUMENTED[1].split())
        point_at(SimpleNamespace(url=server.url.replace("unix://", "unix://gamify:password@")), settings)

    return open_


@pytest.mark.parametrize("kind", ["valkey", "redis", "redis-6.2"])
def test_user_of_the_documentation_may_do_all_that_is_needed(documented_user, client, kind):
    documented_user(kind)
    make_board(action="coin", entries={"alice": 1})
    make("ten", target=10)
    assert do("alice", "coin").accepted == 1
    assert client.get("/readyz").json() == {"status": "ok"}
    assert client.get("/leaderboards/coins/").status_code == 200
    assert store_report.read().checks
    assert ticking.run_once(by="root")
    assert players.delete("alice")
