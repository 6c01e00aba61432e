"""The size limit over several shards: each script trims its own shard, this trims the rest.

A reader counts and shows the best `max_entries` of all shards alone, so nobody ever sees more than the limit; what is
over it is removed right after the write, by one writer at a time: two who found the same excess would remove it twice
when a score falls in between.
"""

from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import locked
from leaderboards.definitions import Board

STEP = 500
LOCK_LIFE = 5.0  # seconds
Place = tuple[int, str]  # order value, player


def enforce(board: Board, suffix: str) -> None:
    """Removes what is over the board's limit from one ranked set.

    Cost: 1 round trip where nothing is over the limit, else some 5, and 2 for each 500 entries that are.
    """
    if excess(board, suffix) <= 0:
        return
    with locked(keys.trimming(board.slug, suffix), LOCK_LIFE) as is_ours:
        while is_ours:  # else the next writer does it
            over, lowest = _excess(board, suffix)
            if over <= 0:
                return
            _remove(board, suffix, lowest[:over])


def excess(board: Board, suffix: str) -> int:
    """By how many entries the set is over the board's limit; negative while there is room. One round trip."""
    return _excess(board, suffix)[0]


def _excess(board: Board, suffix: str) -> tuple[int, list[Place]]:
    """By how much the set is over the limit, and the lowest entries of all shards, lowest first."""
    work = [(shard, suffix) for shard in shards.everyone()]
    replies = catalog.run("leaderboards/lowest_entries", work, lambda name: [board.slug, name, STEP], repeatable=True)
    entries = [
        (int(float(order)), player.decode())
        for _, *flat in replies
        for player, order in zip(flat[::2], flat[1::2], strict=True)
    ]
    size = sum(reply[0] for reply in replies)
    return size - (board.max_entries or size), sorted(entries)[:STEP]


def _remove(board: Board, suffix: str, victims: list[Place]) -> None:
    groups = shards.group(victims, lambda place: place[1])
    catalog.run(
        "leaderboards/remove_entries",
        list(groups.items()),
        lambda places: [board.for_scripts(), suffix, *(part for order, player in places for part in (player, order))],
        repeatable=True,
    )
