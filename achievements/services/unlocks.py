"""What players have unlocked, and what staff give and take."""

from datetime import UTC, datetime

from django.core.exceptions import ValidationError

from achievements.definitions import Unlock
from achievements.services import applying, catalog, states
from gamify_site import clock
from gamify_site.identifiers import check_player_id
from gamify_site.store import keys, shards
from gamify_site.store.connection import client, guarded

LONGEST_REASON = 500
MOST_AUDIT_ENTRIES = 100_000


def for_player(player: str) -> list[Unlock]:
    """What a player has unlocked, latest first. Raises `ValidationError`. One round trip."""
    state = states.read(player)
    points = {release.slug: release.points for item in catalog.all() for release in item.releases()}
    found = [Unlock(player, slug, points.get(slug, 0), at) for slug, at in state.unlocked.items()]
    return sorted(found, key=lambda unlock: (unlock.at, unlock.achievement), reverse=True)


def recent(limit: int = 20, release: str | None = None) -> list[Unlock]:
    """The latest unlocks on the site, or of one release, out of the last 1000 of each shard. One round trip."""
    with guarded():
        pipeline = client().pipeline(transaction=False)
        for shard in shards.everyone():
            pipeline.xrevrange(keys.activity(shard), count=limit if release is None else None)
        entries = [fields for found in pipeline.execute() for _, fields in found]
    points = {item.slug: item.points for achievement in catalog.all() for item in achievement.releases()}
    unlocks = [
        Unlock(
            fields[b"player"].decode(),
            slug,
            points.get(slug, 0),
            datetime.fromtimestamp(int(fields[b"at"]) / 1000, UTC),
        )
        for fields in entries
        if (slug := fields[b"achievement"].decode()) == (release or slug)
    ]
    return sorted(unlocks, key=lambda unlock: unlock.at, reverse=True)[:limit]


def grant(player: str, slug: str, reason: str, *, by: str) -> list[Unlock]:
    """Gives an achievement (or a tier) whatever the progress; what follows from it is unlocked too. Audited.

    Gives what was unlocked; nothing where the player has it. Raises `UnknownAchievement`, `ValidationError`.
    Two round trips.
    """
    achievement = catalog.find(slug)
    if achievement.status != "published":
        raise ValidationError({"achievement": f"{slug} is not published; nobody new unlocks it."})
    return _change(player, slug, "grant", reason, by).unlocked


def revoke(player: str, slug: str, reason: str, *, by: str) -> bool:
    """Takes an achievement (or a tier) back, with points, rarity, and the metas that then have too little. Audited.

    Later events may earn it again. False where the player does not have it. Errors and cost as `grant`.
    """
    catalog.find(slug)
    return not _change(player, slug, "revoke", reason, by).refused


def _change(player: str, slug: str, what: str, reason: str, by: str) -> applying.Result:
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise ValidationError({"reason": f"Give a reason of 1 to {LONGEST_REASON} characters."})
    achievement = catalog.find(slug)
    now = clock.now()
    releases = [release.slug for release in achievement.releases()]
    orders = [
        applying.Order(check_player_id(player), what, release, 0, now)
        for release in (releases if slug == achievement.slug else [slug])
    ]
    chunk = applying.Chunk(shards.of(player), orders=orders, achievements=frozenset([achievement.slug]))
    with guarded():
        entry = {"what": what, "player": player, "achievement": slug, "reason": reason, "by": by}
        client().xadd(keys.audit(), entry | {"at": int(now.timestamp() * 1000)}, maxlen=MOST_AUDIT_ENTRIES)
    (result,) = applying.apply([chunk])
    return result
