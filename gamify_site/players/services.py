"""Players: the profile that a game, the player or staff writes, its removal, whom a player follows, finding some."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gamify_site import audit, clock, texts
from gamify_site.identifiers import PLAYER_ID, check_player_id, check_timezone
from gamify_site.players import accounts, names, removal
from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import ask
from gamify_site.store.errors import StoreUnavailable

LONGEST = {"name": 60, "about": 500, "country": 2, "team": 40, "region": 40, "avatar": 64, "timezone": 64}
MOST_FOLLOWED = 500
MOST_FOUND = 100
MOST_WRITTEN_AT_ONCE = 500  # profiles
BEING_DELETED = b"deleted"
MOVED = b"moved"
STILL_DELETED = "A player is being deleted."


class UnknownPlayer(LookupError):
    """There is no player with this id."""

    def __init__(self, player: str) -> None:
        super().__init__(f"There is no player {player!r}.")
        self.player = player


class StaffAccount(ValidationError):
    """The player has a staff account, which is not deleted."""

    def __init__(self, username: str) -> None:
        reason = _(
            "The account “%(username)s” of this player is staff and cannot be deleted. Take its staff rights away "
            "first, with the command “demote”."
        )
        super().__init__(reason, code="staff", params={"username": username})


@dataclass(frozen=True, slots=True)
class Player:
    """A profile. Texts are untrusted; `country` is ISO 3166-1 alpha-2; `joined` is None for one who only has scores."""

    id: str
    name: str
    about: str = ""
    country: str = ""
    team: str = ""
    region: str = ""
    avatar: str = ""
    timezone: str = "UTC"
    joined: datetime | None = None
    points: int = 0
    unlocked: int = 0


def upsert(
    player: str,
    *,
    name: str | None = None,
    about: str | None = None,
    country: str | None = None,
    team: str | None = None,
    region: str | None = None,
    avatar: str | None = None,
    timezone: str | None = None,
) -> Player:
    """Creates a player or changes the fields that are given; an empty text clears a field.

    Where a board ranks within a field that changes, the player's entries move in the same step. The timezone can be
    changed once a day; choosing the first is no change yet. Raises `ValidationError` with the field,
    `StoreUnavailable`. One round trip; O(ranked sets of those boards × log size).
    """
    given = {
        "name": name,
        "about": about,
        "country": country,
        "team": team,
        "region": region,
        "avatar": avatar,
        "timezone": timezone,
    }
    changes = {field: check_field(field, value) for field, value in given.items() if value is not None}
    (reply,) = _write_profiles({check_player_id(player): changes})
    return from_fields(player, dict(zip(reply[::2], reply[1::2], strict=True)))


def upsert_many(profiles: Mapping[str, Mapping[str, str]]) -> int:
    """The same for many players: id → the fields that are given. Gives how many players that were.

    Raises `ValidationError` with the field before anything is written, also for a field that there is not; only where
    somebody's timezone was changed less than a day before the others have been written. One round trip for each 500
    players.
    """
    checked = {check_player_id(player): _check_fields(given) for player, given in profiles.items()}
    for start in range(0, len(checked), MOST_WRITTEN_AT_ONCE):
        _write_profiles(dict(islice(checked.items(), start, start + MOST_WRITTEN_AT_ONCE)))
    return len(checked)


def _check_fields(given: Mapping[str, str]) -> dict[str, str]:
    for unknown in given.keys() - LONGEST.keys():
        raise ValidationError({unknown: _("A profile has no such field.")})
    return {field: check_field(field, value) for field, value in given.items()}


def _write_profiles(profiles: Mapping[str, Mapping[str, str]]) -> list[Any]:
    """Writes what has been checked and gives the profiles as the script does. One round trip."""
    now = int(clock.now().timestamp())

    def arguments(player: str) -> list[Any]:
        changes = profiles[player]
        flat = [part for pair in changes.items() for part in pair]
        return [player, now, _boards_within(changes), names.fold(changes.get("name", "")), *flat]

    work = [(shards.of(player), player) for player in profiles]
    for _attempt in range(catalog.TRIES):
        replies = catalog.run("players/upsert_player", work, arguments, repeatable=True)
        if MOVED in replies:
            raise ValidationError({"timezone": ValidationError(_("The time zone can be changed once a day."), "moved")})
        if not (going := [player for player, reply in zip(profiles, replies, strict=True) if reply == BEING_DELETED]):
            return replies
        finish_deletions(going)
    raise StoreUnavailable(STILL_DELETED)


def get(player: str) -> Player:
    """The profile. Raises `UnknownPlayer`, `ValidationError`. One round trip."""
    found = get_many([player])
    if not found:
        raise UnknownPlayer(player)
    return found[player]


def get_many(players: Iterable[str]) -> dict[str, Player]:
    """The profiles of those of the players who are known, in the order in which they were given.

    Raises `ValidationError`. One round trip; O(players).
    """
    wanted = list(dict.fromkeys(check_player_id(player) for player in players))
    places = [(shards.of(player), player) for player in wanted]
    asked: list[tuple[str, ...]] = [("zscore", keys.players(shard), player) for shard, player in places]
    asked += [("hgetall", keys.player(shard, player)) for shard, player in places]
    answers = ask(asked) if wanted else []
    found = zip(wanted, answers[: len(wanted)], answers[len(wanted) :], strict=True)
    return {player: from_fields(player, fields) for player, seen, fields in found if seen is not None or fields}


def exists(player: str) -> bool:
    """Whether the player has a profile or has ever done anything. One round trip."""
    return bool(get_many([player]))


def seen_lately(limit: int = 20) -> list[Player]:
    """The players who did something last, latest first. Two round trips; O(limit + log size) per shard."""
    parts = ask([("zrevrange", keys.players(shard), 0, limit - 1, True) for shard in shards.everyone()])
    latest = sorted((-seen, player.decode()) for part in parts for player, seen in part)
    return list(get_many(player for _, player in latest[:limit]).values())


def find(text: str, limit: int = 20) -> list[Player]:
    """The players whose id, or a word of whose name, begins with the text; case and accents do not matter.

    Whose id is the text itself comes first, the others in the order of what was found. Only the first four words of a
    name are searched, and 60 characters. Nobody is found by an empty text. `limit` is 1 to 100. Raises
    `ValidationError`, `StoreUnavailable`. One round trip; O(limit + log size) per shard.
    """
    if isinstance(limit, bool) or not 1 <= limit <= MOST_FOUND:
        raise ValidationError({"limit": _("Enter a whole number from 1 to %(most)s.") % {"most": MOST_FOUND}})
    sought, exact = names.fold(text), text.strip()
    if not sought:
        return []
    home = shards.of(exact) if PLAYER_ID.fullmatch(exact) else None
    work = [(shard, exact if shard == home else "") for shard in shards.everyone()]
    replies = catalog.run("players/find_players", work, lambda first: [sought, limit, first], repeatable=True)
    found = sorted((member, player.decode(), fields) for reply in replies for member, player, fields in reply)
    return [from_fields(player, dict(zip(it[::2], it[1::2], strict=True))) for _, player, it in found[:limit]]


def follow(player: str, other: str) -> None:
    """From now on the player follows the other one; nothing changes where that is so already.

    Raises `ValidationError` at `other` for oneself and beyond 500 players, at `player` or `other` for no legal id;
    `UnknownPlayer` for either, `StoreUnavailable`. Two round trips; a few more where 500 are followed.
    """
    shard = shards.of(check_player_id(player))
    if check_player_id(other, "other") == player:
        raise ValidationError({"other": ValidationError(_("Nobody follows themselves."), code="oneself")})
    if not exists(other):
        raise UnknownPlayer(other)
    answer = _follow(shard, player, other)
    if answer == b"full" and _forget_the_gone(shard, player):
        answer = _follow(shard, player, other)
    if answer == b"unknown":
        raise UnknownPlayer(player)
    if answer == b"full":
        reason = _("At most %(most)s players can be followed.") % {"most": MOST_FOLLOWED}
        raise ValidationError({"other": ValidationError(reason, code="full")})


def unfollow(player: str, other: str) -> None:
    """From now on the player does not follow the other one; nothing changes where that is so already.

    The other one need not be there any more. Raises `ValidationError` at `player` or `other` for no legal id,
    `UnknownPlayer` for the player, `StoreUnavailable`. Two round trips.
    """
    shard = shards.of(check_player_id(player))
    check_player_id(other, "other")
    if not exists(player):
        raise UnknownPlayer(player)
    _unfollow(shard, player, [other])


def following(player: str) -> list[str]:
    """The ids of those whom the player follows, sorted; who was deleted is left out. Nobody for an unknown player.

    Raises `ValidationError`, `StoreUnavailable`. Two round trips; O(followed).
    """
    return list(get_many(sorted(followed_ids(player))))


def followed_ids(player: str) -> frozenset[str]:
    """The same as it is stored, so that some may have been deleted. One round trip."""
    (found,) = ask([("smembers", keys.following(shards.of(check_player_id(player)), player))])
    return frozenset(other.decode() for other in found)


def rename(player: str, name: str, reason: str, *, by: str) -> Player:
    """Gives a player another shown name, as staff do. Audited, with the name before.

    Raises `UnknownPlayer`, `ValidationError` at `name` or `reason`. Four round trips.
    """
    reason, before = audit.check_reason(reason), get(player)
    renamed = upsert(player, name=name)
    _record_rename(before, renamed, reason, by)
    return renamed


def upsert_for_key(player: str, changes: Mapping[str, str], *, by: str) -> Player:
    """Do as `upsert` does for a program; that it gives another name to a player who had one is audited.

    Raises `ValidationError` with the field, `StoreUnavailable`. One round trip, two with a name, four for another one.
    """
    before = get_many([player]).get(player) if "name" in changes else None
    written = upsert(player, **changes)
    if before and before.joined:
        _record_rename(before, written, "HTTP API", by)
    return written


def _record_rename(before: Player, after: Player, reason: str, by: str) -> None:
    if after.name != before.name:
        told = audit.changed({"name": before.name}, {"name": after.name})
        owner = after.id if _account(after.id) else ""
        audit.record(audit.Entry("player_changed", after.id, by, reason, *told), owner=owner)


def delete(player: str, *, by: str = "", reason: str = "") -> bool:
    """Removes every trace of the player: profile, news, entries on all boards, the account. False where there was none.

    The audit log forgets the player too; with `by` it says that somebody was deleted, under a pseudonym. What breaks
    off is done to its end by the next call, by `tick`, or before anything else is written for the player. Some thirteen
    round trips, one more for each 500 entries of the audit log and each 1,000 ids that are remembered, two for each 50
    boards, and one for each 4,000 periods that they have or had; no script call takes its server for more than 5 ms.
    Raises `StaffAccount`, and then nothing has changed. An account that becomes staff during the deletion stays.
    """
    reason = audit.check_reason(reason, least=0)
    account = _account(check_player_id(player))
    if account and account["is_staff"] == "1":
        raise StaffAccount(account["username"])
    return _finish_deletion(player, removal.begin(player, by, reason))


def finish_deletions(some: Sequence[str] | None = None) -> int:
    """Deletes those of some players, or else of all, whose deletion was broken off; gives how many those were.

    Raises `StoreUnavailable`. One round trip where there are none, else as `delete` for each.
    """
    found = removal.under_way(some)
    for player, note in found.items():
        _finish_deletion(player, note)
    return len(found)


def _finish_deletion(player: str, note: removal.Note) -> bool:
    """All steps of it, each of which may have been done before."""
    try:
        found = exists(player)
        found |= removal.leave_boards(player, note)
        removal.leave_news(player)
        removal.leave_answers(player, note)
        removal.leave_ids(player)
        found |= removal.lose_keys(player, note)
        if _account(player):
            found |= accounts.remove(player)
        audit.forget(player)
        if note.by and found:
            audit.record(audit.Entry("player_deleted", audit.pseudonym(player), note.by, note.reason))
        removal.end(player, note)
    except removal.Over:
        return True
    return found


def _account(player: str) -> accounts.Fields | None:
    account = accounts.find(player)
    return account if account and account["player_id"] == player else None


def check_field(field: str, value: object) -> str:
    """A profile field as it is kept, or a `ValidationError` at the field."""
    text = texts.clean(field, value, 0, LONGEST[field], lines=field == "about")
    if field == "country" and text and not (len(text) == 2 and text.isascii() and text.isalpha() and text.isupper()):
        raise ValidationError({field: _("Enter a country code of two capital letters, for example SE.")})
    if field == "timezone" and text:
        check_timezone(text)
    return text


def _follow(shard: int, player: str, other: str) -> bytes:
    (answer,) = catalog.run(
        "players/follow_player", [(shard, other)], lambda it: [player, it, MOST_FOLLOWED], repeatable=True
    )
    return bytes(answer)


def _unfollow(shard: int, player: str, others: Sequence[str]) -> None:
    catalog.run("players/unfollow_players", [(shard, others)], lambda it: [player, *it], repeatable=True)


def _forget_the_gone(shard: int, player: str) -> bool:
    """Players who were deleted do not count against the limit; False where there are none among the followed."""
    gone = sorted(followed_ids(player).difference(following(player)))
    if gone:
        _unfollow(shard, player, gone)
    return bool(gone)


def from_fields(player: str, fields: Mapping[bytes, bytes]) -> Player:
    """The profile that a player's hash holds; a bare one where it holds nothing."""
    told = {name.decode(): value.decode() for name, value in fields.items()}
    joined = told.pop("joined", None)
    return Player(
        id=player,
        name=told.pop("name", player),
        joined=datetime.fromtimestamp(int(joined), UTC) if joined else None,
        points=int(told.pop("points", 0)),
        unlocked=int(told.pop("unlocked", 0)),
        **{field: told[field] for field in LONGEST if field in told},
    )


def _boards_within(fields: Iterable[str]) -> str:
    """Return the boards that rank within one of some fields of the profile, as JSON; an empty text where none does."""
    by_field: dict[str, list[dict[str, Any]]] = catalog.derived("boards by segment", _boards_by_segment)
    found = [board for field in fields for board in by_field.get(field, ())]
    return json.dumps(found) if found else ""


def _boards_by_segment() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for board in removal.board_rules():
        found.setdefault(board["segment_by"], []).append(board)
    return found
