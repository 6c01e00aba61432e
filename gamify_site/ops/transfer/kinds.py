"""What lines there are, in the order in which they stand in a file. Each line is an object with the kind's name alone.

A kind reads its things from the data store in an order of their own, by which no two are the same; an import refuses
a line that does not come after the one before, and so finds what stands twice without remembering anything.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from gamify_site.ops.transfer import checks, definitions, history, people, players, remembered
from gamify_site.ops.transfer.inventory import Inventory
from gamify_site.ops.transfer.target import Target
from gamify_site.store import keys


class Kind(NamedTuple):
    """`read` gives the things as plain JSON values, `make` checks one and gathers the commands that make it again."""

    name: str
    read: Callable[[Inventory], Iterator[dict[str, Any]]]
    make: Callable[[Any, Target], None]
    place: Callable[[dict[str, Any]], Any]


def _id(thing: dict[str, Any]) -> tuple[int, int]:
    return checks.stream_id("id", thing["id"])


RANK_EVENT = ("board", "rank")

KINDS = (
    Kind("board", definitions.read_boards, definitions.make_board, lambda it: it["slug"]),
    Kind("achievement", definitions.read_achievements, definitions.make_achievement, lambda it: it["slug"]),
    Kind("clock", people.read_clock, people.make_clock, lambda _: 0),
    Kind("api_key", people.read_api_keys, people.make_api_key, lambda it: it["digest"]),
    Kind("account", people.read_accounts, people.make_account, lambda it: it["username"].lower()),
    Kind("audit", history.read_audit, history.make_audit, _id),
    Kind("daily", history.read_daily, history.make_daily, lambda it: it["date"]),
    Kind("visitors", history.read_visitors, history.make_visitors, lambda it: it["date"]),
    Kind("active_day", history.read_active_days, history.make_active_day, lambda it: it["date"]),
    Kind("active", history.read_active, history.make_active, lambda it: (it["date"], it["shard"])),
    # Before the players: an event that comes in between is in the file as a whole, its id perhaps not. The other way
    # round its id would be known, and the event lost although it is sent again.
    Kind("event_ids", remembered.read_event_ids, remembered.make_event_ids, remembered.place_of_event_ids),
    Kind("player", players.read_players, players.make_player, lambda it: it["id"]),
    Kind(
        "closed_period",
        history.read_closed_periods,
        history.make_closed_period,
        lambda it: (it["board"], it["suffix"]),
    ),
    Kind(
        "activity",
        history.read_news(keys.activity),
        history.make_news(keys.activity, ("achievement",)),
        history.place_of_news,
    ),
    Kind(
        "rank_event",
        history.read_news(keys.rank_events),
        history.make_news(keys.rank_events, RANK_EVENT),
        history.place_of_news,
    ),
    Kind("batch", remembered.read_batches, remembered.make_batch, lambda it: (it["shard"], it["name"])),
)
BY_NAME = {kind.name: (place, kind) for place, kind in enumerate(KINDS)}
