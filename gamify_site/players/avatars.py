"""Avatars: a pattern of five by five squares that follows from the player id, mirrored, on the player's tone."""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from itertools import count
from zlib import crc32

from django.utils.safestring import SafeString, mark_safe

TONES = [f"tone-{number}" for number in range(8)]
SIDE = 5
FEWEST, MOST = 6, 10  # squares of the left half and the middle column: neither empty nor a block
_AVATAR = '<svg class="{classes}" viewBox="-1.5 -1.5 8 8" aria-hidden="true"><path d="{path}"/></svg>'


def tone(player: str, chosen: str = "") -> str:
    """The tone of a player's avatar: the chosen one, or one that follows from the id."""
    return chosen if chosen in TONES else f"tone-{crc32(player.encode()) % len(TONES)}"


@lru_cache(maxsize=10_000)
def avatar(player: str, chosen: str = "", classes: str = "avatar") -> SafeString:
    """The picture of a player; decoration, because the name stands beside it. At most 400 bytes."""
    return mark_safe(  # noqa: S308  (names of our own and numbers)
        _AVATAR.format(classes=f"{classes} {tone(player, chosen)}", path=pattern(player))
    )


def pattern(player: str) -> str:
    """The squares as SVG path data, neighbours in a row as one."""
    bits = next(found for found in _tries(player) if FEWEST <= found.bit_count() <= MOST)
    rows = []
    for row in range(SIDE):
        half = [bits >> (row * 3 + column) & 1 for column in range(3)]
        rows.append("".join(_runs(half + half[1::-1], row)))
    return "".join(rows)


def _tries(player: str) -> Iterator[int]:
    """Numbers of 15 bits that follow from the id: the left half of a pattern and its middle column."""
    for salt in count():
        yield int.from_bytes(blake2b(player.encode(), digest_size=2, salt=b"%d" % salt).digest(), "big") >> 1


def _runs(squares: list[int], row: int) -> list[str]:
    made, start = [], None
    for column, is_set in enumerate([*squares, 0]):
        if is_set and start is None:
            start = column
        elif not is_set and start is not None:
            made.append(f"M{start} {row}h{column - start}v1h-{column - start}z")
            start = None
    return made
