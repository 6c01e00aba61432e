"""Collections: what a player has, and what is missing, by name."""

from achievements.definitions import Achievement, CollectionStatus
from achievements.errors import UnknownAchievement
from achievements.services import catalog, states


def status(player: str, slug: str) -> CollectionStatus:
    """What of a collection a player has. Raises `UnknownAchievement`, `ValidationError`. One round trip."""
    state = states.read(player, items=[slug])  # also brings this process's definitions up to date
    achievement = catalog.get(slug)
    if achievement.type != "collection":
        raise UnknownAchievement(slug)
    return status_in(state, achievement)


def status_in(state: states.State, achievement: Achievement) -> CollectionStatus:
    """The same out of what has been read with the items of the collection. No round trip."""
    has = set(state.items[achievement.slug])
    collected = tuple(item for index, item in enumerate(achievement.items) if index in has)
    missing = tuple(item for index, item in enumerate(achievement.items) if index not in has)
    return CollectionStatus(collected, achievement.target, missing, not missing)
