"""Which periods of boards have been closed, and opening them again where what they hold changes after all.

A period is opened again by its mark, which stays; and whoever closes it at that moment is interrupted. The next `tick`
closes it anew, over what was kept of it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from gamify_site import clock
from gamify_site.store import catalog, keys, scripts, shards
from gamify_site.store.connection import ask
from leaderboards import windows
from leaderboards.definitions import Board

LATE = timedelta(days=7)  # events may lie so far back, so that a period may still change for as long


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
    """Suffix → mark, of all periods of a board that were ever closed. One round trip."""
    (found,) = ask([("hgetall", keys.closed_periods(slug))])
    told = {suffix.decode(): json.loads(text) for suffix, text in found.items()}
    return {suffix: Mark(it["at"], it["size"]) for suffix, it in told.items()}


def is_final(board: Board, suffix: str) -> bool:
    """Whether a period is over, and no event can change it any more. False where the board has no such period."""
    window, period = windows.read_suffix(board, suffix)
    if window == "all" or windows.span(board, window, period) is None:
        return False
    return windows.end(board, window, period) + LATE <= clock.now()


def open_again(periods: Iterable[tuple[str, str]]) -> None:
    """Lets those of some periods, board and suffix, be closed again that have been closed, or are just being.

    Raises `StoreUnavailable`. One round trip; none where there are no periods.
    """
    groups: dict[str, list[str]] = {}
    for slug, suffix in periods:
        if suffix != "all":
            groups.setdefault(slug, []).extend((suffix, keys.closing(slug, suffix)))
    calls = [(keys.site(), [keys.closed_periods(slug), *named]) for slug, named in groups.items()]
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
    return windows.span(board, *windows.read_suffix(board, suffix)) is not None


@dataclass(frozen=True, slots=True)
class Closing:
    """A closing under way: the catalog's version and the token of the lock, both from before anything was read."""

    slug: str
    suffix: str
    version: str
    token: bytes

    def check(self) -> None:
        """Raises `Interrupted` where the lock is not ours any more. One round trip."""
        if _token(self.slug, self.suffix) != self.token:
            raise Interrupted

    def finish(self, size: int) -> None:
        """Marks the period as closed. Raises `Interrupted`, nothing is marked then. One round trip."""
        told = json.dumps({"at": int(clock.now().timestamp() * 1000), "size": size})
        fences = [self.version, keys.catalog_version(), self.token, keys.closing(self.slug, self.suffix)]
        arguments = [*fences, keys.closed_periods(self.slug), self.suffix, told]
        if scripts.run("leaderboards/mark_closed", [(keys.site(), arguments)], repeatable=True) != [b"ok"]:
            raise Interrupted


def begin(slug: str, suffix: str) -> Closing:
    """Notes who closes a period from now on, who has locked it before. Raises `Interrupted`. Two round trips."""
    token = _token(slug, suffix)
    if token is None:
        raise Interrupted
    return Closing(slug, suffix, catalog.current_version(), token)


def _token(slug: str, suffix: str) -> bytes | None:
    (found,) = ask([("get", keys.closing(slug, suffix))])
    return None if found is None else bytes(found)
