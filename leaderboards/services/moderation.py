"""Cheaters: off all boards at once, everything kept and counted on, and back again."""

import json

from gamify_site import audit, clock
from gamify_site.identifiers import check_player_id
from gamify_site.players.services import UnknownPlayer
from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import ask
from leaderboards.services import boards, limits


def hide(player: str, reason: str, *, by: str) -> bool:
    """Takes a player off all boards, past periods included; False where that is so already. Audited.

    What the player does is counted on aside. Raises `UnknownPlayer`, `ValidationError` at `reason`. Two round trips;
    O(ranked sets of all boards × log size).
    """
    reason = audit.check_reason(reason)
    (answer,) = catalog.run("leaderboards/hide_player", _work(player), lambda it: [it, _boards()], repeatable=True)
    if answer == b"unknown":
        raise UnknownPlayer(player)
    if answer == b"ok":
        audit.record(audit.Entry("player_hidden", player, by, reason))
    return bool(answer == b"ok")


def show(player: str, reason: str, *, by: str) -> bool:
    """Puts a hidden player back with all that was counted; False where the player is not hidden. Audited.

    Errors as `hide`. Two round trips, and one for each set of a board with a limit.
    """
    reason = audit.check_reason(reason)
    now = int(clock.now().timestamp())
    (answer,) = catalog.run("leaderboards/show_player", _work(player), lambda it: [it, _boards(), now])
    if answer == b"unchanged":
        return False
    for slug, suffix in zip(answer[::2], answer[1::2], strict=True):
        board = boards.get(slug.decode())
        if board.max_entries is not None:
            limits.enforce(board, suffix.decode())
    audit.record(audit.Entry("player_shown", player, by, reason))
    return True


def is_hidden(player: str) -> bool:
    """Whether staff have taken the player off all boards. One round trip."""
    (found,) = ask([("sismember", keys.hidden(shards.of(check_player_id(player))), player)])
    return bool(found)


def _work(player: str) -> list[tuple[int, str]]:
    return [(shards.of(check_player_id(player)), player)]


def _boards() -> str:
    return json.dumps([json.loads(board.for_scripts()) for board in boards.all()])
