"""Key names: one spelling in Python and in Lua, and a tag that keeps together what one script touches."""

import inspect
import re

from redis.crc import key_slot

from gamify_site.store import keys, scan, scripts, shards
from tests.builders import make_board, make_player

SAMPLE = {
    "achievement": "relics",
    "action": "login",
    "board": "coins",
    "date": "2026-11-20",
    "digest": "5e" * 32,
    "kind": "board",
    "name": "monday:0",
    "player_id": "steam:765:1|a@b.c",
    "release": "slayer_gold",
    "slug": "coins",
    "span": 20634,
    "suffix": "2026-W47:country=SE",
    "username": "alice",
    "what": "login:alice",
}
LUA_NAMES = re.findall(
    r"^local function (\w+)_key\((site|shard)\b([^)]*)\)", scripts.source("store/keys"), re.MULTILINE
)
SHARD = 3


def test_lua_spells_a_key_as_python_does(store, subtests):
    for name, owner, parameters in LUA_NAMES:
        with subtests.test(name):
            spell = getattr(keys, name)
            prefix, before = (keys.site(), []) if owner == "site" else (keys.shard(SHARD), [SHARD])
            values = [SAMPLE[parameter] for parameter in list(inspect.signature(spell).parameters)[len(before) :]]
            assert parameters.count(",") == len(values)
            text = f"{scripts.source('store/keys')}\nreturn {name}_key(KEYS[1], unpack(ARGV))"
            assert store.redis.eval(text, 1, prefix, *values).decode() == spell(*before, *values)


def test_lua_knows_keys_of_the_site_and_of_shards():
    owners = [owner for _name, owner, _parameters in LUA_NAMES]
    assert owners.count("site") > 5
    assert owners.count("shard") > 5


def test_keys_of_a_shard_share_a_slot_with_its_prefix(settings):
    settings.GAMIFY_SHARDS = 16
    for shard in shards.everyone():
        slots = {
            key_slot(keys.shard(shard).encode()),
            key_slot(keys.player(shard, "alice").encode()),
            key_slot(keys.board(shard, "coins", "all").encode()),
            key_slot(keys.board_versions(shard).encode()),
            key_slot(keys.players(shard).encode()),
        }
        assert len(slots) == 1
    assert len({key_slot(keys.shard(shard).encode()) for shard in shards.everyone()}) > 8


def test_prefix_is_everywhere(services_store, settings):
    settings.GAMIFY_PREFIX = "other-site"
    make_board(entries={"alice": 1}, segment_by="country", ties="earliest")
    make_player("alice", country="SE")
    found = services_store.keys()
    assert all(key.startswith(("{other-site}:", "{other-site:")) for key in found)
    assert {key for step in scan.own_keys() for key in step} == found


def test_scan_finds_nothing_of_anybody_else(store):
    for key in ("gamify:x", "{gamify2}:x", "{gamify2:0}:x", "gamify-cache:1:x", "{gamif}:x"):
        store.redis.set(key, "not ours")
    assert list(scan.own_keys()) == []
