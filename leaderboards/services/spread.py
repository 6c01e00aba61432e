"""How the scores of a board spread."""

from bisect import bisect_right
from itertools import pairwise

from leaderboards import windows
from leaderboards.definitions import BoardView, Distribution
from leaderboards.services import places

BUCKETS = 24


def read(view: BoardView, lowest: int | None) -> Distribution | None:
    """How many players of a view's ranked set there are in each of some equal spans, the best span last.

    `lowest` is the lowest order value, as `ranking.choices` tells it; the greatest is that of the view's first row.
    None where there are not two scores to tell apart. One round trip; O(spans × log size) per shard.
    """
    board = view.board
    if lowest is None or not view.top or view.top[0].score == board.score_of(lowest):
        return None
    greatest = (board.sign * board.to_units(view.top[0].score) << board.tie_bits) + (1 << board.tie_bits) - 1
    edges = [lowest + (greatest + 1 - lowest) * number // BUCKETS for number in range(BUCKETS + 1)]
    suffix = windows.with_segment(windows.suffix(view.window, view.period), board, view.segment)
    from_edge_on = places.count_better(board, suffix, [edge - 1 for edge in edges])
    counts = [first - behind for first, behind in pairwise(from_edge_on)]
    mine = None
    if view.standing:
        order = board.sign * board.to_units(view.standing.score) << board.tie_bits
        mine = max(0, min(BUCKETS, bisect_right(edges, order)) - 1)
    return Distribution(tuple(counts), board.score_of(lowest), view.top[0].score, mine)
