"""Whether every player can be found by id and name, and nobody else; and making it so again."""

from collections.abc import Iterator, Sequence

from gamify_site.integrity import Breach
from gamify_site.players import names
from gamify_site.players.walk import walk
from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import ask

STEP = 500  # members of the index that one script call looks at


def check(*, repair: bool = False) -> Iterator[Breach]:
    """Checks the index of names, while the site is in use; with `repair` it is made right.

    Raises `StoreUnavailable`. Four round trips for each 100 players, one for each 500 members of the index.
    """
    for players, place in walk():
        for player in _not_found(place.shard, players, repair=repair):
            yield Breach("name index", player, "is not found by id and name")
    for shard in shards.everyone():
        for player in _wrongly_found(shard, repair=repair):
            yield Breach("name index", player, "is found by what is not the id or name")


def _not_found(shard: int, players: Sequence[str], *, repair: bool) -> list[str]:
    held = ask([("hget", keys.player(shard, player), "name") for player in players])
    named = [(player, (name or b"").decode()) for player, name in zip(players, held, strict=True)]
    arguments = [int(repair), *(part for player, name in named for part in (player, name, names.fold(name)))]
    (wrong,) = catalog.run("players/index_players", [(shard, arguments)], lambda it: it, repeatable=True)
    return [player.decode() for player in wrong]


def _wrongly_found(shard: int, *, repair: bool) -> Iterator[str]:
    behind = b""
    while True:
        arguments = [int(repair), behind, STEP]
        (reply,) = catalog.run("players/strip_index", [(shard, arguments)], lambda it: it, repeatable=True)
        behind, wrong = reply
        yield from (player.decode() for player in wrong)
        if not behind:
            return
