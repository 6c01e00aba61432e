"""How rare achievements are."""

from achievements.services import catalog, states


def rarity(slug: str) -> tuple[int, int]:
    """How many players have an achievement (for tiers, the last one) or a release, and how many players there are.

    Raises `UnknownAchievement`. One round trip.
    """
    releases = [release.slug for release in catalog.find(slug).releases()]
    holders, players = states.counts()
    return holders.get(slug if slug in releases else releases[-1], 0), players
