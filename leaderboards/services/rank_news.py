"""Who entered the top of a board whose entries lie on several shards: of each shard's top some are in that of all."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

from gamify_site import clock
from gamify_site.store import catalog, shards
from leaderboards.definitions import Board
from leaderboards.services import places

FEW_ORDERS = 16  # order values of which each is looked up; for more the top is read


class Climber(NamedTuple):
    """Somebody who rose within the top of one shard; order values before and after."""

    player: str
    before: int | None
    after: int


def read_climbers(flat: list[Any]) -> list[Climber]:
    """Climbers as the scripts give them."""
    return [
        Climber(player.decode(), places.order_value(before) if before else None, places.order_value(after))
        for player, before, after in zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    ]


def announce(board: Board, suffix: str, climbers: Sequence[Climber]) -> None:
    """Tells the news of those who rose into the top of all shards. One round trip, two where somebody did."""
    better = _count_better(board, suffix, {order for it in climbers for order in it[1:] if order is not None})
    news = [
        (player, after, better[after] + 1)
        for player, before, after in climbers
        # The place before is counted after the climb, so the climber is one of those who are better than it.
        if better[after] < board.news_top and (before is None or better[before] - 1 >= board.news_top)
    ]
    now = str(int(clock.now().timestamp() * 1000))
    catalog.run(
        "leaderboards/announce_ranks",
        list(shards.group(news, lambda item: item[0]).items()),
        lambda group: [board.slug, suffix, now, *chain.from_iterable(group)],
    )


def _count_better(board: Board, suffix: str, orders: set[int]) -> dict[int, int]:
    """How many entries of all shards are better than each order value; below the top at least how many.

    One round trip.
    """
    if len(orders) <= FEW_ORDERS:
        return dict(zip(orders, places.count_better(board, suffix, list(orders)), strict=True))
    top = places.first(board, suffix, board.news_top + 1)
    return {order: bisect_left(top, -order, key=lambda entry: -entry.order) for order in orders}
