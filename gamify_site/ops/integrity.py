"""Keys that no rule of a player or a board accounts for; what only a walk over all keys can find."""

import re
from collections.abc import Iterator

from gamify_site.integrity import Breach
from gamify_site.store import keys, scan, shards
from gamify_site.store.connection import ask, ask_what_is_allowed, servers
from leaderboards.services import boards

BOARD = re.compile(r"\{[^}]*:(\d+)\}:(?:board|times|levels|segments):([^:]+):([^:]+)")


def check() -> Iterator[Breach]:
    """Yield evicted keys, and keys of players and boards that nobody knows or that are on a shard of somebody else.

    Raises `StoreUnavailable`. One round trip for each server, three for each 500 keys in the whole data store.
    """
    yield from _check_evictions()
    for names in scan.own_keys():
        yield from _check_players(sorted({place for name in names if (place := keys.player_of(name))}))
        yield from _check_boards([match for name in names if (match := BOARD.match(name))])


def _check_evictions() -> Iterator[Breach]:
    """Yield each server that has evicted keys since its start: what is left may agree, but something is gone."""
    for number, server in enumerate(servers(), 1):
        (stats,) = ask_what_is_allowed([("info", "stats")], server)
        if evicted := int((stats or {}).get("evicted_keys", 0)):
            detail = f"{evicted:,} keys dropped to make room; set maxmemory-policy to noeviction and restore a backup"
            yield Breach("evicted keys", f"server {number}", detail)


def _check_players(owners: list[tuple[int, str]]) -> Iterator[Breach]:
    seen = ask([("zscore", keys.players(shard), player) for shard, player in owners])
    for (shard, player), last_seen in zip(owners, seen, strict=True):
        if last_seen is None:
            yield Breach("unknown player", player, f"has keys on shard {shard} and is no player there")
        elif shards.of(player) != shard:
            yield Breach("shard", player, f"has keys on shard {shard}, belongs on {shards.of(player)}")


def _check_boards(found: list[re.Match[str]]) -> Iterator[Breach]:
    known = {board.slug for board in boards.all()}
    for match in (match for match in found if match[2] not in known):
        yield Breach("unknown board", match[2], f"has the key {match.string}")
    sets = sorted({(int(match[1]), match[2], match[3]) for match in found if match[2] in known})
    registered = ask([("zscore", keys.board_windows(shard, slug), suffix) for shard, slug, suffix in sets])
    for (shard, slug, suffix), until in zip(sets, registered, strict=True):
        if until is None:
            yield Breach("unregistered set", slug, f"{suffix} on shard {shard} is not among the board's periods")
