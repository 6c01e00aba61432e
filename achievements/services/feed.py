"""A player's own news: unlocks, and ways into the top of a board. The last 50 are kept."""

from collections.abc import Mapping
from typing import NamedTuple

from gamify_site.store import keys, shards
from gamify_site.store.connection import ask

START = "0-0"


class News(NamedTuple):
    """One entry. `kind` is `unlock`, `rank` or `backfill`; `fields` are those that the scripts wrote.

    The id, `<ms>-<number>`, grows from entry to entry.
    """

    id: str
    kind: str
    fields: Mapping[str, str]


def order(news_id: str) -> tuple[int, int]:
    """What ids are compared by. Raises `ValueError` for what is no id."""
    milliseconds, _separator, number = news_id.partition("-")
    return int(milliseconds), int(number)


def last_id(player: str) -> str:
    """The id of the latest entry, `0-0` where there is none. Raises `StoreUnavailable`. One round trip."""
    (found,) = ask([("xrevrange", keys.feed(shards.of(player), player), "+", "-", 1)])
    return found[0][0].decode() if found else START


def since(wanted: Mapping[str, str]) -> dict[str, list[News]]:
    """For each player the entries behind an id, oldest first. Raises `StoreUnavailable`. One round trip for all."""
    if not wanted:
        return {}
    found = ask([("xrange", keys.feed(shards.of(player), player), f"({news_id}") for player, news_id in wanted.items()])
    return {player: [_news(*entry) for entry in entries] for player, entries in zip(wanted, found, strict=True)}


def _news(news_id: bytes, raw: Mapping[bytes, bytes]) -> News:
    fields = {name.decode(): value.decode() for name, value in raw.items()}
    return News(news_id.decode(), fields.pop("type"), fields)
