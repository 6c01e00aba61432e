"""The size limit over several shards: each script trims its own shard, this trims the rest.

A reader counts and shows the best `max_entries` of all shards alone, so nobody ever sees more than the limit; what is
over it is removed right after the write. Only the very entries that were found to be over are removed, and only where
they have not changed since, so that writers who trim at the same time never remove more than that.
"""

from gamify_site.store import catalog, shards
from leaderboards.definitions import Board

STEP = 500
Place = tuple[int, str]  # order value, player


def enforce(board: Board, suffix: str) -> set[str]:
    """Removes what is over the board's limit from one ranked set and gives the players who fell off.

    Cost: 1 round trip where nothing is over the limit, 2 more for each 500 entries that are.
    """
    dropped: set[str] = set()
    while board.max_entries is not None:
        over, lowest = _lowest(board, suffix)
        victims = lowest[: max(0, over)]
        if victims:
            _remove(board, suffix, victims)
            dropped.update(player for _, player in victims)
        if over <= STEP:
            break
    return dropped


def _lowest(board: Board, suffix: str) -> tuple[int, list[Place]]:
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
