"""Everybody's final rank in a period that is over, kept with the player: the latest 100."""

import json
from collections.abc import Callable, Iterator
from heapq import merge
from itertools import islice

from gamify_site.store import catalog, shards
from leaderboards.definitions import Board
from leaderboards.services import boards, places

STEP_READ = 500
STEP_WRITTEN = 60  # players of one script call: with 100 ranks each it takes its server 2 to 3 ms
MOST_KEPT = 100  # final ranks of a player


def write(board: Board, suffix: str, size: int, live_on: Callable[[], None]) -> None:
    """Writes the final ranks of all players of a ranked set, by the board's tie rule and over all shards.

    The set must not change any more; writing the same again does no harm. `live_on` is called after each step. Raises
    `UnknownBoard`, `StoreUnavailable`. A round trip for each 60 players, and one for each 500 of a shard.
    """
    ranked = islice(_ranked(board, suffix), size)
    while some := list(islice(ranked, STEP_WRITTEN)):
        groups = shards.group(some, lambda item: item[1].player)
        catalog.run(
            "leaderboards/write_final_ranks",
            list(groups.items()),
            lambda items: [
                boards.get(board.slug).slug,
                suffix,
                size,
                MOST_KEPT,
                _season_ends(),
                *(part for rank, entry in items for part in (entry.player, rank, entry.order)),
            ],
            repeatable=True,
        )
        live_on()


def _ranked(board: Board, suffix: str) -> Iterator[tuple[int, places.Entry]]:
    """The entries of all shards, best first, each with its rank."""
    parts = [_entries(shard, board.slug, suffix) for shard in shards.everyone()]
    rank = 0
    last: int | None = None
    for index, entry in enumerate(merge(*parts, key=lambda it: (it.order, it.player), reverse=True)):
        if entry.order != last:
            rank = rank + 1 if board.ties == "dense" else index + 1
            last = entry.order
        yield rank, entry


def _entries(shard: int, slug: str, suffix: str) -> Iterator[places.Entry]:
    """The entries of one shard, best first, read in steps; who is removed meanwhile leaves no gap."""
    behind: tuple[str, str] = ("", "")
    while True:
        (flat,) = catalog.run(
            "leaderboards/read_entries",
            [(shard, behind)],
            lambda place: [boards.get(slug).slug, suffix, STEP_READ, *place],
            repeatable=True,
        )
        found = [
            places.Entry(places.order_value(order), player.decode())
            for player, order in zip(flat[::2], flat[1::2], strict=True)
        ]
        yield from found
        if len(found) < STEP_READ:
            return
        behind = (str(found[-1].order), found[-1].player)


def _season_ends() -> str:
    """`<board>:season-<slug>` → the first day after it, which scripts cannot tell by the name, as JSON."""

    def tell() -> str:
        ends = {f"{board.slug}:season-{it.slug}": it.ends.isoformat() for board in boards.all() for it in board.seasons}
        return json.dumps(ends)

    return catalog.derived("ends of seasons", tell)
