"""How far players are, and progress that a game sets directly instead of by events."""

from dataclasses import replace
from typing import Literal

from django.core.exceptions import ValidationError

from achievements.definitions import EXACT, Achievement, CatalogEntry, Progress, ProgressUpdate
from achievements.errors import UnknownAchievement
from achievements.services import applying, catalog, states
from gamify_site import clock
from gamify_site.identifiers import check_event_id, check_player_id
from gamify_site.store import catalog as definitions
from gamify_site.store import shards

DIRECT = ("counter", "milestone", "tiered")


def get(player: str, slug: str) -> Progress:
    """The progress on an achievement, for tiers towards the last one, or on one release such as `slayer_gold`.

    Raises `UnknownAchievement`, `ValidationError`. One round trip; O(the player's achievements).
    """
    state = states.read(player)  # also brings this process's definitions up to date
    found = {item.achievement: item for item in state.of(catalog.find(slug))}
    return found.get(slug) or list(found.values())[-1]


def all(player: str) -> list[CatalogEntry]:  # noqa: A001
    """The whole catalog as a player sees it, in its order: what is published, and what is archived and held.

    Within a category those that the player must not know come last: a place among others would tell of the name.

    Raises `ValidationError`. One round trip; O(achievements).
    """
    return entries(states.read(player))


def entries(state: states.State) -> list[CatalogEntry]:
    """The same out of what has been read. No round trip."""
    found = [
        entry(item, state)
        for item in catalog.all()
        if item.status == "published" or (item.status == "archived" and _is_held(item, state))
    ]
    return sorted(found, key=lambda it: (it.category, it.status == "hidden"))


def visible(slug: str, state: states.State) -> CatalogEntry:
    """One achievement as a player may see it; `UnknownAchievement` where there is nothing to be seen."""
    item = catalog.get(slug)
    found = entry(item, state)
    if item.status == "draft" or found.status == "hidden" or (item.status == "archived" and not _is_held(item, state)):
        raise UnknownAchievement(slug)
    return found


def _is_held(item: Achievement, state: states.State) -> bool:
    return any(release.slug in state.unlocked for release in item.releases())


def entry(item: Achievement, state: states.State) -> CatalogEntry:
    """One achievement as a player sees it; of a hidden one nothing but that it is there."""
    if item.hidden and not _is_held(item, state):
        return CatalogEntry(None, item.category, "hidden", (), 0, state.players)
    secret = [slug for slug in item.prerequisites if slug not in state.unlocked and catalog.find(slug).hidden]
    if secret:
        item = replace(item, prerequisites=tuple(slug for slug in item.prerequisites if slug not in secret))
    found = state.of(item)
    last = found[-1]
    status: Literal["locked", "unlocked"] = "unlocked" if last.unlocked else "locked"
    return CatalogEntry(item, item.category, status, found, state.holders.get(last.achievement, 0), state.players)


def next_up(player: str, limit: int = 3) -> list[Progress]:
    """What is closest to being unlocked: by percent, then by what is left; hidden ones left out. One round trip."""
    return next_in(states.read(player), limit)


def next_in(state: states.State, limit: int = 3) -> list[Progress]:
    """The same out of what has been read. No round trip."""
    open_ones = [
        progress
        for item in catalog.all()
        if item.status == "published" and not item.hidden
        for progress in [next((it for it in state.of(item) if not it.unlocked), None)]
        if progress is not None
    ]
    return sorted(open_ones, key=lambda it: (-it.percent, it.target - it.progress, it.achievement))[:limit]


def tiers(player: str, slug: str) -> tuple[Progress, ...]:
    """The ladder of a tiered achievement, lowest tier first; the first one not unlocked is the next. One round trip."""
    return states.read(player).of(catalog.get(slug))


def increment(player: str, slug: str, amount: int = 1) -> Progress:
    """Add to the progress of a counter, milestone or tiered achievement, and unlock what it reaches. As `change`."""
    return change(player, slug, "add", amount).progress


def set(player: str, slug: str, value: int) -> Progress:  # noqa: A001
    """Raise the progress to a value; progress never falls, so a smaller one changes nothing. As `change`."""
    return change(player, slug, "set", value).progress


@definitions.as_of_now()
def change(
    player: str,
    slug: str,
    what: Literal["add", "set"],
    value: int,
    *,
    id: str | None = None,  # noqa: A002
) -> ProgressUpdate:
    """Add to the progress of a counter, milestone or tiered achievement, or raise it, and unlock what it reaches.

    With an `id` the change counts once for the player and the achievement; a repeat returns the current progress as a
    `duplicate`. Raises `UnknownAchievement`, `ValidationError`. Three round trips.
    """
    achievement = catalog.get(slug)
    _check_direct(achievement)
    least = 1 if what == "add" else 0
    if type(value) is not int or not least <= value <= EXACT:
        raise ValidationError({"amount": f"Enter a whole number from {least} to {EXACT}."})
    if id is not None:
        check_event_id(id)
    order = applying.Order(check_player_id(player), what, slug, "", value, clock.now(), id or "")
    chunk = applying.Chunk(shards.of(player), orders=[order])
    (result,) = applying.apply([chunk])
    if result.refused:
        raise ValidationError({"amount": "The result would leave the range of exact numbers; nothing was changed."})
    return ProgressUpdate(get(player, slug), result.unlocked, duplicate=bool(result.duplicates))


def _check_direct(achievement: Achievement) -> None:
    if achievement.type not in DIRECT:
        raise ValidationError({"achievement": f"A {achievement.type} follows from what happens; it cannot be set."})
    if achievement.status != "published":
        raise ValidationError({"achievement": f"{achievement.slug} is not published."})
