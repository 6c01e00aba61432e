"""What lines there are, in the order in which they stand in a file. Each line is an object with the kind's name alone.

A kind reads its things from the data store in an order of their own, by which no two are the same; an import refuses
a line that does not come after the one before, and so finds what stands twice without remembering anything.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from gamify_site.ops.transfer import checks, definitions, history, people, players, remembered
from gamify_site.ops.transfer.inventory import Inventory
from gamify_site.ops.transfer.target import Target
from gamify_site.store import keys


class Kind(NamedTuple):
    """`read` gives the things as plain JSON values, `make` checks one and gathers the commands that make it again.

    `one` and `many` are what people call them.
    """

    name: str
    one: str
    many: str
    read: Callable[[Inventory], Iterator[dict[str, Any]]]
    make: Callable[[Any, Target], None]
    place: Callable[[dict[str, Any]], Any]


def _id(thing: dict[str, Any]) -> tuple[int, int]:
    return checks.stream_id("id", thing["id"])


RANK_EVENT = ("board", "rank")

KINDS = (
    Kind("board", "board", "boards", definitions.read_boards, definitions.make_board, lambda it: it["slug"]),
    Kind(
        "achievement",
        "achievement",
        "achievements",
        definitions.read_achievements,
        definitions.make_achievement,
        lambda it: it["slug"],
    ),
    Kind("clock", "moved clock", "moved clocks", people.read_clock, people.make_clock, lambda _: 0),
    Kind("api_key", "API key", "API keys", people.read_api_keys, people.make_api_key, lambda it: it["digest"]),
    Kind(
        "account", "account", "accounts", people.read_accounts, people.make_account, lambda it: it["username"].lower()
    ),
    Kind("audit", "entry of the audit log", "entries of the audit log", history.read_audit, history.make_audit, _id),
    Kind("daily", "day of counts", "days of counts", history.read_daily, history.make_daily, lambda it: it["date"]),
    Kind(
        "visitors",
        "day of visitors",
        "days of visitors",
        history.read_visitors,
        history.make_visitors,
        lambda it: it["date"],
    ),
    Kind(
        "active_day",
        "day of active players",
        "days of active players",
        history.read_active_days,
        history.make_active_day,
        lambda it: it["date"],
    ),
    Kind(
        "active",
        "sketch of active players",
        "sketches of active players",
        history.read_active,
        history.make_active,
        lambda it: (it["date"], it["shard"]),
    ),
    # Before the players: an event that comes in between is in the file as a whole, its id perhaps not. The other way
    # round its id would be known, and the event lost although it is sent again.
    Kind(
        "event_ids",
        "list of event ids",
        "lists of event ids",
        remembered.read_event_ids,
        remembered.make_event_ids,
        remembered.place_of_event_ids,
    ),
    Kind("player", "player", "players", players.read_players, players.make_player, lambda it: it["id"]),
    Kind(
        "closed_period",
        "closed period",
        "closed periods",
        history.read_closed_periods,
        history.make_closed_period,
        lambda it: (it["board"], it["suffix"]),
    ),
    Kind(
        "activity",
        "latest unlock",
        "latest unlocks",
        history.read_news(keys.activity),
        history.make_news(keys.activity, ("achievement",)),
        history.place_of_news,
    ),
    Kind(
        "rank_event",
        "latest rank",
        "latest ranks",
        history.read_news(keys.rank_events),
        history.make_news(keys.rank_events, RANK_EVENT),
        history.place_of_news,
    ),
    Kind(
        "batch",
        "answer to a batch",
        "answers to batches",
        remembered.read_batches,
        remembered.make_batch,
        lambda it: (it["shard"], it["name"]),
    ),
)
BY_NAME = {kind.name: (place, kind) for place, kind in enumerate(KINDS)}


def told(counts: Mapping[str, int]) -> str:
    """How many things of each kind there are, in words."""
    kinds = ((BY_NAME[name][1], number) for name, number in counts.items())
    return ", ".join(f"{number:,} {kind.one if number == 1 else kind.many}" for kind, number in kinds)
