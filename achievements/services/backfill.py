"""After an edit: gives achievements to those who now qualify, and today's points to those who have them."""

from collections.abc import Callable

from achievements.services import applying, catalog
from achievements.services.applying import Chunk
from gamify_site.players.walk import START, Place, count, walk
from gamify_site.store import catalog as stored
from gamify_site.store import keys
from gamify_site.store.connection import client, guarded

EVERYTHING = "*"
MOST_CHECKS_A_CALL = 400  # players x achievements of one script call, which then stays below 5 ms of server time
KEPT_FOR = 7 * 86400  # seconds

Progress = Callable[[int, int], None]


def recompute(slug: str | None = None, progress: Progress | None = None, *, strict: bool = False) -> int:
    """Unlocks what players have already reached, of one achievement and the metas, or of all; gives how many unlocks.

    Nobody loses anything, what staff took away stays away, running it again does no harm, and each player gets one
    summary as news. With `strict` those lose the achievement who have it and do not reach it by today's rule. Holders
    get the points of the present definition. Walks all players in short scripts; `progress(done, total)` is called
    after each step. One that was stopped goes on where it was, unless a definition has changed since. Raises
    `UnknownAchievement`, `StoreUnavailable`.
    """
    slugs = affected(slug)
    name, total = (slug or EVERYTHING) + (":strict" if strict else ""), count()
    place, done, unlocked = _left_off(name)
    size = max(1, MOST_CHECKS_A_CALL // len(slugs)) if slugs else total
    for players, reached in walk(place):
        for start in range(0, len(players), size):
            some = players[start : start + size]
            chunk = Chunk(reached.shard, backfill=some, achievements=slugs, strict=slug if strict and slug else "")
            (result,) = applying.apply([chunk])
            unlocked += len(result.unlocked)
        done += len(players)
        _leave_off(name, reached, done, unlocked)
        if progress:
            progress(min(done, total), total)
    with guarded():
        client().delete(keys.backfill(name))
    return unlocked


def affected(slug: str | None) -> frozenset[str]:
    """What an edit of an achievement, or of any, has to do with: what it gives may be what a meta waits for."""
    chosen = catalog.get(slug) if slug else None
    return frozenset(
        item.slug
        for item in catalog.all()
        if item.status != "draft" and (chosen in (None, item) or item.type == "meta")
    )


def _left_off(name: str) -> tuple[Place, int, int]:
    with guarded():
        held = {key.decode(): value.decode() for key, value in client().hgetall(keys.backfill(name)).items()}
    if held.get("version") != stored.snapshot().version:
        return START, 0, 0
    place = Place(int(held["shard"]), float(held["seen"]), held["player"])
    return place, int(held["done"]), int(held["unlocked"])


def _leave_off(name: str, place: Place, done: int, unlocked: int) -> None:
    with guarded():
        pipeline = client().pipeline(transaction=True)
        fields = place._asdict() | {"version": stored.snapshot().version, "done": done, "unlocked": unlocked}
        pipeline.hset(keys.backfill(name), mapping=fields)
        pipeline.expire(keys.backfill(name), KEPT_FOR)
        pipeline.execute()
