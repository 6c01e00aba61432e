"""Players spread over shards as Redis Cluster spreads keys, and always to the same one."""

from collections import Counter

from redis.crc import key_slot

from gamify_site.store import shards


def test_shard_is_the_crc16_of_the_player(settings):
    """The check value of CRC-16/XMODEM, and Redis Cluster's own sum for others."""
    settings.GAMIFY_SHARDS = 1024
    assert shards.of("123456789") == 0x31C3 % 1024
    for player in ("alice", "bob", "A" * 64, "0.-_"):
        assert shards.of(player) == key_slot(player.encode()) % 1024


def test_players_spread_evenly(settings, subtests):
    for count in (1, 3, 8, 16):
        settings.GAMIFY_SHARDS = count
        with subtests.test(count=count):
            sizes = Counter(shards.of(f"player-{number}") for number in range(count * 300))
            assert set(sizes) == set(shards.everyone())
            assert min(sizes.values()) > 150


def test_groups_keep_the_order_in_which_items_came(settings, subtests):
    items = [(player, number) for number in range(5) for player in ("alice", "bob", "charlie")]
    for count in (1, 3):
        settings.GAMIFY_SHARDS = count
        with subtests.test(count=count):
            groups = shards.group(items, lambda item: item[0])
            assert sorted(item for group in groups.values() for item in group) == sorted(items)
            for shard, group in groups.items():
                assert {shards.of(player) for player, _ in group} == {shard}
                assert [number for _, number in group] == sorted(number for _, number in group)


def test_nothing_makes_no_group():
    assert shards.group([], str) == {}
