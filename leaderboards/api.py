"""Boards over HTTP: schema → service → schema."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Body, Path, Query, Router, Schema, Status
from pydantic import Field

from gamify_site.api.fields import EventId, Number, PlayerId, PlayerInPath, Score, SlugInPath, Strict, either, form
from gamify_site.api.guard import READ, WRITE
from gamify_site.api.problems import Problem
from gamify_site.players import services as players
from gamify_site.players.services import UnknownPlayer
from leaderboards.definitions import Board, Row
from leaderboards.errors import NotOnBoard
from leaderboards.services import boards, ranking, scores

router = Router(tags=["Leaderboards"])

MOST_SCORES = 1000
READ_ERRORS = {401: Problem, 404: Problem, 422: Problem, 429: Problem, 503: Problem}
WRITE_ERRORS = READ_ERRORS | {400: Problem, 403: Problem, 413: Problem, 415: Problem}


class BoardOut(Schema):
    """A board's rule."""

    slug: str
    name: str
    description: str
    action: str | None
    combine: str
    order: str
    decimals: int
    windows: list[str]
    ties: str
    max_entries: int | None
    segment_by: str | None
    timezone: str


class RowOut(Schema):
    """One row of a board."""

    rank: int
    player: str
    name: str
    score: Score


class PageOut(Schema):
    """Rows of a board; `next` is the cursor of the page behind, null at the end."""

    size: int
    rows: list[RowOut]
    next: str | None


class PlaceOut(Schema):
    """A player's place, with the rows around it."""

    rank: int
    score: Score
    size: int
    percentile: float
    rows: list[RowOut]


class RowsOut(Schema):
    """Rows around a rank."""

    size: int
    rows: list[RowOut]


class ScoreIn(Strict):
    """A score, which counts by the board's rule; with an `id` once."""

    score: Number
    id: EventId | None = None


class IncrementIn(Strict):
    """What is added to a score, whatever the board's rule; with an `id` once."""

    increment: Number
    id: EventId | None = None


ScoreOrIncrement = Annotated[
    Annotated[ScoreIn, form("score")] | Annotated[IncrementIn, form("increment")], either("score", "increment"), Body()
]


class UpdateOut(Schema):
    """What a write did; `rank` is null if the player is not on the board (`trimmed`).

    `duplicate`: the `id` had counted before, so nothing was written, and the rest is the current state.
    """

    score: Score
    rank: int | None
    previous_rank: int | None
    trimmed: bool
    duplicate: bool


class EntryIn(Strict):
    """A player's score; with an `id` it counts once."""

    player: PlayerId
    score: Number
    id: EventId | None = None


class EntriesIn(Strict):
    """Many scores at once."""

    scores: Annotated[list[EntryIn], Field(max_length=MOST_SCORES)]


class WrittenOut(Schema):
    """How many players were written, and how many of the scores had counted before by their ids."""

    written: int
    duplicates: int


class AmountIn(Strict):
    """What is spent; with an `id` once."""

    amount: Number
    id: EventId | None = None


class BalanceOut(Schema):
    """What is left to spend. `duplicate`: the `id` had counted before, so nothing was taken this time."""

    balance: Score
    duplicate: bool


def row(it: Row) -> dict[str, Any]:
    """A row as JSON has it."""
    return {"rank": it.rank, "player": it.player, "name": it.name, "score": it.score}


def board_out(board: Board) -> dict[str, Any]:
    """A board as JSON has it."""
    return {name: getattr(board, name) for name in BoardOut.model_fields}


@router.get("/leaderboards", auth=READ, response={200: list[BoardOut], **READ_ERRORS}, summary="All boards")
def list_boards(request: HttpRequest) -> Any:
    """The rules of all boards, by name."""
    return [board_out(board) for board in boards.all()]


@router.get("/leaderboards/{board}", auth=READ, response={200: PageOut, **READ_ERRORS}, summary="Rows of a board")
def read_board(
    request: HttpRequest,
    board: SlugInPath,
    window: str | None = None,
    period: str | None = None,
    segment: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    after: str | None = None,
) -> Any:
    """The next rows behind a cursor, best first; without one the first rows."""
    where = {"window": window, "period": period, "segment": segment}
    found, following = ranking.page(board, after=after, limit=limit, **where)
    return {"size": ranking.size(board, **where), "rows": [row(it) for it in found], "next": following}


@router.get(
    "/leaderboards/{board}/players/{player}",
    auth=READ,
    response={200: PlaceOut, **READ_ERRORS},
    summary="A player's place",
)
def read_place(
    request: HttpRequest,
    board: SlugInPath,
    player: PlayerInPath,
    around: Annotated[int, Query(ge=0, le=100)] = 5,
    window: str | None = None,
    period: str | None = None,
    segment: str | None = None,
) -> Any:
    """The place and the rows around it; 404 where the player is not on the board."""
    view = ranking.view(board, window=window, period=period, segment=segment, top=0, around=around, player=player)
    if view.standing is None:
        if not players.exists(player):
            raise UnknownPlayer(player)
        raise NotOnBoard(player, board, {"window": window, "period": period, "segment": segment})
    standing = view.standing
    return {
        "rank": standing.rank,
        "score": standing.score,
        "size": standing.size,
        "percentile": standing.percentile,
        "rows": [row(it) for it in view.around],
    }


@router.get(
    "/leaderboards/{board}/ranks/{rank}", auth=READ, response={200: RowsOut, **READ_ERRORS}, summary="Around a rank"
)
def read_rank(
    request: HttpRequest,
    board: SlugInPath,
    rank: Annotated[int, Path(ge=1, le=10**15)],
    around: Annotated[int, Query(ge=0, le=100)] = 5,
    window: str | None = None,
    period: str | None = None,
    segment: str | None = None,
) -> Any:
    """The rows around a rank, counted from 1; beyond the end, around the last one."""
    view = ranking.view(board, window=window, period=period, segment=segment, top=0, around=around, rank=rank)
    return {"size": view.size, "rows": [row(it) for it in view.around]}


@router.put(
    "/leaderboards/{board}/scores/{player}",
    auth=WRITE,
    response={200: UpdateOut, **WRITE_ERRORS},
    summary="Report a score, or add to it",
)
def put_score(request: HttpRequest, board: SlugInPath, player: PlayerInPath, body: ScoreOrIncrement) -> Any:
    """`score` counts by the board's rule, `increment` is added whatever the rule."""
    if isinstance(body, ScoreIn):
        update = scores.submit(board, player, body.score, id=body.id)
    else:
        update = scores.increment(board, player, body.increment, id=body.id)
    return {name: getattr(update, name) for name in UpdateOut.model_fields}


@router.post(
    "/leaderboards/{board}/scores",
    auth=WRITE,
    response={200: WrittenOut, **WRITE_ERRORS},
    summary="Report many scores",
)
def post_scores(request: HttpRequest, board: SlugInPath, body: EntriesIn) -> Any:
    """Up to 1,000 scores by the board's rule, in the order given."""
    update = scores.submit_batch(board, [(it.player, it.score, it.id) for it in body.scores])
    return {"written": update.written, "duplicates": update.duplicates}


@router.post(
    "/leaderboards/{board}/spend/{player}",
    auth=WRITE,
    response={200: BalanceOut, 409: Problem, **WRITE_ERRORS},
    summary="Spend",
)
def post_spend(request: HttpRequest, board: SlugInPath, player: PlayerInPath, body: AmountIn) -> Any:
    """Takes an amount off the balance; 409 with the balance where there is too little."""
    withdrawal = scores.withdraw(board, player, body.amount, id=body.id)
    return {"balance": withdrawal.balance, "duplicate": withdrawal.duplicate}


@router.delete(
    "/leaderboards/{board}/scores/{player}",
    auth=WRITE,
    response={204: None, **WRITE_ERRORS},
    summary="Take a player off a board",
)
def delete_score(request: HttpRequest, board: SlugInPath, player: PlayerInPath) -> Any:
    """Past periods included; nothing changes where the player is not on it."""
    scores.remove(board, player)
    return Status(204, None)
