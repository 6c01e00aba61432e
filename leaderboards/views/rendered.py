"""Rows of boards as HTML: the one part of a page that there is a lot of, so it is made by hand and kept.

What is the same for everybody (podium and top rows) is rendered once per process and language, and kept by the very
rows that it shows: it cannot be stale, and a change further down the board costs nothing. Names come from anybody and
are always escaped.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from gamify_site.players.avatars import avatar
from leaderboards import wording
from leaderboards.definitions import Row, Standing

MOST_KEPT = 256
MOST_ADDRESSES = 16_384
ME = ' class="me" aria-current="true"'
FOUND = ' class="found"'
_ROW = (
    '<tr data-board-row data-player="{player}" data-rank="{rank}" data-score="{score}"{mark}>'
    '<td class="rank">{place}</td>'
    '<td class="who"><span>{avatar}'
    '<span><a href="{url}"><bdi>{name}</bdi></a>{you}</span></span></td>'
    '<td class="score">{shown}{gap}</td></tr>'
)
_YOU = ' <span class="you">{}</span>'
_MEDAL = '<span class="medal medal-{0}">{0}</span>'
_kept: OrderedDict[tuple[tuple[Row, ...], str | None], "Top"] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Top:
    """The head of a board, the same for everybody: the podium, and each top row by itself."""

    podium: str
    rows: tuple[str, ...]


def top(some: tuple[Row, ...], me: str | None) -> tuple[SafeString, SafeString]:
    """Podium and top rows, the visitor's own one marked."""
    key = (some, get_language())
    found = _kept.pop(key, None)
    if found is None:
        podium = render_to_string("leaderboards/_podium.html", {"rows": some[:3]}) if some else ""
        found = Top(podium, tuple(row(it) for it in some))
    _kept[key] = found
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    shown = list(found.rows)
    for index, it in enumerate(some):
        if it.player == me:
            shown[index] = row(it, mark=ME)
    return mark_safe(found.podium), mark_safe("".join(shown))  # noqa: S308  (row escapes)


def rows(
    some: Sequence[Row], me: str | None, *, marked: str | int | None = None, mine: Standing | Row | None = None
) -> SafeString:
    """Table rows. Marks the visitor's own and those of a player or rank; with `mine`, says how far each is away."""
    made = []
    for it in some:
        mark = ME if it.player == me else FOUND if marked in (it.rank, it.player) else ""
        made.append(row(it, mark=mark, gap=it.score - mine.score if mine and it.player != me else None))
    return mark_safe("".join(made))  # noqa: S308  (row escapes)


def row(it: Row, *, mark: str = "", gap: int | Decimal | None = None) -> str:
    """One table row, escaped."""
    return _ROW.format(
        player=escape(it.player),
        url=_profile_url(it.player),
        rank=it.rank,
        score=it.score,
        mark=mark,
        place=_MEDAL.format(it.rank) if it.rank <= 3 else wording.number(it.rank),
        avatar=avatar(it.player, it.avatar),
        name=escape(it.name),
        you=_YOU.format(escape(_("You"))) if mark == ME else "",
        gap="" if gap is None else f'<small class="gap">{wording.breakable(wording.difference(gap))}</small>',
        shown=wording.breakable(wording.number(it.score)),
    )


@lru_cache(maxsize=MOST_ADDRESSES)
def _profile_url(player: str) -> str:
    return reverse("profile", args=[player])
