"""Players, boards and scores in one line each. Actors are always alice, bob and charlie."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from gamify_site.players import services as players
from gamify_site.store import catalog
from leaderboards.definitions import Board, Row, Season
from leaderboards.services import boards, scores

Score = int | Decimal


def make_player(player: str, **profile: Any) -> str:
    """A player with a profile; gives the id."""
    players.upsert(player, **profile)
    return player


def make_board(slug: str = "coins", entries: Mapping[str, Any] | None = None, **fields: Any) -> Board:
    """A board, defined, with some entries."""
    board = Board(slug=slug, name=fields.pop("name", slug.replace("-", " ").title()), **fields)
    boards.define(board)
    if entries:
        scores.submit_many(slug, entries)
    return board


def crowd(count: int) -> dict[str, int]:
    """Players p0001, p0002 … with the scores count, count - 1 … 1: the number in the name is the rank."""
    return {f"p{rank:04}": count + 1 - rank for rank in range(1, count + 1)}


def season(slug: str, starts: str, ends: str) -> Season:
    """A season from its first day to the first day after it, both as ISO dates."""
    return Season(slug, slug.title(), date.fromisoformat(starts), date.fromisoformat(ends))


def brief(rows: Iterable[Row]) -> list[tuple[int, str, Score]]:
    """Rows as (rank, player, score)."""
    return [(row.rank, row.player, row.score) for row in rows]


def ids(rows: Iterable[Row]) -> list[str]:
    """The players of some rows, in their order."""
    return [row.player for row in rows]


def ranks(rows: Iterable[Row]) -> list[int]:
    """The ranks of some rows, in their order."""
    return [row.rank for row in rows]


@contextmanager
def another_process() -> Iterator[None]:
    """Within it definitions are changed as by another process: this one goes on with what it knew."""
    catalog.snapshot()
    with catalog.apart():
        yield
