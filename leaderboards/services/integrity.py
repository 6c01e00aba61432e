"""Whether what follows from the entries of boards is what it must be; and making it so again."""

from collections.abc import Iterator, Sequence
from functools import partial

from gamify_site import audit
from gamify_site.checks import problem_of
from gamify_site.integrity import Breach, Progress
from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import ask
from leaderboards.definitions import Board
from leaderboards.services import boards, limits, sets

NEVER = float("inf")


def check(*, repair: bool = False, progress: Progress | None = None) -> Iterator[Breach]:
    """Checks every entry of every board, while the site is in use: segments, levels, limits, expiry, known players.

    With `repair` segments and levels are made anew and limits enforced. `progress(done, total)` is called after each
    board. Raises `StoreUnavailable`. Two round trips for each 500 entries, and short scripts.
    """
    known = boards.all()
    for done, board in enumerate(known):
        if progress:
            progress(done, len(known))
        if problem := problem_of(board):
            yield Breach("definition", board.slug, problem)
        breaches = list(_check_board(board, repair=repair))
        yield from breaches
        if breaches and repair:
            sets.derive(partial(boards.get, board.slug))
    if progress:
        progress(len(known), len(known))


def recount(slug: str, *, by: str) -> int:
    """Makes anew what follows from the entries of a board: segments, levels, the limit; gives how much was wrong.

    Audited. Raises `UnknownBoard`, `StoreUnavailable`. Cost as `check`.
    """
    board = boards.get(slug)
    breaches = list(_check_board(board, repair=True))
    sets.derive(partial(boards.get, slug))
    audit.record(audit.Entry("board_recounted", slug, by, after={"wrong": len(breaches)}))
    return len(breaches)


def _check_board(board: Board, *, repair: bool) -> Iterator[Breach]:
    found: set[str] = set()
    for shard in shards.everyone():
        for suffix in sets.suffixes(shard, board.slug):
            found.add(suffix)
            yield from _check_expiry(board, shard, suffix)
            for name in [suffix, *sets.segments(shard, board.slug, suffix)]:
                for players in sets.players(shard, board.slug, name):
                    yield from _check_entries(board, shard, name, players)
                yield from _check_levels(board, shard, name)
    if board.max_entries is not None:
        for suffix in sorted(found):
            yield from _check_limit(board, suffix, repair=repair)


def _check_entries(board: Board, shard: int, suffix: str, players: Sequence[str]) -> Iterator[Breach]:
    (reply,) = catalog.run(
        "leaderboards/audit_entries",
        [(shard, players)],
        lambda names: [boards.get(board.slug).for_scripts(), suffix, *names],
        repeatable=True,
    )
    for player, detail in zip(reply[::2], reply[1::2], strict=True):
        yield Breach("board entry", f"{board.slug} {suffix}", f"{player.decode()}: {detail.decode()}")


def _check_levels(board: Board, shard: int, suffix: str) -> Iterator[Breach]:
    """Every level of a board with dense ranks is somebody's."""
    if board.ties != "dense":
        return
    (levels,) = ask([("zrange", keys.board_levels(shard, board.slug, suffix), 0, -1)])
    key = keys.board(shard, board.slug, suffix)
    for start in range(0, len(levels), sets.STEP):
        some = levels[start : start + sets.STEP]
        for level, holders in zip(some, ask([("zcount", key, level, level) for level in some]), strict=True):
            if not holders:
                yield Breach("board level", f"{board.slug} {suffix}", f"nobody holds {level.decode()}")


def _check_expiry(board: Board, shard: int, suffix: str) -> Iterator[Breach]:
    """A set lives exactly as long as it is registered for."""
    key = keys.board(shard, board.slug, suffix)
    registered, life, size = ask(
        [("zscore", keys.board_windows(shard, board.slug), suffix), ("pttl", key), ("zcard", key)]
    )
    if size and (registered == NEVER) != (life == -1):
        yield Breach("board expiry", f"{board.slug} {suffix}", f"registered until {registered}, lives {life} ms")


def _check_limit(board: Board, suffix: str, *, repair: bool) -> Iterator[Breach]:
    """A writer may be about to remove what it pushed over the limit, so what counts is what two looks find."""
    over = min(limits.excess(board, suffix), limits.excess(board, suffix))
    if over > 0:
        yield Breach("board limit", f"{board.slug} {suffix}", f"{over} entries are over the limit")
        if repair:
            limits.enforce(board, suffix)
