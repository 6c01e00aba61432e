"""Who entered the top of a board whose entries lie on several shards: of each shard's top some are in that of all."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from gamify_site import clock
from gamify_site.store import catalog, shards
from leaderboards.definitions import Board
from leaderboards.services import places

FEW_ORDERS = 16  # order values of which each is looked up; for more the top is read
MOST_TOLD = 100  # order values that a write tells, which takes its server some 20 µs


class Climber(NamedTuple):
    """Somebody who rose within the top of one shard; order values before and after."""

    player: str
    before: int | None
    after: int


class Rise(NamedTuple):
    """What a write did at the top of a board on one shard.

    `version` is the shard's count of the board's changes after it, 0 where it changed nothing; `first` the first order
    values then, `asked` of them or all, 0 where they were not told.
    """

    shard: int
    climbers: list[Climber]
    version: int = 0
    asked: int = 0
    first: Sequence[int] = ()

    @classmethod
    def read(cls, shard: int, climbers: list[Any], first: list[Any] | None) -> "Rise":
        """As the scripts tell it."""
        found = [
            Climber(player.decode(), places.order_value(before) if before else None, places.order_value(after))
            for player, before, after in zip(climbers[::3], climbers[1::3], climbers[2::3], strict=True)
        ]
        return cls(shard, found, first[0], first[1], _orders(first[2:])) if first else cls(shard, found)


def wanted(board: Board) -> int:
    """How many of its first order values each shard tells after a write of many; 0 where it tells none.

    Those of a board with a limit would be told before the others' worst entries are dropped.
    """
    share = places.share(board.news_top + 1)
    return share if board.news_top and board.max_entries is None and shards.count() > 1 and share <= MOST_TOLD else 0


def announce(board: Board, suffix: str, rises: Sequence[Rise]) -> None:
    """Tells the news of those who rose into the top of all shards.

    As a rule no round trip where nobody rose that far and all shards have told their first order values, else 1 to 3.
    """
    climbers = [climber for rise in rises for climber in rise.climbers]
    orders = {order for it in climbers for order in (it.before, it.after) if order is not None}
    better = _count_better(board, suffix, orders, _told(board, rises))
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


def _told(board: Board, rises: Sequence[Rise]) -> dict[int, Sequence[int]]:
    """The first order values by shard, where the last write to it has told them, as many as are wanted today."""
    latest = {rise.shard: rise for rise in sorted(rises, key=lambda rise: rise.version)}
    return {shard: rise.first for shard, rise in latest.items() if rise.asked and rise.asked == wanted(board)}


def _count_better(board: Board, suffix: str, orders: set[int], told: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """How many entries of all shards are better than each order value; below the top at least how many.

    `told` are the first order values of some shards, as many as `wanted`. As a rule no round trip where all are, else 1
    or 2.
    """
    if len(orders) <= FEW_ORDERS and len(told) < shards.count():
        return dict(zip(orders, places.count_better(board, suffix, list(orders)), strict=True))
    top = _top(board, suffix, told)
    return {order: bisect_left(top, -order, key=int.__neg__) for order in orders}


def _top(board: Board, suffix: str, told: Mapping[int, Sequence[int]]) -> list[int]:
    """The first order values of all shards, best first: the top, and one more.

    Asks the shards that have not told theirs, and again those that have more of the top than was asked of them.
    """
    count, first = board.news_top + 1, dict(told)
    missing = [shard for shard in shards.everyone() if shard not in first]
    for most in dict.fromkeys((places.share(count), count)):
        answers = catalog.run(
            "leaderboards/first_orders",
            [(shard, most) for shard in missing],
            lambda number: [board.slug, suffix, number],
            repeatable=True,
        )
        first |= {shard: _orders(answer) for shard, answer in zip(missing, answers, strict=True)}
        top = sorted(chain.from_iterable(first.values()), reverse=True)[:count]
        last = top[-1] if len(top) == count else None
        missing = [
            shard for shard, its in first.items() if len(its) == most < count and (last is None or its[-1] > last)
        ]
    return top


def _orders(found: Iterable[bytes]) -> list[int]:
    return [places.order_value(order) for order in found]
