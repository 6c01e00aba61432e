"""What players have unlocked, and what staff give and take."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError

from achievements.definitions import Unlock
from achievements.services import applying, catalog, progress, states
from gamify_site import audit, clock
from gamify_site.identifiers import check_player_id
from gamify_site.players.services import UnknownPlayer
from gamify_site.store import catalog as stored
from gamify_site.store import shards

MOST_PINNED = 6
CALLED = {"grant": "granted", "revoke": "revoked"}


def for_player(player: str) -> list[Unlock]:
    """What a player has unlocked, latest first. Raises `ValidationError`. One round trip."""
    return sorted(states.read(player).unlocked.values(), key=latest_first)


class Recent(NamedTuple):
    """An unlock, and who that was; `name` is the player id where no name is known."""

    unlock: Unlock
    name: str
    avatar: str


def recent(limit: int = 20) -> list[Recent]:
    """The latest unlocks on the site, out of the last 1000 of each shard; at one moment hidden ones come last.

    One round trip.
    """
    work = [(shard, shard) for shard in shards.everyone()]
    replies = stored.run("achievements/read_activity", work, lambda _: [limit], repeatable=True)
    points = {release.slug: release.points for item in catalog.all() for release in item.releases()}
    found = [_recent(flat[start : start + 5], points) for flat in replies for start in range(0, len(flat), 5)]
    return sorted(found, key=lambda it: latest_first(it.unlock))[:limit]


def _recent(fields: Sequence[bytes], points: Mapping[str, int]) -> Recent:
    player, release, at, name, avatar = (field.decode() for field in fields)
    when = datetime.fromtimestamp(int(at) / 1000, UTC)
    return Recent(Unlock(player, release, points.get(release, 0), when), name or player, avatar)


def latest_first(unlock: Unlock) -> tuple[float, bool, str, str]:
    """What unlocks are sorted by, the latest first. At one moment hidden ones come last: order would tell of names."""
    return -unlock.at.timestamp(), catalog.find(unlock.achievement).hidden, unlock.achievement, unlock.player


@stored.as_of_now()
def pin(player: str, slug: str) -> None:
    """The player's profile shows this achievement first from now on, after those pinned before; at most 6.

    Raises `UnknownAchievement` also for one that the player must not know, `UnknownPlayer`; `ValidationError` at
    `achievement` where the player does not have it (nor a tier of it), and beyond 6. Three round trips.
    """
    achievement, state = catalog.get(slug), states.read(player)
    progress.visible(slug, state)
    if not any(release.slug in state.unlocked for release in achievement.releases()):
        raise ValidationError({"achievement": ValidationError("Only what is unlocked can be pinned.", code="locked")})
    pinned = [it for it in state.pinned if it != slug]
    if len(pinned) >= MOST_PINNED:
        reason = f"At most {MOST_PINNED} achievements can be pinned."
        raise ValidationError({"achievement": ValidationError(reason, code="full")})
    _pin(player, [*pinned, slug])


def unpin(player: str, slug: str) -> None:
    """The profile does not show it first any more. Raises `UnknownPlayer`, `ValidationError`. Two round trips."""
    _pin(player, [it for it in states.read(player).pinned if it != slug])


def _pin(player: str, pinned: Sequence[str]) -> None:
    work = [(shards.of(player), player)]
    (answer,) = stored.run("achievements/pin_badges", work, lambda it: [it, *pinned], repeatable=True)
    if answer == b"unknown":
        raise UnknownPlayer(player)


@stored.as_of_now()
def grant(player: str, slug: str, reason: str, *, by: str) -> list[Unlock]:
    """Gives an achievement (or a tier) whatever the progress; what follows from it is unlocked too. Audited.

    Gives what was unlocked; nothing where the player has it. Raises `UnknownAchievement`, `ValidationError`.
    Three round trips.
    """
    achievement = catalog.find(slug)
    if achievement.status != "published":
        raise ValidationError({"achievement": f"{slug} is not published; nobody new unlocks it."})
    return _change(player, slug, "grant", reason, by).unlocked


@stored.as_of_now()
def revoke(player: str, slug: str, reason: str, *, by: str) -> bool:
    """Takes an achievement (or a tier) back, with points, rarity, and the metas that then have too little. Audited.

    Later events may earn it again, a backfill does not give it back. False where the player does not have it, nor any
    of its tiers. Errors and cost as `grant`.
    """
    releases = list(catalog.find(slug).releases())
    asked = 1 if slug in {release.slug for release in releases} else len(releases)
    return len(_change(player, slug, "revoke", reason, by).refused) < asked


def _change(player: str, slug: str, what: str, reason: str, by: str) -> applying.Result:
    reason = audit.check_reason(reason)
    achievement = catalog.find(slug)
    now = clock.now()
    releases = [release.slug for release in achievement.releases()]
    orders = [
        applying.Order(check_player_id(player), what, achievement.slug, release, 0, now)
        for release in (releases if slug == achievement.slug else [slug])
    ]
    chunk = applying.Chunk(shards.of(player), orders=orders)
    (result,) = applying.apply([chunk])
    if len(result.refused) < len(orders):
        told = {"achievement": slug}
        before, after = ({}, told) if what == "grant" else (told, {})
        audit.record(audit.Entry(CALLED[what], player, by, reason, before, after))
    return result
