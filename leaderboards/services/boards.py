"""Definitions of boards: written by designers, read by everything else."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gamify_site import audit
from gamify_site.identifiers import POINTS_BOARD
from gamify_site.store import catalog, shards
from leaderboards.definitions import Board
from leaderboards.errors import UnknownBoard
from leaderboards.services import limits, sets

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
SAME_ORDER_VALUES = {"shared", "dense"}


def define(board: Board, *, by: str = "") -> None:
    """Creates or replaces a definition; it holds for every write and read that begins afterwards.

    A board with entries keeps its order, decimals and tie rule, because its numbers are stored by them; only `shared`
    and `dense` may take each other's place. Where `by` is given the change is in the audit log. Raises
    `ValidationError` with the field.
    Cost: 3 round trips and those of `derive` where segments, ties or the limit change on a board with entries.
    """
    before = _find(board.slug)

    def make() -> catalog.Change:
        check(board, before)
        stored, fields = catalog.definitions(KIND).get(board.slug, {}), board.to_fields()
        entry = audit.Entry("board_saved", board.slug, by, "", *audit.changed(stored, fields))
        return catalog.Change(fields, entry=entry.to_fields() if by else {})

    catalog.change(KIND, board.slug, make)
    if before is not None:
        _follow_change(before, board)


def check(board: Board, before: Board | None) -> None:
    """Raises `ValidationError` with the field where a definition cannot take the place of `before`.

    Cost: none; a round trip where order, decimals or the tie rule differ.
    """
    if board.slug == POINTS:
        _check_built_in(board)
    if before is not None:
        _refuse_new_encoding(before, board)


def get(slug: str) -> Board:
    """The definition. Raises `UnknownBoard`. No round trip; one where it is not known here yet."""
    if _find(slug) is None:
        catalog.follow()
    board = _find(slug)
    if board is None:
        raise UnknownBoard(slug)
    return board


def all() -> list[Board]:  # noqa: A001  (the public name)
    """All definitions, by name. No round trip while no definition has changed."""
    return sorted(_all().values(), key=lambda board: (board.name.casefold(), board.slug))


def delete(slug: str, *, by: str = "") -> None:
    """Removes the definition and every entry. Raises `UnknownBoard`. Cost: some 3 round trips for each period kept."""
    get(slug)
    if slug == POINTS:
        raise ValidationError({"slug": _("The built-in board cannot be deleted.")})

    def make() -> catalog.Change:
        entry = audit.Entry("board_deleted", slug, by, before=catalog.definitions(KIND).get(slug, {}))
        return catalog.Change({}, entry=entry.to_fields() if by else {})

    catalog.change(KIND, slug, make)
    sets.remove(slug)


def _all() -> dict[str, Board]:
    def read() -> dict[str, Board]:
        stored = {slug: Board.from_fields(fields) for slug, fields in catalog.definitions(KIND).items()}
        return {POINTS: BUILT_IN} | stored if catalog.definitions(POINTS_COME_FROM) else stored

    return catalog.derived("boards", read)


def _find(slug: str) -> Board | None:
    return _all().get(slug)


def _check_built_in(board: Board) -> None:
    """The board of points is written by the achievements alone, one set, by what they know."""
    for name, allowed in BUILT_IN_RULES.items():
        if getattr(board, name) not in allowed:
            needed = _(" or ").join(map(str, allowed))
            raise ValidationError({name: _("The built-in board needs %(allowed)s.") % {"allowed": needed}})


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
    limit = after.max_entries
    if limit is not None and (before.max_entries is None or limit < before.max_entries):
        for suffix in {suffix for shard in shards.everyone() for suffix in sets.suffixes(shard, after.slug)}:
            limits.enforce(after, suffix)
