"""Which periods of boards have been closed, when each is looked at next, and opening them again where what they hold
changes after all.

A period is opened again by its mark, which stays; and whoever closes it at that moment is interrupted. The next `tick`
closes it anew, over what was kept of it.

Closing notes on each shard when that was done, before anything is read: from then on the scripts that write leave the
period out, whatever the clock of their caller says, so that the archive is what the period holds. The note counts only
if it is no earlier than the period is final by the definition of today. So a longer grace, or a season that goes on,
lets events count again; being opened again for a correction does not.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from gamify_site import clock
from gamify_site.store import catalog, keys, scripts, shards
from gamify_site.store.connection import ask
from leaderboards import windows
from leaderboards.definitions import Board

STEP = 200  # periods of one script call


class Interrupted(Exception):
    """Somebody else has a closing now, the period was opened again, or definitions or all data have been replaced."""


class Mark(NamedTuple):
    """That a period has been closed: when (ms; 0 where it is to be closed again), and how many were on it."""

    at: int
    size: int

    @property
    def holds(self) -> bool:
        """False where it is to be closed again."""
        return self.at > 0


def marks(slug: str) -> dict[str, Mark]:
    """Suffix → mark, of the periods of a board that were closed and are archived. One round trip."""
    (found,) = ask([("hgetall", keys.closed_periods(slug))])
    return {suffix.decode(): _mark(text) for suffix, text in found.items()}


def final_from(board: Board, suffix: str) -> datetime | None:
    """When a period is over, and no event changes it any more. None where the board has no such period."""
    if not _is_there(board, suffix):
        return None
    return windows.final_from(board, *windows.read_suffix(board, suffix))


def is_final(board: Board, suffix: str) -> bool:
    """Whether a period is over, and no event changes it any more. False where the board has no such period."""
    final = final_from(board, suffix)
    return final is not None and final <= clock.now()


def expires(board: Board, suffix: str) -> int | None:
    """When the data of a period may go (s). None where the board has no such period."""
    return windows.expires(board, *windows.read_suffix(board, suffix)) if _is_there(board, suffix) else None


def next_look(board: Board, suffix: str, mark: Mark | None) -> int | None:
    """When a period is to be looked at next (s): to be closed, or, closed, to be forgotten; None for never."""
    if mark and mark.holds:
        return expires(board, suffix)
    final = final_from(board, suffix)
    return None if final is None else int(final.timestamp())


def plan(board: Board, suffixes: Iterable[str], version: str, looks: Mapping[str, int | None] | None = None) -> None:
    """Says when periods are looked at next: when `looks` tells, or else by their marks and the definition of today.

    Nothing is said where the definitions are not those of `version` any more, nor of a period that is closed or opened
    again meanwhile. Raises `StoreUnavailable`. Two round trips for each 200 periods.
    """
    listed = sorted(set(suffixes))
    for start in range(0, len(listed), STEP):
        some = listed[start : start + STEP]
        (found,) = ask([("hmget", keys.closed_periods(board.slug), some)])
        words: list[str] = []
        for suffix, text in zip(some, found, strict=True):
            mark = text or b""
            at = looks[suffix] if looks is not None else next_look(board, suffix, _mark(mark) if mark else None)
            words += [suffix, _planned(board.slug, suffix), mark.decode(), "" if at is None else str(at)]
        fences = [version, keys.catalog_version(), keys.closed_periods(board.slug), keys.due_periods()]
        scripts.run("leaderboards/plan_periods", [(keys.site(), [*fences, *words])], repeatable=True)


def open_again(periods: Iterable[tuple[str, str]]) -> None:
    """Lets those of some periods, board and suffix, be closed again that have been closed, or are just being.

    Raises `StoreUnavailable`. One round trip; none where there are no periods.
    """
    groups: dict[str, list[str]] = {}
    for slug, suffix in periods:
        if suffix != "all":
            groups.setdefault(slug, []).extend((suffix, keys.closing(slug, suffix), _planned(slug, suffix)))
    calls = [(keys.site(), [keys.closed_periods(slug), keys.due_periods(), *named]) for slug, named in groups.items()]
    if calls:
        scripts.run("leaderboards/open_periods", calls, repeatable=True)


def forget(slug: str, player: str) -> None:
    """Forgets a player's final ranks on a board, and lets those periods be closed again. One round trip, or three."""
    key = keys.final_ranks(shards.of(player), player)
    (found,) = ask([("hkeys", key)])
    names = [name.decode() for name in found if name.startswith(f"{slug}:".encode())]
    if names:
        ask([("hdel", key, *names)])
        open_again((slug, name.removeprefix(f"{slug}:")) for name in names)


def open_unfinished(board: Board) -> list[str]:
    """Lets the periods be closed again that are not over by the definition of today; gives their suffixes.

    Raises `StoreUnavailable`. Two round trips.
    """
    found = [suffix for suffix in marks(board.slug) if _is_there(board, suffix) and not is_final(board, suffix)]
    open_again((board.slug, suffix) for suffix in found)
    return found


def _is_there(board: Board, suffix: str) -> bool:
    window, period = windows.read_suffix(board, suffix)
    return window != "all" and windows.span(board, window, period) is not None


def _mark(text: bytes) -> Mark:
    told = json.loads(text)
    return Mark(told["at"], told["size"])


def _planned(slug: str, suffix: str) -> str:
    """The name of a period in the schedule."""
    return f"{slug}:{suffix}"


@dataclass(frozen=True, slots=True)
class Closing:
    """A closing under way: the catalog's version and the token of the lock, both from before anything was read."""

    board: Board
    suffix: str
    version: str
    token: bytes

    def check(self) -> None:
        """Raises `Interrupted` where the lock is not ours any more. One round trip."""
        if _token(self.board.slug, self.suffix) != self.token:
            raise Interrupted

    def finish(self, size: int) -> None:
        """Marks the period as closed. Raises `Interrupted`, nothing is marked then. One round trip."""
        slug, mark = self.board.slug, Mark(int(clock.now().timestamp() * 1000), size)
        fences = [self.version, keys.catalog_version(), self.token, keys.closing(slug, self.suffix)]
        following = next_look(self.board, self.suffix, mark)
        planned = [keys.due_periods(), _planned(slug, self.suffix), following]
        arguments = [*fences, keys.closed_periods(slug), self.suffix, json.dumps(mark._asdict()), *planned]
        if scripts.run("leaderboards/mark_closed", [(keys.site(), arguments)], repeatable=True) != [b"ok"]:
            raise Interrupted


def begin(board: Board, suffix: str) -> Closing:
    """Notes who closes a period from now on, who has locked it before. Raises `Interrupted`. Two round trips."""
    token = _token(board.slug, suffix)
    if token is None:
        raise Interrupted
    return Closing(board, suffix, catalog.current_version(), token)


def _token(slug: str, suffix: str) -> bytes | None:
    (found,) = ask([("get", keys.closing(slug, suffix))])
    return None if found is None else bytes(found)
