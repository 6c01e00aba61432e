"""What has happened on the site: the audit log, counts of days, closed periods, and the streams of latest news."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from achievements.services import active_players, activity
from gamify_site import audit, clock, visitors
from gamify_site.ops.transfer import checks, sketches
from gamify_site.ops.transfer.inventory import Inventory
from gamify_site.ops.transfer.target import Target
from gamify_site.store import keys, shards
from gamify_site.store.connection import ask
from leaderboards.definitions import EXACT
from leaderboards.services import places, seasons

STEP = 500
MOST_NEWS = 1000  # of each shard
ACTIVE = ("day", "week", "month")
ENTRY = ("what", "subject", "by", "reason", "before", "after", "at")

Thing = dict[str, Any]


# The audit log


def read_audit(_inventory: Inventory) -> Iterator[Thing]:
    """The entries of the audit log, earliest first, with their ids."""
    begin = "-"
    while True:
        (found,) = ask([("xrange", keys.audit(), begin, "+", STEP)])
        for entry_id, stored in found:
            fields = {name.decode(): value.decode() for name, value in stored.items()}
            values = {name: json.loads(fields[name]) for name in ("before", "after")}
            yield {"id": entry_id.decode(), **fields, **values, "at": int(fields["at"])}
        if len(found) < STEP:
            return
        begin = f"({found[-1][0].decode()}"


def make_audit(thing: Any, target: Target) -> None:
    """Checks an entry of the audit log and adds it."""
    checks.fields(thing, ("id", *ENTRY))
    checks.stream_id("id", thing["id"])
    checks.known("what", thing["what"], audit.WHAT, "word of the audit log")
    for name in ("subject", "by", "reason"):
        checks.text(name, thing[name])
    at = checks.whole("at", thing["at"], 0, checks.LATEST_MS)
    values = {name: json.dumps(checks.mapping(name, thing[name])) for name in ("before", "after")}
    fields = {**thing, **values, "at": at}
    target.site.add("XADD", keys.audit(), thing["id"], *(part for name in ENTRY for part in (name, fields[name])))


# Days


def read_daily(inventory: Inventory) -> Iterator[Thing]:
    """What was counted on each day, over all shards; what adds up to nothing is left out."""
    for date in inventory.daily:
        counts: Counter[str] = Counter()
        for found in ask([("hgetall", keys.daily(shard, date)) for shard in shards.everyone()]):
            for name, number in found.items():
                counts[name.decode()] += int(number)
        yield {"date": date, "counts": {name: number for name, number in counts.items() if number}}


def make_daily(thing: Any, target: Target) -> None:
    """Checks the counts of a day and makes them; they are added up over all shards, so that one may have them all."""
    checks.fields(thing, ("date", "counts"))
    checks.day("date", thing["date"])
    for name, number in checks.mapping("counts", thing["counts"]).items():
        if name not in activity.COUNTED:
            checks.slug("counts", name.removeprefix("unlocks:") if name.startswith("unlocks:") else None)
        checks.whole(f"counts, {name}", number, -EXACT, EXACT)
        target.shard(0).add("HSET", keys.daily(0, thing["date"]), name, number)


def read_visitors(inventory: Inventory) -> Iterator[Thing]:
    """The sketch of each day from which the number of its visitors is estimated."""
    for date in inventory.visitors:
        (found,) = ask([("get", keys.visitors(date))])
        if found is not None:
            yield {"date": date, "sketch": sketches.write(found)}


def make_visitors(thing: Any, target: Target) -> None:
    """Checks a day's sketch and keeps it for as long as it would have been kept; not at all where that is over."""
    checks.fields(thing, ("date", "sketch"))
    life, sketch = _life(thing["date"], visitors.LIFE), sketches.read(thing["sketch"])
    if life > 0:
        target.site.add("SET", keys.visitors(thing["date"]), sketch, "EX", life)


def read_active_days(_inventory: Inventory) -> Iterator[Thing]:
    """How many players were active, of each day that is over."""
    (found,) = ask([("hgetall", keys.active_players())])
    for date, told in sorted(found.items()):
        numbers = map(int, told.decode().split(":"))
        yield {"date": date.decode(), **dict(zip(ACTIVE, numbers, strict=True))}


def make_active_day(thing: Any, target: Target) -> None:
    """Checks the numbers of a day and keeps them."""
    checks.fields(thing, ("date", *ACTIVE))
    checks.day("date", thing["date"])
    numbers = [checks.whole(name, thing[name], 0, EXACT) for name in ACTIVE]
    target.site.add("HSET", keys.active_players(), thing["date"], ":".join(map(str, numbers)))


def read_active(inventory: Inventory) -> Iterator[Thing]:
    """The sketch of each shard and day from which the number of its active players is estimated, while it is of use."""
    for date, shard in inventory.active:
        (found,) = ask([("get", keys.active(shard, date))])
        if found is not None and _life(date, timedelta(days=active_players.LIFE)) > 0:
            yield {"date": date, "shard": shard, "sketch": sketches.write(found)}


def make_active(thing: Any, target: Target) -> None:
    """Checks a shard's sketch of a day and keeps it; on another number of shards its players are not on one shard."""
    checks.fields(thing, ("date", "shard", "sketch"))
    shard = checks.whole("shard", thing["shard"], 0, target.shards_there - 1)
    life = _life(thing["date"], timedelta(days=active_players.LIFE))
    sketch = sketches.read(thing["sketch"])
    if life > 0 and target.shards == target.shards_there:
        target.shard(shard).add("SET", keys.active(shard, thing["date"]), sketch, "EX", life)


def note_active(player: str, seen: int, shard: int, target: Target) -> None:
    """Notes a player on the day when they were seen last (s), where the sketches of the other shards cannot be kept.

    From today on that is as good as they: whoever was active in some days that end today was seen last in one of them.
    """
    day = datetime.fromtimestamp(seen, UTC).date()
    if target.shards == target.shards_there or day <= clock.now().date() - timedelta(days=active_players.SPANS[-1]):
        return
    batch, key = target.shard(shard), keys.active(shard, day.isoformat())
    if key not in batch.noted:
        life = _life(day.isoformat(), timedelta(days=active_players.LIFE))
        batch.expire(key, int(clock.untravelled().timestamp()) + life)
    batch.note(key, player)


def _life(date: object, kept_for: timedelta) -> int:
    """For how many seconds from now what is noted of a day is kept."""
    after = datetime.combine(checks.day("date", date), time(), UTC) + timedelta(days=1)
    return int((after + kept_for - clock.now()).total_seconds())


# Closed periods


def read_closed_periods(inventory: Inventory) -> Iterator[Thing]:
    """The periods that were closed for good before any player was read, with the first of each shard, best first."""
    for slug, suffix in inventory.closed_periods:
        (told,) = ask([("hget", keys.closed_periods(slug), suffix)])
        if told is not None:
            yield {"board": slug, "suffix": suffix, **json.loads(told), "top": _top(slug, suffix)}


def _top(slug: str, suffix: str) -> list[list[Any]]:
    parts = ask([("zrevrange", keys.final_top(shard, slug, suffix), 0, -1, True) for shard in shards.everyone()])
    entries = [(places.order_value(str(order).encode()), player.decode()) for part in parts for player, order in part]
    return [[player, order] for order, player in sorted(entries, reverse=True)]


def make_closed_period(thing: Any, target: Target) -> None:
    """Checks a closed period and keeps its first; of each shard here as many as closing it here would."""
    checks.fields(thing, ("board", "suffix", "at", "size", "top"))
    slug = checks.known("board", thing["board"], target.known.boards, "board")
    suffix = checks.period("suffix", thing["suffix"])
    told = {
        "at": checks.whole("at", thing["at"], 0, checks.LATEST_MS),
        "size": checks.whole("size", thing["size"], 0, EXACT),
    }
    target.site.add("HSET", keys.closed_periods(slug), suffix, json.dumps(told))
    for entry in checks.listed("top", thing["top"], seasons.KEPT * target.shards_there):
        player, order = checks.listed("top", entry, 2) if isinstance(entry, list) and len(entry) == 2 else ("", 0)
        number = shards.of(checks.player_id("top", player))
        key = keys.final_top(number, slug, suffix)
        target.shard(number).rank(key, checks.whole("top", order, -EXACT - 1, EXACT), player)
        target.shard(number).keep_latest(key, seasons.KEPT)


# Streams of all shards


def read_news(key: Callable[[int], str]) -> Callable[[Inventory], Iterator[Thing]]:
    """The reader of a stream that each shard has a part of: its entries in the order of their ids and players."""

    def read(_inventory: Inventory) -> Iterator[Thing]:
        found = []
        for entries in ask([("xrange", key(shard)) for shard in shards.everyone()]):
            for entry_id, stored in entries:
                fields = {name.decode(): value.decode() for name, value in stored.items()}
                found.append({"id": entry_id.decode(), **fields})
        yield from sorted(found, key=place_of_news)

    return read


def place_of_news(thing: Thing) -> tuple[tuple[int, int], str]:
    """What entries of several streams are ordered by."""
    return checks.stream_id("id", thing["id"]), thing["player"]


def make_news(key: Callable[[int], str], names: Sequence[str]) -> Callable[[Any, Target], None]:
    """What checks an entry of such a stream and adds it to the part of its player's shard."""

    def make(thing: Any, target: Target) -> None:
        checks.fields(thing, ("id", "player", *names, "at"))
        player = checks.player_id("player", thing["player"])
        wanted = checks.stream_id("id", thing["id"])
        checks.number("at", thing["at"])
        for name in names:
            checks.slug(name, thing[name])
        stream = key(shards.of(player))
        fields = [part for name in ("player", *names, "at") for part in (name, thing[name])]
        batch = target.shard(shards.of(player))
        batch.add("XADD", stream, "MAXLEN", MOST_NEWS, target.next_id(stream, wanted), *fields)

    return make
