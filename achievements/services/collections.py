"""Collections: what a player has, and what is missing, by name."""

from achievements.definitions import CollectionStatus
from achievements.errors import UnknownAchievement
from achievements.services import catalog
from gamify_site.identifiers import check_player_id
from gamify_site.store import keys, shards
from gamify_site.store.connection import client, guarded


def status(player: str, slug: str) -> CollectionStatus:
    """What of a collection a player has. Raises `UnknownAchievement`, `ValidationError`. One round trip."""
    achievement = catalog.get(slug)
    if achievement.type != "collection":
        raise UnknownAchievement(slug)
    with guarded():
        bitmap = client().get(keys.collection(shards.of(check_player_id(player)), player, slug)) or b""
    has = [index < 8 * len(bitmap) and bitmap[index // 8] >> (7 - index % 8) & 1 for index in range(achievement.target)]
    collected = tuple(item for item, it in zip(achievement.items, has, strict=True) if it)
    missing = tuple(item for item, it in zip(achievement.items, has, strict=True) if not it)
    return CollectionStatus(collected, achievement.target, missing, not missing)
