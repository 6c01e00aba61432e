"""Definitions of boards: written by designers, read by everything else."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gamify_site import audit
from gamify_site.identifiers import POINTS_BOARD
from gamify_site.store import catalog, shards
from leaderboards.definitions import Board
from leaderboards.errors import EditedMeanwhile, UnknownBoard
from leaderboards.services import closings, limits, sets

KIND = "board"
POINTS = POINTS_BOARD  # there as soon as there are achievements
POINTS_COME_FROM = "achievement"
BUILT_IN = Board(
    POINTS, "Achievement points", combine="last", ties="unlocks", description="The points of everything unlocked."
)
BUILT_IN_RULES: dict[str, tuple[object, ...]] = {
    "action": (None,),
    "combine": ("last",),
    "order": ("desc",),
    "decimals": (0,),
    "windows": (("all",),),
    "ties": ("unlocks", "shared", "dense"),
}
FIXED = ("order", "decimals", "ties")
MAX_WINDOWS = 50  # of the boards of one action together: so many ranked sets an event may be written to, in 5 ms
SAME_ORDER_VALUES = {"shared", "dense"}


def define(board: Board, *, by: str = "", expected: str | None = None) -> None:
    """Creates or replaces a definition; it holds for every write and read that begins afterwards.

    A board with entries keeps its order, decimals and tie rule, because its numbers are stored by them; only `shared`
    and `dense` may take each other's place. Where `by` is given the change is in the audit log; with `expected`, the
    `digest` of what was edited, an edit by somebody else in between is not overwritten: `EditedMeanwhile`. Raises
    `ValidationError` with the field. A closed period that is not final by the new definition, because its season goes
    on or the grace is longer, takes events again and will be closed again; what it did not take stays uncounted.
    Cost: 3 round trips and those of `derive` where segments, ties or the limit change on a board with entries; two more
    where seasons, the timezone or the grace change, and one for each 100 players where a period is opened again.
    """
    replaced: list[Board | None] = []

    def make() -> catalog.Change:
        before = find(board.slug)
        if expected is not None and expected != digest(before):
            raise EditedMeanwhile(board.slug)
        check(board, before, all())
        replaced.append(before)
        return _change("board_saved", board.slug, before, board, by)

    catalog.change(KIND, board.slug, make)
    if (before := replaced[-1]) is not None:
        _follow_change(before, board)


def check(board: Board, before: Board | None, known: Iterable[Board]) -> None:
    """Raises `ValidationError` with the field where a definition cannot take the place of `before` among those known.

    Cost: none; a round trip where order, decimals or the tie rule differ.
    """
    if board.slug == POINTS:
        _check_built_in(board)
    if board.action is not None:
        _check_limits(board, before, [it for it in known if it.action == board.action and it.slug != board.slug])
    if before is not None:
        _refuse_new_encoding(before, board)


def digest(board: Board | None) -> str:
    """Tells one definition of a board from another; empty where there is none."""
    return _digest(board.to_fields() if board else {})


def changes_since(slug: str, known: str) -> list[audit.Entry]:
    """What the audit log tells of the edits since the definition with the digest `known`, latest first.

    Empty where it does not tell all of them, as where a program has changed the board. Raises `StoreUnavailable`.
    One round trip for each 500 entries of the log that are looked at.
    """
    board = find(slug)
    fields = board.to_fields() if board else {}
    found: list[audit.Entry] = []
    for entry in audit.walk(lambda it: it.what in ("board_saved", "board_deleted") and it.subject == slug):
        if any(fields.get(name) != value for name, value in entry.after.items()):
            return []
        fields = {name: value for name, value in fields.items() if name not in entry.after} | dict(entry.before)
        found += [entry] if entry.changes else []
        if _digest(fields) == known:
            return found
    return []


def get(slug: str) -> Board:
    """The definition. Raises `UnknownBoard`. No round trip; one where it is not known here yet."""
    if find(slug) is None:
        catalog.follow()
    board = find(slug)
    if board is None:
        raise UnknownBoard(slug)
    return board


def find(slug: str) -> Board | None:
    """The definition, None where there is none. No round trip while no definition has changed."""
    return _all().get(slug)


def all() -> list[Board]:  # noqa: A001  (the public name)
    """All definitions, by name. No round trip while no definition has changed."""
    return sorted(_all().values(), key=lambda board: (board.name.casefold(), board.slug))


def for_scripts(slug: str) -> str:
    """What the Lua scripts need to know of a board. Raises `UnknownBoard`. No round trip, as `get`."""
    known = catalog.derived("boards for scripts", lambda: {name: it.for_scripts() for name, it in _all().items()})
    return known[slug] if slug in known else get(slug).for_scripts()


def delete(slug: str, *, by: str = "") -> None:
    """Removes the definition and every entry. Raises `UnknownBoard`. Cost: some 3 round trips for each period kept."""
    get(slug)
    if slug == POINTS:
        raise ValidationError({"slug": _("The built-in board cannot be deleted.")})

    catalog.change(KIND, slug, lambda: _change("board_deleted", slug, find(slug), None, by))
    sets.remove(slug)


def _change(what: str, slug: str, before: Board | None, after: Board | None, by: str) -> catalog.Change:
    old, new = (board.to_fields() if board else {} for board in (before, after))
    entry = audit.Entry(what, slug, by, "", *audit.changed(old, new))
    return catalog.Change(new, entry=entry.to_fields() if by else {})


def _digest(fields: Mapping[str, str]) -> str:
    return blake2b(json.dumps(fields, sort_keys=True).encode(), digest_size=8).hexdigest() if fields else ""


def _all() -> dict[str, Board]:
    def read() -> dict[str, Board]:
        stored = {slug: Board.as_stored(fields) for slug, fields in catalog.definitions(KIND).items()}
        return {POINTS: BUILT_IN} | stored if catalog.definitions(POINTS_COME_FROM) else stored

    return catalog.derived("boards", read)


def _check_built_in(board: Board) -> None:
    """The board of points is written by the achievements alone, one set, by what they know."""
    for name, allowed in BUILT_IN_RULES.items():
        if getattr(board, name) not in allowed:
            needed = _(" or ").join(map(str, allowed))
            raise ValidationError({name: _("The built-in board needs %(allowed)s.") % {"allowed": needed}})


def _check_limits(board: Board, before: Board | None, others: Sequence[Board]) -> None:
    """A board that is over the limit already can be edited as long as it does not add to that."""
    now = before if before and before.action == board.action else None
    windows = sum(len(it.windows) for it in others) + len(board.windows)
    if windows > MAX_WINDOWS and (now is None or len(board.windows) > len(now.windows)):
        reason = _("The boards of “%(action)s” would have %(number)s windows together, and %(most)s is the most.")
        told = {"action": board.action, "number": windows, "most": MAX_WINDOWS}
        raise ValidationError({"windows": reason % told})


def _refuse_new_encoding(before: Board, after: Board) -> None:
    changed = [name for name in FIXED if getattr(before, name) != getattr(after, name)]
    if changed == ["ties"] and {before.ties, after.ties} == SAME_ORDER_VALUES:
        return
    if changed and sets.size(before.slug):
        reason = _("This board has entries, which are stored by this rule. Delete the board, or make another one.")
        raise ValidationError(dict.fromkeys(changed, reason))


def _follow_change(before: Board, after: Board) -> None:
    if (before.segment_by, before.ties) != (after.segment_by, after.ties):
        sets.derive(lambda: get(after.slug))
    if any(getattr(before, name) != getattr(after, name) for name in ("seasons", "timezone", "grace_hours")):
        sets.forget_final_ranks([f"{after.slug}:{suffix}" for suffix in closings.open_unfinished(after)])
        closings.plan(after, _registered(after.slug), catalog.current_version())
    limit = after.max_entries
    if limit is not None and (before.max_entries is None or limit < before.max_entries):
        for suffix in _registered(after.slug):
            limits.enforce(after, suffix)


def _registered(slug: str) -> set[str]:
    return {suffix for shard in shards.everyone() for suffix in sets.suffixes(shard, slug)}
