"""A walk over all players in small steps, which can be left and taken up again, and which misses nobody.

Players are walked by the time they were last seen. Somebody who is seen meanwhile moves ahead and comes again later;
nobody ever moves behind the walker.
"""

from collections.abc import Iterator
from typing import NamedTuple

from gamify_site.store import keys, shards
from gamify_site.store.connection import ask

STEP = 100


class Place(NamedTuple):
    """Where a walk is: behind this player, who was last seen then (s). The beginning of a shard has no player."""

    shard: int
    seen: float = 0
    player: str = ""


START = Place(0)


def count() -> int:
    """How many players there are. One round trip."""
    return sum(ask([("zcard", keys.players(shard)) for shard in shards.everyone()]))


def walk(place: Place = START) -> Iterator[tuple[list[str], Place]]:
    """Players of one shard, some 100 at a time, each with the place behind them.

    Raises `StoreUnavailable`. Two round trips a step.
    """
    while place.shard < shards.count():
        found = after(place)
        if found:
            place = Place(place.shard, found[-1][1], found[-1][0])
            yield [player for player, _ in found], place
        else:
            place = Place(place.shard + 1)


def after(place: Place) -> list[tuple[str, float]]:
    """The next some 100 players of the shard behind a place, and when each was last seen (s); none at the end.

    Raises `StoreUnavailable`. Two round trips.
    """
    key = keys.players(place.shard)
    first = 0
    if place.player or place.seen:
        seen, rank, earlier = ask(
            [("zscore", key, place.player), ("zrank", key, place.player), ("zcount", key, "-inf", f"({place.seen!r}")]
        )
        # Where the player has moved on or is gone, whoever was seen in the same second comes again and is passed over.
        first = rank + 1 if seen == place.seen else earlier
    while True:
        (found,) = ask([("zrange", key, first, first + STEP - 1, False, True)])
        new = [
            (player.decode(), seen) for player, seen in found if (seen, player.decode()) > (place.seen, place.player)
        ]
        if new or len(found) < STEP:
            return new
        first += STEP
