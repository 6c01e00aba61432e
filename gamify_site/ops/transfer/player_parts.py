"""What a player's line holds: a row for each key of a player, with how it is read, checked and made again.

A new key of players is a row more: in `PARTS` where it is a key of each player, in `MEMBERSHIPS` where it is a set of
players.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from achievements.services.days import COVERED, FIRST_DAY
from gamify_site.ops.transfer import checks
from gamify_site.ops.transfer.target import Batch, Target
from gamify_site.players.services import MOST_FOLLOWED
from gamify_site.store import keys
from leaderboards.definitions import EXACT

MOST_NEWS = 60
LAST_DAY = date(2999, 12, 31).toordinal() - FIRST_DAY
HOUR = 3_600_000  # ms
UNLOCK = re.compile(r"(\d{1,14}):(\d{1,9}):(\d{1,6})")  # time (ms), revision, points
FINAL_RANK = re.compile(r"\d{1,10}:-?\d{1,16}:\d{1,10}")  # rank, order value, size
KEPT_ASIDE = re.compile(r"-?\d{1,16}:\d{1,11}(:\d{1,14})?")  # order value, expiry (s), when it was reported (ms)
RUN = ("current", "last", "freezes", "revision")
QUARTER = "quarter"  # of a run, since the same version as `moved_days`
NEWS = {"unlock": ("achievement", "points", "at"), "rank": ("board", "rank", "at"), "backfill": ("unlocked", "points")}

Command = tuple[Any, ...]


class Form(NamedTuple):
    """A type of key: the command that reads it, what its reply is in the file, and the commands that make it again."""

    ask: Callable[[str], Command]
    tell: Callable[[Any], Any]
    make: Callable[[Batch, str, Any], None]


class Part(NamedTuple):
    """A key of a player. `each`: what else it is named by, a field of `Known`; the line then has an object of them."""

    name: str
    key: Callable[..., str]
    form: Form
    check: Callable[[Any, Target], None]
    each: str = ""


# Forms


def _pairs(reply: Sequence[bytes]) -> dict[str, str]:
    texts = [part.decode() for part in reply]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def _make_hash(batch: Batch, key: str, value: dict[str, str]) -> None:
    batch.add_many("HSET", key, [part for pair in value.items() for part in pair])


def _make_set(batch: Batch, key: str, value: list[str]) -> None:
    batch.add("SADD", key, *value)


def _bits(reply: bytes | None) -> list[int]:
    digits = bin(int.from_bytes(b"\1" + (reply or b"")))[3:]
    return [found.start() for found in re.finditer("1", digits)]


def _make_bitmap(batch: Batch, key: str, value: list[int]) -> None:
    bitmap = bytearray(value[-1] // 8 + 1)
    for bit in value:
        bitmap[bit // 8] |= 0x80 >> bit % 8
    batch.add("SET", key, bytes(bitmap))


def _entries(reply: Sequence[tuple[bytes, Sequence[bytes]]]) -> list[dict[str, str]]:
    return [{"id": entry_id.decode(), **_pairs(fields)} for entry_id, fields in reply]


def _make_stream(batch: Batch, key: str, value: list[dict[str, str]]) -> None:
    for entry in value:
        fields = (part for pair in entry.items() if pair[0] != "id" for part in pair)
        batch.add("XADD", key, entry["id"], *fields)


def _make_mark(batch: Batch, key: str, value: int) -> None:
    batch.add("SET", key, value, "PX", HOUR)


HASH = Form(lambda key: ("HGETALL", key), _pairs, _make_hash)
SET = Form(lambda key: ("SMEMBERS", key), lambda reply: sorted(it.decode() for it in reply), _make_set)
BITMAP = Form(lambda key: ("GET", key), _bits, _make_bitmap)
STREAM = Form(lambda key: ("XRANGE", key, "-", "+"), _entries, _make_stream)
MARK = Form(lambda key: ("GET", key), lambda reply: int(reply or 0), _make_mark)  # a time (ms), for an hour


# Checks; an empty value is not in a line


def _filled(what: str, value: Any, kind: type) -> Any:
    if type(value) is not kind or not value:
        raise checks.wrong(what, value, f"is no filled {'list' if kind is list else 'object'}")
    return value


def _check_progress(value: Any, target: Target) -> None:
    for slug, number in _filled("progress", value, dict).items():
        checks.known("progress", slug, target.known.achievements, "achievement")
        checks.number(f"progress, {slug}", number)


def _check_unlocked(value: Any, target: Target) -> None:
    for release, told in _filled("unlocked", value, dict).items():
        checks.known("unlocked", release, target.known.releases, "achievement or tier")
        checks.matching(f"unlocked, {release}", told, UNLOCK, "unlock (time:revision:points)")


def _check_revoked(value: Any, target: Target) -> None:
    for release in _filled("revoked", value, list):
        checks.known("revoked", release, target.known.releases, "achievement or tier")
    _check_order("revoked", value)


def _check_run(value: Any, _target: Target) -> None:
    checks.fields(value, RUN, [QUARTER])
    for name in value:
        checks.number(f"streaks, {name}", value[name], EXACT if name in ("revision", QUARTER) else LAST_DAY)


def _check_days(value: Any, _target: Target) -> None:
    for bit in _filled("days", value, list):
        checks.whole("days", bit, 0, LAST_DAY)
    _check_order("days", value)


def _check_moved_days(value: Any, _target: Target) -> None:
    for day, told in _filled("moved_days", value, dict).items():
        checks.number("moved_days", day, LAST_DAY)
        if told not in (COVERED.decode(), "perhaps"):
            checks.number("moved_days", told)


def _check_items(value: Any, _target: Target) -> None:
    for bit in _filled("collections", value, list):
        checks.whole("collections", bit, 0, 10_000)
    _check_order("collections", value)


def _check_following(value: Any, _target: Target) -> None:
    for other in checks.listed("following", _filled("following", value, list), MOST_FOLLOWED):
        checks.player_id("following", other)
    _check_order("following", value)


def _check_order(what: str, value: list[Any]) -> None:
    if any(first >= second for first, second in pairwise(value)):
        raise checks.Wrong(f"{what}: the list is not in order, or something stands twice in it")


def _check_feed(value: Any, target: Target) -> None:
    last = (0, 0)
    for entry in checks.listed("feed", _filled("feed", value, list), MOST_NEWS):
        found = checks.texts("feed", entry, 200)
        kind = checks.known("feed, type", found.get("type"), NEWS, "kind of news")
        checks.fields(entry, ("id", "type", *NEWS[kind]))
        this = checks.stream_id("feed, id", entry["id"])
        if this <= last:
            raise checks.wrong("feed, id", entry["id"], "does not come after the one before")
        last = this
        _check_news(entry, kind, target)


def _check_news(entry: dict[str, str], kind: str, target: Target) -> None:
    for name in NEWS[kind]:
        if name == "achievement":
            checks.known("feed, achievement", entry[name], target.known.releases, "achievement or tier")
        elif name == "board":
            checks.slug("feed, board", entry[name])
        else:
            checks.number(f"feed, {name}", entry[name].removeprefix("-"))


def _check_kept_aside(value: Any, _target: Target) -> None:
    for name, told in _filled("hidden_entries", value, dict).items():
        checks.board_and_period("hidden_entries", name)
        checks.matching(f"hidden_entries, {name}", told, KEPT_ASIDE, "entry (order value:expiry)")


def _check_final_ranks(value: Any, _target: Target) -> None:
    for name, told in _filled("final_ranks", value, dict).items():
        checks.board_and_period("final_ranks", name)
        checks.matching(f"final_ranks, {name}", told, FINAL_RANK, "final rank (rank:order value:size)")


def _check_mark(value: Any, _target: Target) -> None:
    checks.whole("rank_news", value, 1, checks.LATEST_MS)


PARTS = (
    Part("progress", keys.progress, HASH, _check_progress),
    Part("unlocked", keys.unlocked, HASH, _check_unlocked),
    Part("revoked", keys.revoked, SET, _check_revoked),
    Part("streaks", keys.streak, HASH, _check_run, "streaks"),
    Part("days", keys.days, BITMAP, _check_days, "actions"),
    Part("moved_days", keys.moved_days, HASH, _check_moved_days, "actions"),
    Part("collections", keys.collection, BITMAP, _check_items, "collections"),
    Part("following", keys.following, SET, _check_following),
    Part("feed", keys.feed, STREAM, _check_feed),
    Part("hidden_entries", keys.hidden_entries, HASH, _check_kept_aside),
    Part("final_ranks", keys.final_ranks, HASH, _check_final_ranks),
    Part("rank_news", keys.rank_news_sent, MARK, _check_mark, "boards"),
)
MEMBERSHIPS = {"hidden": keys.hidden}  # sets of players, by what a member's line says of itself with true
