"""Whether all that is derived of what players did is what it must be; and making it so again."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from achievements.services import backfill, catalog, compiled
from gamify_site import clock
from gamify_site.integrity import Breach, Progress
from gamify_site.players.walk import count, walk
from gamify_site.store import catalog as stored
from gamify_site.store import keys, shards
from gamify_site.store.connection import ask, client, guarded

MOST_CHECKS_A_CALL = 200  # players x achievements of one script call, which then stays below 5 ms of server time
RELEASES_AT_ONCE = 100  # awards whose latest holders are read in one round trip
BACKFILLED = {"due", "outdated points"}

Counts = Mapping[str, int]


def check(*, repair: bool = False, progress: Progress | None = None) -> Iterator[Breach]:
    """Checks every player, while the site is in use: points, the board of points, collections, streaks, rarity.

    With `repair` what is derived is written anew, and what is due is given by a backfill. `progress(done, total)` is
    called now and then. Raises `StoreUnavailable`. Two round trips for each 100 players, and short scripts.
    """
    slugs = frozenset(item.slug for item in catalog.all() if item.status != "draft")
    if not slugs:
        return
    found: set[str] = set()
    done, total = 0, count()
    before, holders = _rarity(), [Counter[str]() for _ in shards.everyone()]
    for players, place in walk():
        for breach in _check_players(place.shard, players, slugs, holders[place.shard], repair=repair):
            found.add(breach.rule)
            yield breach
        done += len(players)
        if progress:
            progress(min(done, total), total)
    yield from _check_rarity(before, _rarity(), holders, repair=repair)
    yield from _check_holders(repair=repair)
    if repair and found & BACKFILLED:
        backfill.recompute()


def _check_players(
    shard: int, players: Sequence[str], slugs: frozenset[str], holders: Counter[str], *, repair: bool
) -> Iterator[Breach]:
    size = max(1, MOST_CHECKS_A_CALL // len(slugs))
    now = clock.now()
    for start in range(0, len(players), size):
        request = {
            "players": players[start : start + size],
            "rules": sorted(slugs),
            "repair": int(repair),
            "seen": int(now.timestamp()),
            "ms": int(now.timestamp() * 1000),
        }
        work = [(shard, json.dumps(request))]
        (reply,) = stored.run(
            "achievements/audit_players",
            work,
            lambda text: [compiled.version(), text],
            repeatable=True,
            prepare=compiled.write,
        )
        breaches, tally = reply
        for rule, player, detail in zip(breaches[::3], breaches[1::3], breaches[2::3], strict=True):
            yield Breach(rule.decode(), player.decode(), detail.decode())
        for release, number in zip(tally[::2], tally[1::2], strict=True):
            holders[release.decode()] += number


def _rarity() -> list[Counts]:
    """How many holders are counted, for each shard."""
    found = ask([("hgetall", keys.unlocks(shard)) for shard in shards.everyone()])
    return [{slug.decode(): int(number) for slug, number in held.items()} for held in found]


def _check_rarity(
    before: list[Counts], after: list[Counts], holders: list[Counter[str]], *, repair: bool
) -> Iterator[Breach]:
    """Players unlock things during the check: only what lies outside both counts is wrong."""
    for shard in shards.everyone():
        for slug in sorted({*before[shard], *after[shard], *holders[shard]}):
            counts = sorted((before[shard].get(slug, 0), after[shard].get(slug, 0)))
            actual = holders[shard][slug]
            if not counts[0] <= actual <= counts[1]:
                yield Breach("rarity", slug, f"{counts[1]} holders are counted on shard {shard}, there are {actual}")
                if repair:
                    with guarded():
                        client().hincrby(keys.unlocks(shard), slug, actual - counts[1])


def _check_holders(*, repair: bool) -> Iterator[Breach]:
    """Check that each player listed as a latest holder has the award. Two round trips per shard and 100 awards."""
    releases = [release.slug for item in catalog.all() for release in item.releases()]
    for shard, start in product(shards.everyone(), range(0, len(releases), RELEASES_AT_ONCE)):
        chunk = releases[start : start + RELEASES_AT_ONCE]
        listed = ask([("zrange", keys.holders(shard, release), 0, -1) for release in chunk])
        pairs = [(release, name.decode()) for release, names in zip(chunk, listed, strict=True) for name in names]
        has = ask([("hexists", keys.unlocked(shard, name), release) for release, name in pairs])
        for release, name in (pair for pair, it in zip(pairs, has, strict=True) if not it):
            yield Breach("holders", name, f"is told as a holder of {release}")
            if repair:
                ask([("zrem", keys.holders(shard, release), name)])
