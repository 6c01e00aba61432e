"""Contracts of the scripts of `gamify_site/store`: definitions, versions, and replacing all data."""

from dataclasses import replace
from queue import Queue
from threading import Event, Thread

import pytest

from achievements.services import catalog as achievements
from gamify_site import audit, travel
from gamify_site.store import catalog, keys, replacing, scripts, shards, subscription, versions
from gamify_site.store.errors import Resetting
from leaderboards.services import boards
from tests.achievements.builders import BASE
from tests.builders import make_board, make_player
from tests.contract.contracts import contract
from tests.contract.rights import can_be_tried, without

pytestmark = [pytest.mark.every_store, pytest.mark.usefixtures("services_store")]

PLAYERS = ("alice", "bob", "charlie")
PATIENCE = 20.0  # seconds


@contract("store/change_definition")
def test_definition_changes_together_with_its_history_and_the_audit_log(services_store):
    achievements.define(BASE, by="root")
    with catalog.apart():  # as another process would, which leaves an older version in this one
        make_board("coins")
        make_board("laps")
    achievements.define(replace(BASE, target=20), by="root", reason="too easy")
    boards.delete("laps")
    achievements.define(replace(BASE, slug="draft", status="draft"))
    achievements.delete("draft")
    redis = services_store.redis
    assert redis.get(keys.catalog_version()).startswith(b"7-")
    assert redis.hget(keys.definition("achievement", "base"), "target") == b"20"
    assert redis.smembers(keys.definitions("achievement")) == {b"base"}
    assert redis.smembers(keys.definitions("board")) == {b"coins"}
    assert not redis.exists(keys.definition("board", "laps"))
    assert [sorted(history) for history in catalog.histories("achievement", ["base", "draft"])] == [[1, 2], []]
    entries = [(entry.what, entry.subject, entry.by, entry.reason) for entry in audit.walk(lambda _: True)]
    assert entries == [("achievement_saved", "base", "root", "too easy"), ("achievement_saved", "base", "root", "")]


@contract("store/read_keys")
def test_replies_come_in_the_order_of_the_commands():
    make_board(entries={"alice": 3, "bob": 2, "charlie": 1})
    make_player("bob", team="Tigers")

    def words(player: str) -> list[object]:
        shard = shards.of(player)
        commands = [
            ("ZSCORE", keys.board(shard, "coins", "all"), player),
            ("HGET", keys.player(shard, player), "team"),
            ("SMEMBERS", keys.following(shard, player)),
            ("EXISTS", keys.players(shard), keys.player(shard, "nobody")),
        ]
        return [word for command in commands for word in (len(command), *command)]

    replies = catalog.run("store/read_keys", [(shards.of(player), player) for player in PLAYERS], words)
    assert replies == [[b"3", None, [], 1], [b"2", b"Tigers", [], 1], [b"1", None, [], 1]]


@contract("store/swap_version")
def test_version_is_replaced_by_one_writer_and_on_all_shards(services_store):
    assert versions.swap("0", "1-first") == "1-first"
    assert versions.swap("0", "1-second") == "1-first"
    assert versions.publish() == "1-first"
    found = [services_store.redis.get(keys.shard_catalog_version(shard)) for shard in shards.everyone()]
    assert found == [b"1-first"] * shards.count()


@contract("store/tell_boards")
def test_new_time_is_published_on_each_shard():
    messages: Queue[str] = Queue()
    stop = Event()
    thread = Thread(target=subscription.listen, args=(messages.put, lambda: messages.put("begun"), stop), daemon=True)
    thread.start()
    try:
        assert messages.get(timeout=PATIENCE) == "begun"
        travel.back(by="root")
        assert [messages.get(timeout=PATIENCE) for _ in shards.everyone()] == ["boards"] * shards.count()
    finally:
        stop.set()
        thread.join(PATIENCE)


@contract("store/write_keys")
def test_commands_run_while_the_version_holds(services_store):
    make_board()
    version = catalog.current_version()
    for prefix in versions.by_prefix():
        key = keys.copied(prefix)
        assert versions.write_if(version, prefix, "HINCRBY", key, "number", 2) == 2
        assert versions.write_if("7-other", prefix, "HINCRBY", key, "number", 2) is None
        assert versions.write_if(version, prefix, "HGETALL", key) == [b"number", b"2"]
        assert versions.write_if(version, prefix, "HGET", key, "absent") is None
    with replacing.all_data("new"):
        site = keys.copied(keys.site())
        replacing.write([(keys.site(), [4, "HSET", site, "number", "5", 3, "EXPIRE", site, 60])])
    assert services_store.redis.hgetall(site) == {b"number": b"5"}
    assert 0 < services_store.redis.ttl(site) <= 60


@contract("store/remove_keys")
def test_keys_are_removed_by_the_one_who_replaces_the_data(services_store):
    make_board(entries={"alice": 3, "bob": 2, "charlie": 1})
    site = keys.copied(keys.site())
    with pytest.raises(Resetting), replacing.all_data("new") as remove:
        remove(sorted(services_store.keys()))
        assert services_store.keys() == set(versions.by_prefix().values())
        services_store.redis.set(site, "")
        services_store.redis.set(keys.catalog_version(), "resetting-another")
        remove([site])
    assert services_store.redis.exists(site)


@contract("store/find_missing_rights")
def test_missing_rights_are_found_without_a_trace(services_store):
    wanted, prefixes = (*scripts.commands("achievements/apply_events"), scripts.CHANNELS), list(versions.by_prefix())
    assert scripts.missing_rights(prefixes, wanted) == []
    if can_be_tried():
        for rules, missing in {
            ("-@hyperloglog", "-xadd"): ["+pfadd", "+xadd"],
            ("-xinfo",): ["+xinfo|stream"],
            ("resetchannels",): ["&*"],
        }.items():
            with without(services_store.redis, *rules):
                assert scripts.missing_rights(prefixes, wanted) == missing
    assert services_store.keys() == set()
