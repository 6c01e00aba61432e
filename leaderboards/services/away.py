"""Players who were not seen for long: they leave the boards with everything kept, and come back as they do something.

They are put aside like those whom staff hide (services/moderation.py). What they do next puts them back, in the same
script that counts it: the script says that somebody is away, and is sent again with the definitions of all boards.
"""

import json
import math
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings

from gamify_site import clock
from gamify_site.players import services as players
from gamify_site.players import walk
from gamify_site.store import catalog, keys, shards, versions
from gamify_site.store.connection import ask
from gamify_site.store.errors import StoreUnavailable
from leaderboards import windows
from leaderboards.definitions import Board
from leaderboards.services import boards, closings, limits

T = TypeVar("T")
Rules = dict[str, Any]

AWAY, ACTIVE = b"away", b"active"  # who is away, and of those who does something now
MOST_AT_ONCE = 3  # players of one script call: with 20 ranked sets each it takes its server 1 to 4 ms


def leave_due() -> int:
    """Takes everybody off the boards who was not seen for `GAMIFY_INACTIVE_DAYS`; gives how many have left.

    Only what is not over yet: past periods stay as they are. Two may do it at once, and one that broke off goes on
    where it was. Where the days begin earlier than they did last time, because a clock was ahead or more days are
    allowed, those are back first who have not been away for so long. Raises `StoreUnavailable`. Four round trips a
    shard where nobody has to leave, else some 70 for each 100 players; no script call takes its server for more than
    5 ms.
    """
    if not settings.GAMIFY_INACTIVE_DAYS:
        return 0
    limit = int((clock.now() - timedelta(days=settings.GAMIFY_INACTIVE_DAYS)).timestamp())
    return sum(_leave(shard, limit) for shard in shards.everyone())


def all_boards() -> list[Rules]:
    """The definitions of all boards, as the scripts take them. No round trip."""
    return catalog.derived("rules of all boards", lambda: [json.loads(it.for_scripts()) for it in boards.all()])


def run(
    script: str,
    work: Sequence[tuple[int, T]],
    arguments: Callable[[T, list[Rules] | None], Sequence[Any]],
    *,
    prepare: Callable[[Collection[int]], None] | None = None,
) -> list[Any]:
    """`catalog.run` for scripts that put players back: `arguments(item, all_boards)` is asked with no boards at first,
    and again with the definitions of all for the items in which somebody is away. Periods that were closed without
    them will be closed again; that is noted before they are back, because who dies in between is not asked again.

    Players who are being deleted are gone first.

    Raises `StoreUnavailable`. One round trip; where somebody comes back four, and more for crowds.
    """
    replies = catalog.run(script, work, lambda item: arguments(item, None), prepare=prepare)
    for _ in range(catalog.TRIES):
        waiting = [index for index, reply in enumerate(replies) if reply[0] in (AWAY, players.BEING_DELETED)]
        if not waiting:
            return replies
        gone = [name for index in waiting for name in _named(replies[index], players.BEING_DELETED)]
        players.finish_deletions(gone)
        closings.open_again(sets_aside([name for index in waiting for name in _named(replies[index], AWAY)]))
        for index in waiting:
            _put_back(work[index][0], _named(replies[index], AWAY)[MOST_AT_ONCE:], ACTIVE)
        absent = [work[index] for index in waiting]
        found = catalog.run(script, absent, lambda item: arguments(item, all_boards()), prepare=prepare)
        for index, reply in zip(waiting, found, strict=True):
            replies[index] = reply
    raise StoreUnavailable(players.STILL_DELETED)


def _named(reply: Sequence[Any], what: bytes) -> list[str]:
    """The players of whom a script says that."""
    return [player.decode() for player in reply[1:]] if reply[0] == what else []


def sets_aside(players: Sequence[str]) -> list[tuple[str, str]]:
    """Board and suffix of each entry of players who are off the boards. One round trip; none where there are none."""
    found = ask([("hkeys", keys.hidden_entries(shards.of(player), player)) for player in players]) if players else []
    return [
        (slug, suffix)
        for slug, _, suffix in dict.fromkeys(name.decode().partition(":") for names in found for name in names)
    ]


def settle(back: Sequence[bytes]) -> None:
    """Enforces the limits of boards that somebody has come back to: board and suffix by turns, as the scripts tell.

    No round trip with one shard, where the script has done so, else one for each set of a board with a limit.
    """
    if shards.count() == 1:
        return
    for slug, suffix in dict.fromkeys(zip(back[::2], back[1::2], strict=True)):
        board = boards.find(slug.decode())
        if board is not None and board.max_entries is not None:
            limits.enforce(board, suffix.decode())


def _put_back(shard: int, names: Sequence[str], whom: bytes) -> bool:
    """Puts players back who are away, no more of them in one script call than it should; False where none was."""
    now, is_any = int(clock.now().timestamp()), False
    for start in range(0, len(names), MOST_AT_ONCE):
        some = names[start : start + MOST_AT_ONCE]
        (back,) = catalog.run(
            "leaderboards/show_player", [(shard, some)], lambda it: [json.dumps(all_boards()), now, whom, *it]
        )
        if back != b"unchanged":
            settle(back)
            is_any = True
    return is_any


def _leave(shard: int, limit: int) -> int:
    """Goes on behind the last player who was looked at: nobody who was not seen since has anything to leave.

    Stops where definitions or all data have been replaced: how far it has come says nothing of the new ones.
    """
    version = catalog.current_version()
    place, left = _place(shard), 0
    if place.seen >= limit:
        place = _bring_back(shard, limit, version)
    while True:
        found = [(player, seen) for player, seen in walk.after(place) if seen < limit]
        if not found:
            return left
        for start in range(0, len(found), MOST_AT_ONCE):
            names = [player for player, _ in found[start : start + MOST_AT_ONCE]]
            left += _take_off(shard, names, limit)
        player, seen = found[-1]
        place = walk.Place(shard, seen, player)
        told = f"{seen:.0f}:{player}"
        if versions.write_if(version, keys.shard(shard), "SET", keys.away_until(shard), told) is None:
            return left


def _place(shard: int) -> walk.Place:
    (found,) = ask([("get", keys.away_until(shard))])
    if found is None:
        return walk.Place(shard)
    seen, _, player = found.decode().partition(":")
    return walk.Place(shard, float(seen), player)


def _bring_back(shard: int, limit: int, version: str) -> walk.Place:
    """Puts those back who have left and were seen since `limit`; gives the place from which others are looked at."""
    while True:
        (found,) = ask([("zrangebyscore", keys.away(shard), limit, "+inf", 0, walk.STEP)])
        names = [player.decode() for player in found]
        closings.open_again(sets_aside(names))
        if not _put_back(shard, names, AWAY):
            break
    versions.write_if(version, keys.shard(shard), "SET", keys.away_until(shard), f"{limit}:")
    return walk.Place(shard, limit)


def _take_off(shard: int, players: Sequence[str], limit: int) -> int:
    def arguments(names: Sequence[str]) -> list[Any]:
        return [json.dumps(_boards_and_open_sets(shard)), limit, *names]

    (left,) = catalog.run("leaderboards/leave_boards", [(shard, players)], arguments, repeatable=True)
    return int(left)


def _boards_and_open_sets(shard: int) -> list[Rules]:
    """The definitions of all boards, each with the periods that are not over and have entries on a shard."""
    everyone = boards.all()
    found = ask([("zrange", keys.board_windows(shard, board.slug), 0, -1, False, True) for board in everyone])
    return [
        json.loads(board.for_scripts()) | {"open": _open(board, registered)}
        for board, registered in zip(everyone, found, strict=True)
    ]


def _open(board: Board, registered: Sequence[tuple[bytes, float]]) -> list[tuple[str, int]]:
    """The periods that are not over, and when their data expire (s, 0 for never)."""
    return [
        (suffix.decode(), 0 if expires == math.inf else int(expires))
        for suffix, expires in registered
        if not _is_over(board, suffix.decode())
    ]


def _is_over(board: Board, suffix: str) -> bool:
    """Also where the board has no such period any more."""
    window, period = windows.read_suffix(board, suffix)
    if window == "all":
        return False
    return windows.span(board, window, period) is None or windows.end(board, window, period) <= clock.now()
