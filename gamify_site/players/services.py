"""Who a player is: the profile that a game, the player or staff writes, and its removal."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError

from gamify_site import clock
from gamify_site.identifiers import POINTS_BOARD, check_player_id, check_timezone
from gamify_site.players import accounts
from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import client, guarded, patiently

# Not printable and still part of a text: joiners within emoji and words; line breaks where there may be some.
HARMLESS = ({0x200C: None, 0x200D: None}, {0x200C: None, 0x200D: None, 0x0A: None, 0x0D: None})
LONGEST = {"name": 60, "about": 500, "country": 2, "team": 40, "region": 40, "avatar": 64, "timezone": 64}


class UnknownPlayer(LookupError):
    """There is no player with this id."""

    def __init__(self, player: str) -> None:
        super().__init__(f"There is no player {player!r}.")
        self.player = player


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

    Where a board ranks within a field that changes, the player's entries move in the same step. Raises
    `ValidationError` with the field, `StoreUnavailable`. One round trip; O(ranked sets of those boards × log size).
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
    flat = [part for pair in changes.items() for part in pair]
    work = [(shards.of(check_player_id(player)), player)]
    now = int(clock.now().timestamp())
    (reply,) = catalog.run(
        "players/upsert_player", work, lambda it: [it, now, json.dumps(_segmented_boards()), *flat], repeatable=True
    )
    return from_fields(player, dict(zip(reply[::2], reply[1::2], strict=True)))


def get(player: str) -> Player:
    """The profile. Raises `UnknownPlayer`, `ValidationError`. One round trip."""
    shard = shards.of(check_player_id(player))
    known, fields = _ask(shard, player)
    if known is None and not fields:
        raise UnknownPlayer(player)
    return from_fields(player, fields)


def exists(player: str) -> bool:
    """Whether the player has a profile or has ever done anything. One round trip."""
    known, fields = _ask(shards.of(check_player_id(player)), player)
    return known is not None or bool(fields)


def delete(player: str) -> bool:
    """Removes every trace of the player: profile, news, entries on all boards, the account. False where there was none.

    Two round trips, three where there is an account; O(ranked sets of all boards × log size).
    """
    work = [(shards.of(check_player_id(player)), player)]
    (found,) = catalog.run(
        "players/delete_player",
        work,
        lambda it: [it, json.dumps(_boards()), json.dumps(_achievements())],
        repeatable=True,
    )
    account = accounts.find(player)
    if account and account["player_id"] == player:
        found = accounts.remove(player)
    return bool(found)


def check_field(field: str, value: object) -> str:
    """A profile field without surrounding blanks, or a `ValidationError` at the field."""
    if not isinstance(value, str):
        raise ValidationError({field: "Enter a text."})
    text = value.strip()
    if len(text) > LONGEST[field]:
        raise ValidationError({field: f"At most {LONGEST[field]} characters."})
    if not text.translate(HARMLESS[field == "about"]).isprintable():
        raise ValidationError({field: "The text must not hold control characters."})
    if field == "country" and text and not (len(text) == 2 and text.isascii() and text.isalpha() and text.isupper()):
        raise ValidationError({field: "Enter a country code of two capital letters, for example SE."})
    if field == "timezone" and text:
        check_timezone(text)
    return text


def _ask(shard: int, player: str) -> Sequence[Any]:
    def ask() -> list[Any]:
        pipeline = client().pipeline(transaction=False)
        pipeline.zscore(keys.players(shard), player)
        pipeline.hgetall(keys.player(shard, player))
        return pipeline.execute()

    with guarded():
        return patiently(ask)


def from_fields(player: str, fields: Mapping[bytes, bytes]) -> Player:
    """The profile that a player's hash holds; a bare one where it holds nothing."""
    texts = {name.decode(): value.decode() for name, value in fields.items()}
    joined = texts.pop("joined", None)
    return Player(
        id=player,
        name=texts.pop("name", player),
        joined=datetime.fromtimestamp(int(joined), UTC) if joined else None,
        points=int(texts.pop("points", 0)),
        unlocked=int(texts.pop("unlocked", 0)),
        **{field: texts[field] for field in LONGEST if field in texts},
    )


def _boards() -> list[dict[str, Any]]:
    """What the scripts need to know to move or remove entries, from the definitions as they are stored."""
    stored = {POINTS_BOARD: {"ties": "unlocks"}, **catalog.definitions("board")}
    return [
        {
            "slug": slug,
            "segment_by": fields.get("segment_by", ""),
            "max_entries": int(fields.get("max_entries", 0)),
            "dense": int(fields["ties"] == "dense"),
        }
        for slug, fields in sorted(stored.items())
    ]


def _achievements() -> list[dict[str, str]]:
    """What a player's keys are named by."""
    found = catalog.definitions("achievement")
    return [{"slug": slug, "action": fields.get("action", slug)} for slug, fields in sorted(found.items())]


def _segmented_boards() -> list[dict[str, Any]]:
    return [board for board in _boards() if board["segment_by"]]
