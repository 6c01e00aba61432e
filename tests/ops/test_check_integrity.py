"""Every kind of damage is found, told in words, and mended where it can be."""

from contextlib import suppress
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from redis.exceptions import OutOfMemoryError

from achievements.definitions import Event, Tier
from achievements.services import events
from gamify_site.players import services
from gamify_site.store import catalog, keys, shards
from leaderboards.services import ranking
from tests.achievements.builders import make
from tests.builders import make_board, make_player
from tests.conftest import Clock, Store
from tests.snapshots import build_once

PLAYERS = ("alice", "bob", "charlie")


@pytest.fixture
def played(services_store, clock) -> Any:
    """A little of everything, in order."""
    return play_again(services_store, clock)


def play_again(store: Store, clock: Clock) -> Any:
    """Fill a store with a little of everything and nothing else, from a copy if there is one; return its client."""
    store.empty()
    build_once(store, f"a little of everything at {clock.now()}", lambda: play(clock))
    return store.redis


def play(clock: Clock) -> None:
    make_board("coins", action="coin", windows=("all", "day"), segment_by="country", ties="dense")
    make_board("few", action="coin", max_entries=2)
    make("ten")
    make("relics", type="collection", action="relic", items=("cup", "ring"), target=2)
    make("three", type="streak", action="login", target=3, freezes=1)
    make("slayer", type="tiered", action="boss", target=2, points=0, tiers=(Tier("a", "A", 1, 3), Tier("b", "B", 2, 4)))
    make("one", type="meta", action=None, target=1)
    for player in PLAYERS:
        make_player(player, country="SE")
        days = [Event(player, "login", at=clock.now() - timedelta(days=ago)) for ago in (3, 2, 0)]
        events.record([Event(player, "coin", 12), Event(player, "relic", item="cup"), Event(player, "boss"), *days])
    assert check() == "Checked: 3 players, 3 boards. Everything agrees.\n"


def check(*options: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("check_integrity", *options, stdout=out)
    return out.getvalue()


def complaints(*options: str) -> str:
    """What the command prints before it fails."""
    out = StringIO()
    with pytest.raises(CommandError, match=None if options else "--repair"):
        call_command("check_integrity", *options, stdout=out)
    return out.getvalue()


def key(name: str, *parts: str) -> str:
    return getattr(keys, name)(shards.of("alice"), *parts)


DAMAGE = {
    "points": lambda redis: redis.hincrby(key("player", "alice"), "points", 5),
    "points board": lambda redis: redis.zrem(key("board", "achievement-points", "all"), "alice"),
    "collection": lambda redis: redis.hset(key("progress", "alice"), "relics", 2),
    "streak": lambda redis: redis.hset(key("streak", "alice", "three"), "current", 9),
    "rarity": lambda redis: redis.hset(key("unlocks"), "ten", 7),
    "holders": lambda redis: redis.zadd(key("holders", "slayer_b"), {"alice": 1}),
    "due": lambda redis: redis.hset(key("progress", "alice"), "slayer", 2),
    "board entry": lambda redis: redis.zadd(key("board", "coins", "all:country=SE"), {"alice": 1}),
    "board level": lambda redis: redis.zadd(key("board_levels", "coins", "all"), {"77": 77}),
    "board expiry": lambda redis: redis.persist(key("board", "coins", "2082-11-20")),
    "name index": lambda redis: redis.zadd(key("player_names"), {"charlie\0alice": 0}),
    "board limit": lambda redis: [
        redis.zadd(keys.board(shards.of(player), "few", "all"), {player: 12}) for player in PLAYERS
    ],
}


def test_damage_is_found_and_mended(services_store, clock, subtests):
    for rule, damage in DAMAGE.items():
        with subtests.test(rule=rule):
            damage(play_again(services_store, clock))
            assert f"× {rule}\n" in complaints()
            assert "Everything agrees." in check("--repair")
            assert "Everything agrees." in check()
            points = 22 if rule == "due" else 18
            assert ranking.standing("achievement-points", "alice").score == points


FOUND_ALONE = {
    "progress": lambda redis: redis.hset(key("progress", "alice"), "ten", "1.5"),
    "unknown player": lambda redis: redis.hset(keys.player(shards.of("nobody"), "nobody"), "name", "x"),
    "unknown board": lambda redis: redis.zadd(keys.board(0, "gone", "all"), {"alice": 1}),
    "unregistered set": lambda redis: redis.zadd(keys.board(0, "coins", "1999-01-01"), {"alice": 1}),
}


def test_damage_that_nobody_can_know_the_truth_of_is_told(services_store, clock, subtests):
    for rule, damage in FOUND_ALONE.items():
        with subtests.test(rule=rule):
            damage(play_again(services_store, clock))
            assert f"× {rule}\n" in complaints()
            assert f"× {rule}\n" in complaints("--repair")


@pytest.mark.usefixtures("played")
def test_changed_points_that_have_not_reached_everybody_are_told_and_given():
    make("ten", points=50)
    assert "       3 × outdated points\n" in complaints()
    check("--repair")
    assert ranking.standing("achievement-points", "bob").score == 13 + 50


@pytest.mark.usefixtures("services_store")
def test_empty_site_has_nothing_to_complain_about():
    assert check() == "Checked: 0 players, 0 boards. Everything agrees.\n"


def test_a_name_that_finds_nobody_is_told_and_found_again(played):
    make_player("alice", name="Ada Lovelace")
    played.delete(key("player_names"))
    played.hdel(key("player", "alice"), "sought")
    assert "name index: alice: is not found by id and name\n" in complaints()
    assert "Everything agrees." in check("--repair")
    assert [player.id for player in services.find("lovelace")] == ["alice"]


def test_keys_that_the_server_has_evicted_are_told(played):
    played.flushall()  # what is left agrees: there are no boards and no players any more
    catalog.forget()
    before = played.config_get("maxmemory", "maxmemory-policy")
    played.config_set("maxmemory-policy", "allkeys-random")
    try:
        played.set("of-somebody", "x" * 100_000)
        played.config_set("maxmemory", 1)
        with suppress(OutOfMemoryError):
            played.set("of-somebody-else", "x")
    finally:
        played.config_set("maxmemory", 0)
        played.config_set("maxmemory-policy", before["maxmemory-policy"])
    try:
        assert "keys dropped to make room" in complaints()
        assert "× evicted keys\n" in complaints("--repair")
    finally:
        played.config_resetstat()
