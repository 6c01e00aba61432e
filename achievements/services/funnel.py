"""How far players come with an achievement, from everybody where they are few, else from a random sample."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from achievements.definitions import Achievement
from achievements.services import catalog
from gamify_site.store import keys, shards
from gamify_site.store.connection import ask

MOST_SAMPLED = 1000
MOST_ASKED_WHAT_THEY_STARTED = 200

Part = Literal["players", "started", "quarter", "half", "three_quarters", "unlocked"]
QUARTERS: tuple[tuple[Part, int], ...] = (("quarter", 1), ("half", 2), ("three_quarters", 3))


@dataclass(frozen=True, slots=True)
class Sample:
    """Some players, each with the shard, out of `players`; everybody where `is_exact`."""

    places: list[tuple[int, str]]
    players: int

    @property
    def is_exact(self) -> bool:
        """Whether it is no sample but everybody."""
        return len(self.places) >= self.players


@dataclass(frozen=True, slots=True)
class Step:
    """How many players came so far: to a progress of `needed`; `name` is that of the achievement or tier unlocked."""

    part: Part
    needed: int
    players: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Funnel:
    """The way of all players to an achievement; what is unlocked is exact, the steps before where `is_exact`."""

    achievement: Achievement
    steps: list[Step]
    players: int
    looked_at: int
    is_exact: bool


class _Reached(NamedTuple):
    progress: int
    has_it: bool  # the first tier, where there are some


def sample(most: int = MOST_SAMPLED) -> Sample:
    """At most so many players, drawn at random from each shard in proportion; everybody where there are no more.

    Raises `StoreUnavailable`. Two round trips; O(most + shards).
    """
    sizes = ask([("zcard", keys.players(shard)) for shard in shards.everyone()])
    players = sum(sizes)
    wanted = sizes if players <= most else _in_proportion(sizes, most)
    drawn = [(shard, number) for shard, number in enumerate(wanted) if number]
    answers = ask([("zrandmember", keys.players(shard), number) for shard, number in drawn]) if drawn else []
    return Sample(
        [(shard, it.decode()) for (shard, _), found in zip(drawn, answers, strict=True) for it in found], players
    )


def _in_proportion(sizes: Sequence[int], most: int) -> list[int]:
    """How many to draw of each so that it is `most` in all: what is cut off here is made up for further on."""
    shares, seen, given = [], 0, 0
    for size in sizes:
        seen += size
        shares.append(most * seen // sum(sizes) - given)
        given += shares[-1]
    return shares


def most_started(among: Sample) -> Achievement | None:
    """The published achievement that most of some players have begun; the first one where nobody has begun any.

    None where nothing is published. Raises `StoreUnavailable`. One round trip; O(200 × achievements).
    """
    published = [item for item in catalog.all() if item.status == "published"]
    if not published:
        return None
    places = among.places
    if len(places) > MOST_ASKED_WHAT_THEY_STARTED:
        places = random.sample(places, MOST_ASKED_WHAT_THEY_STARTED)
    answers = ask([("hkeys", keys.progress(*place)) for place in places]) if places else []
    started = Counter(slug.decode() for found in answers for slug in found)
    return max(published, key=lambda item: started[item.slug])


def of(achievement: Achievement, among: Sample, holders: Mapping[str, int]) -> Funnel:
    """How far all players came with an achievement; `holders` is release → how many have it, from `states.counts`.

    Whoever has it counts as having come all the way, also where staff gave it. Raises `StoreUnavailable`. One round
    trip; O(players looked at), and for a meta achievement × what they have unlocked.
    """
    reached = _read(achievement, among.places)
    releases = achievement.releases()

    def players_at(needed: int) -> int:
        count = sum(it.progress >= needed or it.has_it for it in reached)
        return round(count * among.players / len(reached)) if reached else 0

    last = [Step("unlocked", it.target, holders.get(it.slug, 0), it.name) for it in releases]
    steps = _narrowing(_parts(achievement), players_at, last[0].players, among.players)
    everybody = Step("players", 0, among.players)
    return Funnel(achievement, [everybody, *steps, *last], among.players, len(reached), among.is_exact)


def _parts(achievement: Achievement) -> list[tuple[Part, int]]:
    """The steps between nothing and the (first) unlock; those that would be the same as another one are left out."""
    target = achievement.releases()[0].target
    parts: list[tuple[Part, int]] = [("started", 1)] if target > 1 else []
    for part, quarters in () if achievement.tiers else QUARTERS:
        needed = -(-target * quarters // 4)
        if (parts[-1][1] if parts else target) < needed < target:
            parts.append((part, needed))
    return parts


def _narrowing(
    parts: Sequence[tuple[Part, int]], players_at: Callable[[int], int], least: int, most: int
) -> list[Step]:
    """The steps, each with no fewer players than the one after it, which a sample alone would not make sure."""
    steps: list[Step] = []
    for part, needed in reversed(parts):
        least = min(most, max(least, players_at(needed)))
        steps.append(Step(part, needed, least))
    return steps[::-1]


def _read(achievement: Achievement, places: Sequence[tuple[int, str]]) -> list[_Reached]:
    if not places:
        return []
    first = achievement.releases()[0].slug
    if achievement.type == "meta":
        return [_of_meta(achievement, first, found) for found in ask([("hkeys", keys.unlocked(*it)) for it in places])]
    answers = ask(
        [
            *(("hget", keys.progress(*place), achievement.slug) for place in places),
            *(("hexists", keys.unlocked(*place), first) for place in places),
        ]
    )
    both = zip(answers[: len(places)], answers[len(places) :], strict=True)
    return [_Reached(int(progress or 0), bool(has_it)) for progress, has_it in both]


def _of_meta(achievement: Achievement, release: str, unlocked: Sequence[bytes]) -> _Reached:
    """What a meta achievement has counted is not stored: it follows from what the player has."""
    categories = catalog.categories()
    found = [slug.decode() for slug in unlocked]
    counted = [slug for slug in found if slug in categories and achievement.counts in (None, categories[slug])]
    return _Reached(len(counted), release in found)
