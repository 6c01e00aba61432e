"""Players over HTTP: profiles, what they have, and what staff's programs give and take."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Body, Router, Schema, Status
from pydantic import Field

from achievements.api.events import UnlockedOut, unlocked_out
from achievements.definitions import EXACT, CatalogEntry
from achievements.services import catalog, progress, states, unlocks
from gamify_site.api.fields import (
    COUNTRY,
    NOT_BLANK,
    EventId,
    PlayerInPath,
    Reason,
    SlugInPath,
    Strict,
    Whole,
    either,
    form,
)
from gamify_site.api.guard import READ, WRITE
from gamify_site.players import services as players
from gamify_site.players.services import Player, UnknownPlayer
from leaderboards.api import READ_ERRORS, WRITE_ERRORS
from leaderboards.services import boards, ranking

router = Router(tags=["Players"])


def _changed(description: str) -> Any:
    """A field that stays as it is if it is left out.

    The document names no default: programs made from it would send it for every field that was not set.
    """
    return Field(default_factory=lambda: None, description=description)


class PlayerIn(Strict):
    """The fields that change. One that is left out stays as it is, `null` puts it back to its default."""

    name: Annotated[str, Field(min_length=1, pattern=NOT_BLANK)] | None = _changed(
        "What pages show, at most 60 characters, emoji as one each; null: the id. Not empty."
    )
    about: str | None = _changed("At most 500 characters. Empty or null: none.")
    country: Annotated[str, Field(pattern=COUNTRY)] | None = _changed(
        "ISO 3166-1 alpha-2, such as SE; empty or null: none."
    )
    team: str | None = _changed("At most 40 characters. Empty or null: none.")
    region: str | None = _changed("At most 40 characters. Empty or null: none.")
    avatar: Annotated[str, Field(max_length=64)] | None = _changed("Empty or null: the one drawn from the id.")
    timezone: Annotated[str, Field(min_length=1, max_length=64, pattern=NOT_BLANK)] | None = _changed(
        "IANA name, such as Europe/Stockholm; null: UTC. Not empty. Can be changed once a day."
    )


class PlayerOut(Schema):
    """A profile with points, how much is unlocked, and the rank by points (null without any)."""

    id: str
    name: str
    about: str
    country: str
    team: str
    region: str
    avatar: str
    timezone: str
    joined: datetime | None
    points: int
    unlocked: int
    rank: int | None


class EntryOut(Schema):
    """One achievement as the player may see it; of a hidden one only that it is there: `achievement` is null."""

    achievement: str | None
    type: str | None
    progress: int | None
    target: int | None
    percent: int | None
    unlocked_at: datetime | None


class AmountIn(Strict):
    """An amount to add to the progress. With an `id` it counts once."""

    amount: Annotated[Whole, Field(ge=1, le=EXACT)]
    id: EventId | None = None


class ValueIn(Strict):
    """A value to raise the progress to; a lower one changes nothing. With an `id` it counts once."""

    value: Annotated[Whole, Field(ge=0, le=EXACT)]
    id: EventId | None = None


AmountOrValue = Annotated[
    Annotated[AmountIn, form("amount")] | Annotated[ValueIn, form("value")], either("amount", "value"), Body()
]


class ProgressOut(Schema):
    """How far a player is; `percent` is rounded down. `newly_unlocked` is all that this change unlocked.

    `duplicate`: the `id` had counted before, so nothing was changed this time.
    """

    achievement: str
    progress: int
    target: int
    percent: int
    unlocked: bool
    unlocked_at: datetime | None
    newly_unlocked: list[UnlockedOut]
    duplicate: bool


class ReasonIn(Strict):
    """Why; kept in the audit log."""

    reason: Reason


class GrantedOut(Schema):
    """What was unlocked: the achievement, and what followed; nothing where the player had it."""

    unlocked: list[str]


class RevokedOut(Schema):
    """Whether the player had it."""

    revoked: bool


def _profile(it: Player, rank: int | None) -> dict[str, Any]:
    return {name: getattr(it, name) for name in PlayerOut.model_fields if name != "rank"} | {"rank": rank}


def _rank(player: str) -> int | None:
    if not catalog.all():
        return None
    standing = ranking.standing(boards.POINTS, player)
    return standing.rank if standing else None


@router.put("/players/{player}", auth=WRITE, response={200: PlayerOut, **WRITE_ERRORS}, summary="Make or change")
def put_player(request: HttpRequest, player: PlayerInPath, body: PlayerIn) -> Any:
    """Creates a player, or changes the fields that are given; `null` puts one back to its default."""
    changes = {name: value or "" for name, value in body.model_dump(exclude_unset=True).items()}
    return _profile(players.upsert_for_key(player, changes, by=_caller(request)), _rank(player))


@router.get("/players/{player}", auth=READ, response={200: PlayerOut, **READ_ERRORS}, summary="A player")
def get_player(request: HttpRequest, player: PlayerInPath) -> Any:
    """The profile with points and rank."""
    return _profile(players.get(player), _rank(player))


@router.delete("/players/{player}", auth=WRITE, response={204: None, **WRITE_ERRORS}, summary="Delete a player")
def delete_player(request: HttpRequest, player: PlayerInPath) -> Any:
    """Delete all data of a player; does nothing for an unknown one. 403 if the player's account is staff."""
    players.delete(player, by=_caller(request), reason="HTTP API")
    return Status(204, None)


@router.get(
    "/players/{player}/achievements",
    auth=READ,
    response={200: list[EntryOut], **READ_ERRORS},
    summary="A player's achievements",
)
def list_achievements(request: HttpRequest, player: PlayerInPath) -> Any:
    """All that the player may see, tiers one by one; what is hidden stays so until the player has it."""
    state = states.read(player)
    if not state.is_known:
        raise UnknownPlayer(player)
    return [out for entry in progress.entries(state) for out in _entries(entry)]


def _entries(entry: CatalogEntry) -> list[dict[str, Any]]:
    if entry.achievement is None:
        return [dict.fromkeys(EntryOut.model_fields)]
    kind = entry.achievement.type
    return [
        {
            "achievement": it.achievement,
            "type": kind,
            "progress": it.progress,
            "target": it.target,
            "percent": it.percent,
            "unlocked_at": it.unlocked_at,
        }
        for it in entry.releases
    ]


@router.post(
    "/players/{player}/achievements/{slug}/progress",
    auth=WRITE,
    response={200: ProgressOut, **WRITE_ERRORS},
    summary="Set progress",
)
def post_progress(request: HttpRequest, player: PlayerInPath, slug: SlugInPath, body: AmountOrValue) -> Any:
    """Progress that a game sets itself, of a counter, milestone or tiered achievement; it never falls."""
    players.get(player)
    if isinstance(body, AmountIn):
        update = progress.change(player, slug, "add", body.amount, id=body.id)
    else:
        update = progress.change(player, slug, "set", body.value, id=body.id)
    return asdict(update.progress) | {
        "newly_unlocked": [unlocked_out(it) for it in update.unlocked],
        "duplicate": update.duplicate,
    }


@router.post(
    "/players/{player}/achievements/{slug}/grant",
    auth=WRITE,
    response={200: GrantedOut, **WRITE_ERRORS},
    summary="Give an achievement",
)
def post_grant(request: HttpRequest, player: PlayerInPath, slug: SlugInPath, body: ReasonIn) -> Any:
    """Gives it whatever the progress; a tier as `<slug>_<level>`."""
    players.get(player)
    given = unlocks.grant(player, slug, body.reason, by=_caller(request))
    return {"unlocked": [unlock.achievement for unlock in given]}


@router.post(
    "/players/{player}/achievements/{slug}/revoke",
    auth=WRITE,
    response={200: RevokedOut, **WRITE_ERRORS},
    summary="Take an achievement back",
)
def post_revoke(request: HttpRequest, player: PlayerInPath, slug: SlugInPath, body: ReasonIn) -> Any:
    """Takes it back, with points, rarity, and what followed from it."""
    players.get(player)
    return {"revoked": unlocks.revoke(player, slug, body.reason, by=_caller(request))}


def _caller(request: HttpRequest) -> str:
    """How the audit log calls the program that asks."""
    return f"key {request.auth.name}"  # type: ignore[attr-defined]
