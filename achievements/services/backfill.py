"""After an edit: gives achievements to those who now qualify."""

from collections.abc import Callable, Iterator

from achievements.services import applying, catalog
from achievements.services.applying import Chunk, Order
from gamify_site import clock
from gamify_site.store import keys, shards
from gamify_site.store.connection import client, guarded

STEP = 100  # players of one step; each achievement of a player is an order
MOST_ORDERS_A_CALL = 200

Progress = Callable[[int, int], None]


def recompute(slug: str | None = None, progress: Progress | None = None) -> int:
    """Unlocks what players have already reached, of one published achievement or of all; gives how many unlocks.

    Nobody loses anything, running it again does no harm, and each player gets one summary as news. Walks all players
    in steps of some 100, each a few short scripts; `progress(done, total)` is called after each. Raises
    `UnknownAchievement`, `StoreUnavailable`.
    """
    chosen = [catalog.get(slug)] if slug else catalog.all()
    slugs = [item.slug for item in chosen if item.status == "published"]
    total = _count_players()
    done = unlocked = 0
    for shard, players in _players():
        orders = [Order(player, "check", name, 0, clock.now()) for player in players for name in slugs]
        for start in range(0, len(orders), MOST_ORDERS_A_CALL):
            part = orders[start : start + MOST_ORDERS_A_CALL]
            (result,) = applying.apply([Chunk(shard, orders=part, achievements=frozenset(slugs), is_quiet=True)])
            unlocked += len(result.unlocked)
        done += len(players)
        if progress:
            progress(min(done, total), total)
    return unlocked


def _count_players() -> int:
    with guarded():
        return sum(client().zcard(keys.players(shard)) for shard in shards.everyone())


def _players() -> Iterator[tuple[int, list[str]]]:
    for shard in shards.everyone():
        cursor = None
        while cursor != 0:
            with guarded():
                cursor, found = client().zscan(keys.players(shard), cursor or 0, count=STEP)
            players = [player.decode() for player, _ in found]
            for start in range(0, len(players), STEP):
                yield shard, players[start : start + STEP]
