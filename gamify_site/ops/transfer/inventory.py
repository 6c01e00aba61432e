"""What there is to export: names that no key lists, found by one walk over all keys; which periods are closed; and the
ids of all players.
"""

import re
from dataclasses import dataclass, field

from django.conf import settings

from gamify_site.store import keys, scan, shards
from gamify_site.store.connection import ask
from leaderboards.services import boards

STEP = 5000  # players


@dataclass(slots=True)
class Inventory:
    """Sorted names: accounts (lower case), days with counts, days with visitors, days with active players
    (date, shard), batches (shard, name), closed periods (board, suffix), players."""

    accounts: list[str] = field(default_factory=list)
    daily: list[str] = field(default_factory=list)
    visitors: list[str] = field(default_factory=list)
    active: list[tuple[str, int]] = field(default_factory=list)
    batches: list[tuple[int, str]] = field(default_factory=list)
    closed_periods: list[tuple[str, str]] = field(default_factory=list)
    players: list[str] = field(default_factory=list)


def take() -> Inventory:
    """All of it; about 100 bytes of memory for each player, account and closed period.

    Raises `StoreUnavailable`. Two round trips for each 500 keys in the whole data store, one for each 5,000 players.
    """
    # First of all: of a period that is closed later, players who are read before have no final rank. It comes out open,
    # and is closed again after the import.
    found = Inventory(closed_periods=_closed_periods())
    daily: set[str] = set()
    user, visitors = keys.user(""), keys.visitors("")
    of_shard = re.compile(rf"\{{{re.escape(settings.GAMIFY_PREFIX)}:(\d+)\}}:(daily|active|batch):(.+)", re.DOTALL)
    for names in scan.own_keys():
        for name in names:
            if name.startswith(user):
                found.accounts.append(name.removeprefix(user))
            elif name.startswith(visitors):
                found.visitors.append(name.removeprefix(visitors))
            elif ":player:" not in name and (match := of_shard.fullmatch(name)) and int(match[1]) < shards.count():
                if match[2] == "daily":
                    daily.add(match[3])
                elif match[2] == "active":
                    found.active.append((match[3], int(match[1])))
                else:
                    found.batches.append((int(match[1]), match[3]))
    found.daily = sorted(daily)
    found.players = sorted(_players())
    found.accounts = sorted(set(found.accounts))  # a walk may meet a key twice
    found.visitors = sorted(set(found.visitors))
    found.active = sorted(set(found.active))
    found.batches = sorted(set(found.batches))
    return found


def _closed_periods() -> list[tuple[str, str]]:
    slugs = sorted(board.slug for board in boards.all())
    closed = ask([("hkeys", keys.closed_periods(slug)) for slug in slugs]) if slugs else []
    return [(slug, it.decode()) for slug, found in zip(slugs, closed, strict=True) for it in sorted(found)]


def _players() -> set[str]:
    found: set[str] = set()
    for shard in shards.everyone():
        key, start, some = keys.players(shard), 0, [b""]
        while some:
            # From the latest seen on: whoever is seen meanwhile moves to the front, and pushes nobody past the reader.
            (some,) = ask([("zrevrange", key, start, start + STEP - 1)])
            found.update(player.decode() for player in some)
            start += STEP
    return found


def is_empty() -> bool:
    """Whether nothing of value is under the prefix: no players, definitions, accounts, API keys or audit log.

    Raises `StoreUnavailable`. Two round trips for each 500 keys in the whole data store.
    """
    tails = [keys.definitions("board"), keys.definitions("achievement"), keys.api_keys(), keys.audit(), keys.user("")]
    return not any(
        name.startswith(tuple(tails)) or name.endswith(":players") for some in scan.own_keys() for name in some
    )
