"""Tags and filters of the board pages."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django import template
from django.templatetags.static import static
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from gamify_site import charts
from gamify_site.players import avatars
from leaderboards import wording
from leaderboards.definitions import Board, Distribution, Row, Standing

register = template.Library()

NEAR_AN_END = 20  # percent of a chart's width, within which a text in the middle below a bar might not fit


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of static/icons/icons.svg; it is decoration, so the words stand beside it."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("icons/icons.svg"), name
    )


@register.simple_tag
def avatar(row: Row) -> SafeString:
    """The avatar of a row's player."""
    return avatars.avatar(row.player, row.avatar)


@register.simple_tag
def avatar_of(player: str) -> SafeString:
    """The avatar of a player of whom no more is known."""
    return avatars.avatar(player)


@register.simple_tag
def options(choices: Sequence[tuple[str, str]], chosen: str) -> SafeString:
    """The options of a select, one of them chosen; made by hand because there may be hundreds."""
    return mark_safe(  # noqa: S308  (both parts are escaped)
        "".join(
            f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(label)}</option>'
            for value, label in choices
        )
    )


@register.filter
def number(value: int | Decimal) -> str:
    """A number for readers, grouped as their language does."""
    return wording.number(value)


@register.filter
def ago(moment: datetime) -> str:
    """How long ago something was, or how soon it will be, in its greatest unit: 2 days ago."""
    return wording.ago(moment)


@register.filter
def left(moment: datetime) -> str:
    """How long it is until a moment, in its greatest unit: 2 days."""
    return wording.left(moment)


@register.filter
def place(standing: Standing) -> str:
    """A place in words: Top 3 %."""
    return wording.place(standing)


@register.filter
def window_name(window: str) -> str:
    """What a window is called."""
    return str(wording.WINDOWS[window])


@register.filter
def segment_name(field: str) -> str:
    """What a segment's profile field is called."""
    return str(wording.SEGMENTS[field])


@register.filter
def window_names(board: Board) -> str:
    """The windows of a board in one line."""
    return _(", ").join(str(wording.WINDOWS[window]) for window in board.windows)


@register.simple_tag
def spread_chart(spread: Distribution) -> SafeString:
    """How many players have which scores, the visitor's own span marked."""
    words = _("From %(worst)s to %(best)s in %(n)s spans; most players in one span: %(most)s.") % {
        "worst": wording.number(spread.worst),
        "best": wording.number(spread.best),
        "n": len(spread.counts),
        "most": wording.number(max(spread.counts)),
    }
    return charts.bars(spread.counts, spread.mine, words)


@register.simple_tag
def own_mark(spread: Distribution, score: int | Decimal) -> SafeString:
    """The visitor's own score below the bar that it is counted in; near an end it begins or ends with its bar."""
    if spread.mine is None:
        return SafeString()
    first, behind = (100 * edge / len(spread.counts) for edge in (spread.mine, spread.mine + 1))
    place, anchor = (first + behind) / 2, "middle"
    if place < NEAR_AN_END:
        place, anchor = first, "start"
    elif place > 100 - NEAR_AN_END:
        place, anchor = behind, "end"
    text = _("You: %(score)s") % {"score": wording.number(score)}
    return format_html(
        '<svg class="own-mark" role="img" aria-label="{}"><text x="{}%" y="1.1em" text-anchor="{}">{}</text></svg>',
        *(text, f"{place:.1f}", anchor, text),
    )
