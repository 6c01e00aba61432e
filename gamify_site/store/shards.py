"""Which shard a player lives on, and how to spread work over shards."""

from binascii import crc_hqx
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.conf import settings

T = TypeVar("T")

MOST = 1024


def count() -> int:
    """How many logical shards there are (`GAMIFY_SHARDS`)."""
    number: int = settings.GAMIFY_SHARDS
    return number


def everyone() -> range:
    """The numbers of all shards."""
    return range(count())


def of(player: str) -> int:
    """The shard of a player: CRC16 (XMODEM, the one of Redis Cluster) of the id, modulo the number of shards."""
    return crc_hqx(player.encode(), 0) % count()


def group(items: Sequence[T], player: Callable[[T], str]) -> dict[int, list[T]]:
    """Items by the shard of their player, in the order in which they came."""
    if count() == 1:
        return {0: list(items)} if items else {}
    groups: dict[int, list[T]] = defaultdict(list)
    for item in items:
        groups[of(player(item))].append(item)
    return dict(groups)
