"""Published achievements over HTTP, with their rarity."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from achievements.definitions import Achievement
from achievements.errors import UnknownAchievement
from achievements.services import catalog, states
from gamify_site.api.fields import SlugInPath
from gamify_site.api.guard import READ
from leaderboards.api import READ_ERRORS

router = Router(tags=["Achievements"])


class TierOut(Schema):
    """One step of a tiered achievement."""

    level: str
    name: str
    target: int
    points: int
    holders: int


class AchievementOut(Schema):
    """A definition; `holders` of `players` have it, for tiers the last one."""

    slug: str
    name: str
    description: str
    type: str
    action: str | None
    target: int
    points: int
    category: str
    measure: str
    icon: str
    hidden: bool
    prerequisites: list[str]
    items: list[str]
    tiers: list[TierOut]
    freezes: int
    counts: str | None
    metadata: dict[str, Any]
    holders: int
    players: int


def _out(item: Achievement, counts: tuple[states.Counts, int]) -> dict[str, Any]:
    holders, players = counts
    plain = {name: getattr(item, name) for name in AchievementOut.model_fields if hasattr(item, name)}
    tiers = [
        {
            "level": tier.level,
            "name": tier.name,
            "target": tier.target,
            "points": tier.points,
            "holders": holders.get(release.slug, 0),
        }
        for tier, release in zip(item.tiers, item.releases(), strict=False)
    ]
    return plain | {"tiers": tiers, "holders": holders.get(item.releases()[-1].slug, 0), "players": players}


@router.get("/achievements", auth=READ, response={200: list[AchievementOut], **READ_ERRORS}, summary="All achievements")
def list_achievements(request: HttpRequest) -> Any:
    """What is published, hidden ones too: this is for programs, not for players."""
    counts = states.counts()
    return [_out(item, counts) for item in catalog.all() if item.status == "published"]


@router.get("/achievements/{slug}", auth=READ, response={200: AchievementOut, **READ_ERRORS}, summary="An achievement")
def get_achievement(request: HttpRequest, slug: SlugInPath) -> Any:
    """One of them."""
    counts = states.counts()
    item = catalog.get(slug)
    if item.status != "published":
        raise UnknownAchievement(slug)
    return _out(item, counts)
