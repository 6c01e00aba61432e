"""Which periods of boards `tick` has to look at: those that are final, to be closed, and those whose data have expired,
to be forgotten.

The script that makes the first entry of a period notes it on its shard. Each `tick` takes these notes into one schedule
of the site and looks at what is due there, however many periods there ever were. It goes through all of them once where
no `tick` has looked yet, as after an import, and where the clock has gone back: what was closed by a clock that was
ahead is opened then.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from gamify_site import clock
from gamify_site.store import catalog, keys, shards, versions
from gamify_site.store.connection import ask
from leaderboards.definitions import Board
from leaderboards.services import boards, closings, sets

Periods = dict[str, list[str]]  # board → suffixes

MOST = 10_000  # periods of one call; the others stay due
MOST_NEW = 1000  # notes of one shard that are taken at once
GONE_BACK = timedelta(minutes=15)  # no clock that may work is more than 5 minutes from that of the store
A_DAY = 86_400  # seconds


def find() -> Periods:
    """The periods that are due, by board; also of boards that have been deleted since.

    Raises `StoreUnavailable`. Four round trips, and some two for each board that has new periods; once, where all are
    gone through, some four a board.
    """
    version, now = catalog.current_version(), int(clock.now().timestamp())
    everyone = list(shards.everyone())
    last, *new = ask([("get", keys.last_look()), *(("srandmember", keys.new_periods(it), MOST_NEW) for it in everyone)])
    if last is None or int(last) > now + GONE_BACK.total_seconds():
        _plan_all(version)
    _plan_new(version, dict(zip(everyone, new, strict=True)))
    versions.write_if(version, keys.site(), "SET", keys.last_look(), now)
    (found,) = ask([("zrangebyscore", keys.due_periods(), "-inf", now, 0, MOST)])
    return _by_board(found)


def settle(slug: str, suffixes: Iterable[str]) -> None:
    """Plans when periods are looked at again that were due and have not been closed; whose data have expired is
    forgotten, so that nothing but the archive tells of it.

    Raises `StoreUnavailable`. Some six round trips for each 200 periods.
    """
    listed = sorted(set(suffixes))
    for start in range(0, len(listed), closings.STEP):
        some, version = listed[start : start + closings.STEP], catalog.current_version()
        board = boards.find(slug)
        if board is None:
            names = [f"{slug}:{suffix}" for suffix in some]
            versions.write_if(version, keys.site(), "ZREM", keys.due_periods(), *names)
        else:
            _settle(board, some, version)


def _settle(board: Board, suffixes: list[str], version: str) -> None:
    now, marks, there = int(clock.now().timestamp()), closings.marks(board.slug), with_data(board.slug, suffixes)
    looks: dict[str, int | None] = {}
    for suffix in suffixes:
        expires = closings.expires(board, suffix)
        if suffix in there and expires is not None and expires <= now:
            looks[suffix] = now + A_DAY  # written while the board was to keep its data for longer
        elif suffix not in there and suffix in marks:
            looks[suffix] = None if expires is None or expires <= now else expires
        else:
            looks[suffix] = closings.next_look(board, suffix, marks.get(suffix))
    gone = [suffix for suffix, at in looks.items() if at is None and suffix not in there]
    for shard in shards.everyone() if gone else ():
        versions.write_if(version, keys.shard(shard), "ZREM", keys.board_windows(shard, board.slug), *gone)
    closings.plan(board, suffixes, version, looks)


def with_data(slug: str, suffixes: Iterable[str]) -> set[str]:
    """Those of the periods of a board that have entries. One round trip; none where there are no periods."""
    asked = [(shard, suffix) for suffix in suffixes for shard in shards.everyone()]
    found = ask([("exists", keys.board(shard, slug, suffix)) for shard, suffix in asked]) if asked else []
    return {suffix for (_, suffix), is_there in zip(asked, found, strict=True) if is_there}


def _plan_new(version: str, noted: Mapping[int, list[bytes]]) -> None:
    """Takes the notes of all shards into the schedule, and only then off the shards."""
    for slug, suffixes in _by_board([name for names in noted.values() for name in names]).items():
        if (board := boards.find(slug)) is not None:
            closings.plan(board, suffixes, version)
    for shard, names in noted.items():
        if names:
            versions.write_if(version, keys.shard(shard), "SREM", keys.new_periods(shard), *names)


def _plan_all(version: str) -> None:
    """Goes through all periods that have entries; opens those that were closed too early, so that they take events."""
    early: list[tuple[str, str]] = []
    for board in boards.all():
        suffixes = {suffix for shard in shards.everyone() for suffix in sets.suffixes(shard, board.slug)}
        marks = closings.marks(board.slug)
        early += [(board.slug, it) for it in suffixes if it in marks and _is_early(board, it, marks[it])]
        closings.plan(board, suffixes, version)
    latest = int((clock.now() + GONE_BACK).timestamp())
    for shard in shards.everyone():
        versions.write_if(
            version, keys.shard(shard), "ZREMRANGEBYSCORE", keys.final_periods(shard), f"({latest}", "+inf"
        )
    closings.open_again(early)
    sets.forget_final_ranks([f"{slug}:{suffix}" for slug, suffix in early])


def _is_early(board: Board, suffix: str, mark: closings.Mark) -> bool:
    """Whether a period was closed before its time, as by a clock that was ahead."""
    final = closings.final_from(board, suffix)
    if final is None or not mark.holds:
        return False
    latest = clock.now() + GONE_BACK
    return not final.timestamp() * 1000 <= mark.at <= latest.timestamp() * 1000


def _by_board(names: Iterable[bytes]) -> Periods:
    found: Periods = {}
    for name in sorted(set(names)):
        slug, _, suffix = name.decode().partition(":")
        found.setdefault(slug, []).append(suffix)
    return found
