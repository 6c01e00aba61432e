"""Checks of answers to batches, as achievements/lua/apply_events.lua has kept them: what is wrong in one would come to
light when its batch is sent again.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from gamify_site.ops.transfer import checks
from gamify_site.ops.transfer.lines import parse
from leaderboards.definitions import EXACT

MOST = 100_000  # things in a list
ORDER = re.compile(r"-?\d{1,17}")

Check = Callable[[str, Any], object]


def check(text: str) -> None:
    """Raises `Wrong` for a text that is no answer to a batch."""
    answer = parse(text.encode())
    if not isinstance(answer, list) or len(answer) != 1 + len(PARTS) or answer[0] != "ok":
        raise checks.wrong("answer", text, "is no answer to a batch")
    for part, kinds in zip(answer[1:], PARTS, strict=True):
        _flat(part, kinds)


def _flat(value: Any, kinds: Sequence[Check]) -> None:
    """A list of things of some kinds by turns; Lua writes an empty one as an empty object."""
    found = checks.listed("answer", [] if value == {} else value, MOST)
    if len(found) % len(kinds):
        raise checks.Wrong("answer: a list is cut short")
    for place, it in enumerate(found):
        kinds[place % len(kinds)]("answer", it)


def _number(what: str, value: Any) -> None:
    checks.whole(what, value, 0, EXACT)


def _moment(what: str, value: Any) -> None:
    if isinstance(value, str):
        checks.number(what, value, checks.LATEST_MS)
    else:
        checks.whole(what, value, 0, checks.LATEST_MS)


def _order(what: str, value: Any) -> None:
    checks.matching(what, value, ORDER, "order value")


def _order_before(what: str, value: Any) -> None:
    if value != "":
        _order(what, value)


def _climbers(_what: str, value: Any) -> None:
    _flat(value, (checks.player_id, _order_before, _order))


def _dropped(_what: str, value: Any) -> None:
    _flat(value, (checks.player_id,))


PARTS: tuple[Sequence[Check], ...] = (
    (_number, checks.text),  # place of a refused event, reason
    (_number,),  # place of a duplicate
    (checks.player_id, checks.slug, _number, _moment),  # unlocks: player, release, points, time (ms)
    (checks.slug, _climbers, _dropped),  # of each board
    (checks.slug, checks.text),  # board and period that somebody has come back to
    (_number, checks.slug),  # place of an event, board that took nothing of it
    (checks.slug,),  # action that nothing listens to
    (_number,),  # where the calls of the batch begin
)
