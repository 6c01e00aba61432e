"""What an edit would change for those who play, found out before it is saved."""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from achievements.definitions import Achievement
from achievements.services import backfill, catalog, compiled
from gamify_site import clock
from gamify_site.players.walk import count, walk
from gamify_site.store import catalog as stored

PATIENCE = 1.5  # seconds; what has been looked at by then stands for the rest
MOST_CHECKS_A_CALL = 400


@dataclass(frozen=True, slots=True)
class Impact:
    """How many of the players that were looked at, out of `players`, an edit would touch.

    `gain`: would unlock it now; `follow`: metas that this would unlock; `short`: have it without reaching it by the new
    rule, and `newly_short` those of them who reach it by the rule as it is; `repriced`: have it with other points,
    which makes a difference of `points` in all.
    """

    players: int
    looked_at: int = 0
    gain: int = 0
    follow: int = 0
    short: int = 0
    newly_short: int = 0
    repriced: int = 0
    points: int = 0

    @property
    def is_exact(self) -> bool:
        """Whether everybody was looked at."""
        return self.looked_at >= self.players

    @property
    def touches_nobody(self) -> bool:
        """Whether nothing would change for anybody."""
        return not (self.gain or self.follow or self.newly_short or self.repriced)


def of(candidate: Achievement, *, patience: float = PATIENCE) -> Impact:
    """The impact of an edit, which must be one that `catalog.define` would take. Nothing is changed.

    Raises `StoreUnavailable`. A few round trips for each 100 players; it stops after `patience` seconds.
    """
    found, until = [0] * 6, time.monotonic() + patience
    looked_at, players = 0, count()
    now = {item.slug: item for item in catalog.all()}.get(candidate.slug)
    targets = {release.slug: release.target for release in now.releases()} if now else {}
    with stored.supposing(catalog.KIND, candidate.slug, candidate.to_fields()):
        slugs = backfill.affected(candidate.slug)
        size = max(1, MOST_CHECKS_A_CALL // len(slugs))
        for ids, place in walk():
            work = [(place.shard, ids[start : start + size]) for start in range(0, len(ids), size)]
            for reply in stored.run(
                "achievements/weigh_edit",
                work,
                lambda some: _arguments(candidate.slug, targets, some),
                repeatable=True,
                prepare=_prepare,
            ):
                found = [before + more for before, more in zip(found, reply, strict=True)]
            looked_at += len(ids)
            if time.monotonic() > until:
                break
    return Impact(max(players, looked_at), looked_at, *found)


def _prepare(numbers: Collection[int]) -> None:
    """Write the rules to some shards: those that hold, and not those that the edit would make."""
    with stored.actual():
        compiled.write(numbers)


def _arguments(slug: str, targets: Mapping[str, int], players: Sequence[str]) -> list[str]:
    """ARGV of the script: besides the players those parts of the rules that the edit would make others."""
    with stored.actual():
        version, known = compiled.version(), compiled.parts()
    supposed = compiled.parts()
    request = {
        "slug": slug,
        "targets": targets,
        "players": players,
        "ms": int(clock.now().timestamp() * 1000),
        "parts": {
            name: supposed.get(name, "") for name in {*known, *supposed} if supposed.get(name) != known.get(name)
        },
    }
    return [version, json.dumps(request)]
