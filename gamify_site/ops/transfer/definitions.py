"""Boards and achievements, with the history of an achievement."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError

from achievements.definitions import Achievement
from gamify_site.ops.transfer import checks
from gamify_site.ops.transfer.inventory import Inventory
from gamify_site.ops.transfer.target import Target
from gamify_site.store import catalog, keys
from leaderboards.definitions import EXACT, Board
from leaderboards.services import boards

MOST_REVISIONS = 200

Thing = dict[str, Any]


def read_boards(_inventory: Inventory) -> Iterator[Thing]:
    """All boards that are stored: slug, fields as they are stored."""
    for slug, stored in sorted(catalog.definitions("board").items()):
        yield {"slug": slug, "fields": dict(stored)}


def make_board(thing: Any, target: Target) -> None:
    """Checks a board and makes it."""
    checks.fields(thing, ("slug", "fields"))
    board = _definition(thing, Board.from_fields)
    _valid(lambda: boards.check(board, None, ()))  # how many there are was allowed where they come from
    _write(target, "board", board.slug, board.to_fields())
    target.known.add_board(board)


def read_achievements(_inventory: Inventory) -> Iterator[Thing]:
    """All achievements: slug, fields as they are stored, revisions by number."""
    for slug, stored in sorted(catalog.definitions("achievement").items()):
        kept = {str(number): json.loads(text) for number, text in catalog.history("achievement", slug).items()}
        yield {"slug": slug, "fields": dict(stored)} | ({"revisions": kept} if kept else {})


def make_achievement(thing: Any, target: Target) -> None:
    """Checks an achievement and makes it."""
    checks.fields(thing, ("slug", "fields"), ("revisions",))
    achievement = _definition(thing, Achievement.from_fields)
    checks.whole("revision", achievement.revision, 1, EXACT)
    target.known.add_achievement(achievement)
    _write(target, "achievement", achievement.slug, achievement.to_fields())
    revisions = checks.mapping("revisions", thing.get("revisions", {}))
    if len(revisions) > MOST_REVISIONS:
        raise checks.Wrong(f"more than {MOST_REVISIONS} revisions")
    for number, told in revisions.items():
        checks.number("revision", number)
        _check_revision(achievement.slug, told)
        key = keys.revisions("achievement", achievement.slug)
        target.site.add("HSET", key, number, json.dumps(told, sort_keys=True))


def _definition(thing: Thing, make: Callable[[dict[str, str]], Any]) -> Any:
    slug, stored = checks.slug("slug", thing["slug"]), checks.texts("fields", thing["fields"], 1_000_000)
    definition = _valid(lambda: make(dict(stored)))
    if definition.slug != slug:
        raise checks.wrong("slug", slug, f"has the fields of {definition.slug}")
    return definition


def _check_revision(slug: str, told: Any) -> None:
    checks.fields(told, ("fields", "at", "by", "reason"))
    checks.whole("at", told["at"], 0, checks.LATEST_MS)
    checks.text("by", told["by"], 100)
    checks.text("reason", told["reason"])
    _definition({"slug": slug, "fields": told["fields"]}, Achievement.as_stored)


def _valid(make: Callable[[], Any]) -> Any:
    """What `make` gives; stored fields can be wrong in as many ways as there are to read them."""
    try:
        return make()
    except ValidationError as error:
        raise checks.Wrong("; ".join(f"{name}: {' '.join(why)}" for name, why in error.message_dict.items())) from error
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise checks.Wrong(f"the fields are no definition ({type(error).__name__}: {error})") from error


def _write(target: Target, kind: str, slug: str, stored: Mapping[str, str]) -> None:
    flat = [part for pair in sorted(stored.items()) for part in pair]
    target.site.add("HSET", keys.definition(kind, slug), *flat)
    target.site.put(keys.definitions(kind), slug)
