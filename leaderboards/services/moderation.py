"""Cheaters: off all boards at once, everything kept and counted on, and back again."""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from gamify_site import audit, clock
from gamify_site.identifiers import check_player_id
from gamify_site.players.services import UnknownPlayer
from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import ask
from leaderboards.services import away, boards, closings

MOST_SETS = 200  # of one script call, which takes its server 1 to 2 ms
MOST_CALLS = 40  # an answer is awaited for 2 s


def hide(player: str, reason: str, *, by: str) -> bool:
    """Takes a player off all boards, past periods included; False where that is so already. Audited.

    Who was only away is hidden from then on. What the player does is counted on aside. Closed periods that the player
    was on will be closed again. What breaks off is done to its end by the next call. Raises `UnknownPlayer`,
    `ValidationError` at `reason`. Five round trips, and one for each 8,000 ranked sets of all boards; no script call
    takes its server for more than 5 ms.
    """
    reason = audit.check_reason(reason)
    (answer,) = catalog.run("leaderboards/hide_player", _work(player), lambda it: [it, ""], repeatable=True)
    if answer == b"unknown":
        raise UnknownPlayer(player)
    _take_off(player)
    closings.open_again(away.sets_aside([player]))
    if answer == b"ok":
        audit.record(audit.Entry("player_hidden", player, by, reason))
    return bool(answer == b"ok")


def show(player: str, reason: str, *, by: str) -> bool:
    """Puts a hidden or away player back with all that was counted; False where the player is neither. Audited.

    Closed periods that the player comes back to will be closed again. Errors as `hide`. Five round trips, and one for
    each set of a board with a limit.
    """
    reason = audit.check_reason(reason)
    closings.open_again(away.sets_aside([check_player_id(player)]))
    now = int(clock.now().timestamp())
    (answer,) = catalog.run("leaderboards/show_player", _work(player), lambda it: [_boards(), now, "hidden", it])
    if answer == b"unchanged":
        return False
    away.settle(answer)
    audit.record(audit.Entry("player_shown", player, by, reason))
    return True


def is_hidden(player: str) -> bool:
    """Whether staff have taken the player off all boards. One round trip."""
    return absence(player).is_hidden


class Absence(NamedTuple):
    """Why a player is on no board: staff have hidden them, or they are away and were last seen `since`."""

    is_hidden: bool
    since: datetime | None


def absence(player: str) -> Absence:
    """Whether and why a player is off the boards. Raises `ValidationError`, `StoreUnavailable`. One round trip."""
    shard = shards.of(check_player_id(player))
    is_off, seen = ask([("sismember", keys.hidden(shard), player), ("zscore", keys.away(shard), player)])
    return Absence(bool(is_off) and seen is None, None if seen is None else datetime.fromtimestamp(seen, UTC))


def _take_off(player: str) -> None:
    """Takes a player who is hidden off every ranked set, in steps, some at once."""
    shard, known = shards.of(player), boards.all()
    found = ask([("zrange", keys.board_windows(shard, board.slug), 0, -1, False, True) for board in known])
    sets = iter(
        [
            (board.slug, suffix.decode(), 0 if expires == math.inf else int(expires))
            for board, registered in zip(known, found, strict=True)
            for suffix, expires in registered
        ]
    )
    steps = iter(lambda: list(islice(sets, MOST_SETS)), [])
    while some := list(islice(steps, MOST_CALLS)):
        work = [(shard, step) for step in some]
        catalog.run("leaderboards/hide_player", work, lambda step: [player, _step(step)], repeatable=True)


def _step(sets: Sequence[tuple[str, str, int]]) -> str:
    """The boards of some sets with these, as the script takes them."""
    rules = {it["slug"]: it | {"open": []} for it in away.all_boards()}
    for slug, suffix, expires in sets:
        if slug in rules:
            rules[slug]["open"].append((suffix, expires))
    return json.dumps([it for it in rules.values() if it["open"]])


def _work(player: str) -> list[tuple[int, str]]:
    return [(shards.of(check_player_id(player)), player)]


def _boards() -> str:
    return json.dumps(away.all_boards())
