"""A player's own news: unlocks, and ways into the top of a board. The last 50 are kept."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gamify_site.store import catalog, keys, shards
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
    """For each player the entries behind an id, oldest first, and from then on the definitions that they are of.

    Raises `StoreUnavailable`. One round trip for all.
    """
    work = [(shards.of(player), (player, news_id)) for player, news_id in wanted.items()]
    found = catalog.run("achievements/read_feed", work, list, repeatable=True)
    return {player: [_news(*entry) for entry in entries] for player, entries in zip(wanted, found, strict=True)}


def _news(news_id: bytes, flat: Sequence[bytes]) -> News:
    texts = [part.decode() for part in flat]
    fields = dict(zip(texts[::2], texts[1::2], strict=True))
    return News(news_id.decode(), fields.pop("type"), fields)
