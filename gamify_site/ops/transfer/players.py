"""Players, each with all that is theirs, in one line: what one script call has read is consistent in itself.

What follows from it is made again with it: the points and the number of unlocks on the profile, how many players have
an achievement and who were the latest, the segments and levels of boards, and the names by which players are found.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any

from django.core.exceptions import ValidationError

from gamify_site import clock, texts
from gamify_site.identifiers import timezones
from gamify_site.ops.transfer import checks
from gamify_site.ops.transfer.history import note_active
from gamify_site.ops.transfer.inventory import Inventory
from gamify_site.ops.transfer.known import stored
from gamify_site.ops.transfer.player_parts import MEMBERSHIPS, PARTS, Part
from gamify_site.ops.transfer.target import Batch, Ranked, Target
from gamify_site.players import services
from gamify_site.store import catalog, keys, shards
from gamify_site.store.errors import StoreUnavailable
from leaderboards.definitions import EXACT, Board
from leaderboards.services import places

MOST_COMMANDS_A_CALL = 300  # of one script call, which then stays below 5 ms of server time
TRIES = 5
MOST_HOLDERS = 100
LONGEST_ORDER = 17  # characters
DERIVED = {"sought", "points", "unlocked"}  # fields of a profile that are made again
NEVER = "inf"
ZONE_BEFORE = re.compile(r"\d{1,11}:\S{0,64}")  # when it ended (s); none where it was not chosen

Thing = dict[str, Any]
Periods = dict[str, int]  # suffix → expiry (s), 0 for never


class DefinitionsChanged(Exception):
    """A definition was changed while players were read, so that the file would hold two truths."""


# Reading


@dataclass(slots=True)
class Reader:
    """What keys a player may have, by the definitions that held when the reading began."""

    version: str
    boards: list[Board]
    parts: list[tuple[Part, str, str]]  # the row, what else the key is named by, how it goes on behind the player's
    periods: dict[int, list[list[tuple[str, int]]]] = field(default_factory=dict)  # shard → of each board

    @classmethod
    def now(cls) -> "Reader":
        """By the definitions that hold now."""
        known = stored()
        parts = [
            (part, name, _tail(part, name))
            for part in PARTS
            for name in (sorted(attrgetter(part.each)(known)) if part.each else [""])
        ]
        return cls(catalog.snapshot().version, [known.boards[slug] for slug in sorted(known.boards)], parts)

    def step(self) -> int:
        """How many players of a shard one script call may read."""
        sets = max((sum(map(len, periods)) for periods in self.periods.values()), default=0)
        return max(1, int((MOST_COMMANDS_A_CALL - sets) / (len(self.parts) + 1 + sets / 4)))

    def words(self, shard: int, players: Sequence[str]) -> list[Any]:
        """The commands that read some players of a shard."""
        commands: list[tuple[Any, ...]] = [
            ("ZRANGE", keys.board_windows(shard, board.slug), 0, -1, "WITHSCORES") for board in self.boards
        ]
        commands.append(("ZMSCORE", keys.players(shard), *players))
        commands.append(("ZMSCORE", keys.away(shard), *players))
        commands += [("SMISMEMBER", key(shard), *players) for key in MEMBERSHIPS.values()]
        for board, periods in zip(self.boards, self.periods.get(shard, []), strict=False):
            for suffix, _ in periods:
                commands.append(("ZMSCORE", keys.board(shard, board.slug, suffix), *players))
                if board.is_timed:
                    commands.append(("HMGET", keys.board_times(shard, board.slug, suffix), *players))
        for player in players:
            own = keys.player(shard, player)
            commands.append(("HGETALL", own))
            commands += [part.form.ask(own + tail) for part, _, tail in self.parts]
        return [word for command in commands for word in (len(command), *command)]


def _tail(part: Part, name: str) -> str:
    own = keys.player(0, "someone")
    return part.key(0, "someone", *([name] if part.each else [])).removeprefix(own)


def read_players(inventory: Inventory) -> Iterator[Thing]:
    """All players of the inventory who are still there, by their ids.

    Raises `DefinitionsChanged`, `StoreUnavailable`. One round trip for up to 100 players of each shard.
    """
    reader, start = Reader.now(), 0
    everyone = inventory.players
    while start < len(everyone):
        some = everyone[start : start + reader.step() * shards.count()]
        yield from _read(reader, some)
        start += len(some)


def _read(reader: Reader, players: Sequence[str]) -> list[Thing]:
    """Some players, in their order. A shard whose boards have other periods than was known is read again."""
    found: dict[str, Thing] = {}
    waiting = shards.group(players, lambda player: player)
    for _ in range(TRIES):
        work = list(waiting.items())
        replies = catalog.run(
            "store/read_keys", [(shard, shard) for shard, _ in work], partial(_words, reader, waiting)
        )
        if catalog.snapshot().version != reader.version:
            raise DefinitionsChanged
        for (shard, some), reply in zip(work, replies, strict=True):
            periods = [_live(flat) for flat in reply[: len(reader.boards)]]
            if periods == reader.periods.get(shard):
                found |= _things(reader, shard, some, reply)
                del waiting[shard]
            reader.periods[shard] = periods
        if not waiting:
            return [found[player] for player in players if player in found]
    raise StoreUnavailable("The periods of boards change too fast.")


def _words(reader: Reader, waiting: dict[int, list[str]], shard: int) -> list[Any]:
    return reader.words(shard, waiting[shard])


def _live(flat: Sequence[bytes]) -> list[tuple[str, int]]:
    """The registered periods of a board, but for those that have expired already."""
    now = clock.untravelled().timestamp()
    found = [(suffix.decode(), until.decode()) for suffix, until in zip(flat[::2], flat[1::2], strict=True)]
    told = [(suffix, 0 if until == NEVER else int(float(until))) for suffix, until in found]
    return [(suffix, until) for suffix, until in told if not 0 < until < now]


def _things(reader: Reader, shard: int, players: Sequence[str], reply: Sequence[Any]) -> dict[str, Thing]:
    rest = iter(reply[len(reader.boards) :])
    seen, away = next(rest), next(rest)
    things: list[Thing] = [
        {"id": player} if since is None else {"id": player, "away": int(float(since))}
        for player, since in zip(players, away, strict=True)
    ]
    for name in MEMBERSHIPS:
        for thing, is_member in zip(things, next(rest), strict=True):
            if is_member:
                thing[name] = True
    for board, periods in zip(reader.boards, reader.periods[shard], strict=True):
        for suffix, expires in periods:
            orders, times = next(rest), next(rest) if board.is_timed else [None] * len(things)
            _add_entries(things, f"{board.slug}:{suffix}", expires, orders, times)
    for thing, last_seen in zip(things, seen, strict=True):
        _add_own(thing, reader, rest)
        if last_seen is not None:
            thing["seen"] = int(float(last_seen))
    return {thing["id"]: thing for thing in things if "seen" in thing}


def _add_entries(
    things: Sequence[Thing], name: str, expires: int, orders: Sequence[bytes | None], times: Sequence[bytes | None]
) -> None:
    for thing, order, at in zip(things, orders, times, strict=True):
        if order is not None:
            text = order.decode() if order.lstrip(b"-").isdigit() else str(places.order_value(order))
            reported = f":{at.decode()}" if at else ""
            thing.setdefault("entries", {})[name] = f"{text}:{expires}{reported}"


def _add_own(thing: Thing, reader: Reader, replies: Iterator[Any]) -> None:
    flat = next(replies)
    profile = {name.decode(): value.decode() for name, value in zip(flat[::2], flat[1::2], strict=True)}
    if kept := {name: value for name, value in profile.items() if name not in DERIVED}:
        thing["profile"] = kept
    for part, name, _ in reader.parts:
        reply = next(replies)
        if not reply:
            continue
        value = part.form.tell(reply)
        if name and value:
            thing.setdefault(part.name, {})[name] = value
        elif value:
            thing[part.name] = value


# Making


def make_player(thing: Any, target: Target) -> None:
    """Checks a player and all that is theirs, and makes it."""
    checks.fields(thing, ("id", "seen"), FIELDS)
    player = checks.player_id("id", thing["id"])
    shard = shards.of(player)
    batch = target.shard(shard)
    profile = _profile(thing, target)
    seen = checks.whole("seen", thing["seen"], 0, checks.LATEST)
    batch.rank(keys.players(shard), seen, player)
    note_active(player, seen, shard, target)
    for name, key in MEMBERSHIPS.items():
        if name in thing:
            if thing[name] is not True:
                raise checks.wrong(name, thing[name], "is not true")
            batch.put(key(shard), player)
    if "away" in thing:
        if "hidden" not in thing:
            raise checks.Wrong("away: who is away is hidden too")
        batch.rank(keys.away(shard), checks.whole("away", thing["away"], 0, checks.LATEST), player)
    for part in PARTS:
        if part.name in thing:
            _make_part(part, thing[part.name], shard, player, target)
    _make_unlocks(thing, profile, shard, player, target)
    if profile:
        batch.add("HSET", keys.player(shard, player), *(it for pair in profile.items() for it in pair))
    _make_entries(thing, profile, shard, player, target)
    target.named.append((shard, player, str(profile.get("name", ""))))


FIELDS = {"profile", "entries", "away", *MEMBERSHIPS, *(part.name for part in PARTS)}


def _profile(thing: Thing, target: Target) -> dict[str, str]:
    given = checks.mapping("profile", thing.get("profile", {}))
    kept = dict(given)
    for name, value in given.items():
        if name in services.LONGEST:
            kept[name] = _profile_field(name, value)
        elif name == "joined":
            checks.number("joined", value, checks.LATEST)
        elif name == "zones_before":
            _check_zones(value)
        elif name == "pinned":
            for slug in checks.text("pinned", value, 1000).split():
                checks.known("pinned", slug, target.known.achievements, "achievement")
        else:
            raise checks.wrong("profile", name, "is no field of a profile")
    return {name: value for name, value in kept.items() if value}


def _check_zones(value: Any) -> None:
    for told in checks.text("zones_before", value, 1000).split(" "):
        ended, _, zone = checks.matching(
            "zones_before", told, ZONE_BEFORE, "timezone of before (s:timezone)"
        ).partition(":")
        checks.number("zones_before", ended, checks.LATEST)
        if zone and zone not in timezones():
            raise checks.wrong("zones_before", zone, "is no timezone")


def _profile_field(name: str, value: Any) -> str:
    """The field as it is kept; what older versions took, such as a name that nobody can see, is mended."""
    text = checks.text(name, value)
    if text.strip() != text or not text:
        raise checks.wrong(name, value, "is empty, or has blanks around it")
    try:
        return services.check_field(name, texts.mended(text, lines=name == "about"))
    except ValidationError as error:
        raise checks.wrong(name, value, " ".join(error.messages)) from None


def _make_part(part: Part, value: Any, shard: int, player: str, target: Target) -> None:
    if not part.each:
        part.check(value, target)
        part.form.make(target.shard(shard), part.key(shard, player), value)
        return
    known = attrgetter(part.each)(target.known)
    for name, it in checks.mapping(part.name, value).items():
        checks.known(part.name, name, known, "name for it")
        part.check(it, target)
        part.form.make(target.shard(shard), part.key(shard, player, name), it)


def _make_unlocks(thing: Thing, profile: dict[str, str], shard: int, player: str, target: Target) -> None:
    """What follows from unlocks."""
    batch, points = target.shard(shard), 0
    unlocked = thing.get("unlocked", {})
    counts, holders = keys.unlocks(shard), keys.holders(shard, "")
    for release, told in unlocked.items():
        at, _revision, its_points = told.split(":")
        points += int(its_points)
        batch.count(counts, release)
        batch.rank(holders + release, at, player)
        batch.keep_latest(holders + release, MOST_HOLDERS)
    if unlocked:
        profile |= {"points": str(points), "unlocked": str(len(unlocked))}


def _make_entries(thing: Thing, profile: dict[str, str], shard: int, player: str, target: Target) -> None:
    """Entries, what is registered of their periods, and what follows from them: segments, and levels of dense ranks."""
    if "hidden" in thing and "away" not in thing and "entries" in thing:
        raise checks.Wrong("entries: a hidden player is on no board")
    batch = target.shard(shard)
    for name, told in checks.mapping("entries", thing.get("entries", {})).items():
        order, expires, at = _split(name, told)
        ranked = target.ranked.get((shard, name)) or _register(target, shard, name, expires)
        if "away" in thing and ranked.suffix == "all":  # only periods that were over still have them
            raise checks.wrong(f"entries, {name}", told, "who is away is on no board of all time")
        board = ranked.board
        if abs(order >> board.tie_bits) > board.most_units or abs(order) > EXACT + 1:
            raise checks.wrong(f"entries, {name}", told, "is out of the board's range")
        _rank(batch, ranked, order, player)
        if at:
            batch.add("HSET", ranked.times, player, at)
        if value := profile.get(board.segment_by, "") if board.segment_by else "":
            _rank(batch, _segment(target, shard, name, ranked, value), order, player)


def _split(name: str, told: Any) -> tuple[int, int, int]:
    """Order value, expiry (s) and, on a board of the latest, when the score was reported (ms, else 0)."""
    order, expires, at = [*told.split(":", 2), "0"][:3] if isinstance(told, str) and ":" in told else ("", "", "")
    if not order.removeprefix("-").isdecimal() or not order.isascii() or len(order) > LONGEST_ORDER:
        raise checks.wrong(f"entries, {name}", told, "is no entry (order value:expiry)")
    where = f"entries, {name}"
    return int(order), checks.number(where, expires, 2 * checks.LATEST), checks.number(where, at, checks.LATEST_MS)


def _register(target: Target, shard: int, name: str, expires: int) -> Ranked:
    """The ranked set of a period. When it expires is what the file says first, for all of its entries on all shards."""
    slug, _, suffix = name.partition(":")
    checks.known("entries", slug, target.known.boards, "board")
    checks.period("entries", suffix)
    expires = target.expiries.setdefault((slug, suffix), expires)
    found = target.ranked[shard, name] = Ranked(
        board=target.known.boards[slug],
        suffix=suffix,
        expires=expires,
        entries=keys.board(shard, slug, suffix),
        times=keys.board_times(shard, slug, suffix),
        levels=keys.board_levels(shard, slug, suffix),
        periods=keys.board_windows(shard, slug),
        segments=keys.board_segments(shard, slug, suffix),
    )
    target.shard(shard).rank(found.periods, expires or "+inf", suffix)
    _expire(target.shard(shard), found)
    return found


def _segment(target: Target, shard: int, name: str, whole: Ranked, value: str) -> Ranked:
    """The ranked set of a segment of a period."""
    known = target.ranked.get((shard, name, value))
    if known is None:
        slug, suffix = whole.board.slug, f"{whole.suffix}:{whole.board.segment_by}={value}"
        entries, levels = keys.board(shard, slug, suffix), keys.board_levels(shard, slug, suffix)
        known = target.ranked[shard, name, value] = whole._replace(entries=entries, levels=levels)
        target.shard(shard).put(whole.segments, f"{whole.board.segment_by}={value}")
        _expire(target.shard(shard), known)
    return known


def _rank(batch: Batch, ranked: Ranked, order: int, player: str) -> None:
    """An entry of one ranked set, and its level where ranks are dense."""
    batch.rank(ranked.entries, order, player)
    if ranked.board.ties == "dense":
        batch.rank(ranked.levels, order, str(order))


def _expire(batch: Batch, ranked: Ranked) -> None:
    """Lets a ranked set expire, and what follows from it; keys that are not there are passed over."""
    if ranked.expires:
        for key in (ranked.entries, ranked.times, ranked.levels, ranked.segments):
            batch.expire(key, ranked.expires)


def expire_again(target: Target) -> None:
    """Lets all ranked sets expire: one that did during the import has come back with the next of its entries."""
    for (shard, *_name), ranked in target.ranked.items():
        _expire(target.shard(shard), ranked)
        if target.is_full():
            target.flush()
