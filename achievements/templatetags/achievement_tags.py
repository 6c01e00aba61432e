"""Filters of the pages of achievements."""

from collections.abc import Sequence
from datetime import date

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from achievements import wording
from achievements.definitions import CatalogEntry, Progress
from achievements.services.insights import Rarity
from achievements.views import rendered
from gamify_site import charts
from gamify_site.players.avatars import avatar
from gamify_site.players.choices import country_names
from gamify_site.players.services import Player
from leaderboards.wording import number

register = template.Library()


@register.filter
def rarity(entry: CatalogEntry) -> str:
    """The rarity of an entry in words."""
    return wording.rarity(entry.holders, entry.players)


@register.filter
def category_name(slug: str) -> str:
    """What a category is called."""
    return wording.category(slug)


@register.simple_tag
def progress_bar(progress: Progress, name: str) -> str:
    """A progress bar with its numbers beside it."""
    return rendered.bar(progress, name)


@register.simple_tag
def person(player: str, name: str, chosen: str = "") -> SafeString:
    """A player in a line: avatar and name, linked to the profile."""
    return format_html(
        '<a class="person" href="{}">{}<bdi>{}</bdi></a>',
        reverse("profile", args=[player]),
        avatar(player, chosen),
        name,
    )


@register.simple_tag
def portrait(player: Player) -> SafeString:
    """A player's avatar, large."""
    return avatar(player.id, player.avatar, "avatar portrait")


@register.filter
def country_name(code: str) -> str:
    """A country's name for its code; the code where there is none."""
    return country_names(get_language()).get(code, code)


@register.simple_tag
def points_chart(points: Sequence[tuple[date, int]]) -> SafeString:
    """Points day by day, with the first and the last number as text."""
    first, last = points[0][1], points[-1][1]
    words = _("From %(first)s to %(last)s points in %(days)s days.") % {
        "first": number(first),
        "last": number(last),
        "days": len(points),
    }
    chart = charts.area([value for _day, value in points], words)
    return format_html('{}<p class="chart-ends"><span>{}</span><span>{}</span></p>', chart, number(first), number(last))


@register.simple_tag
def rarity_chart(history: Sequence[Rarity]) -> SafeString:
    """The share of players who have something, day by day."""
    first, last = history[0], history[-1]
    ends = [wording.share(it.holders, it.players) + " %" for it in (first, last)]
    words = _("Share of players: %(first)s %(days)s days ago, %(last)s now.") % {
        "first": ends[0],
        "last": ends[1],
        "days": len(history),
    }
    chart = charts.area([it.holders / it.players if it.players else 0 for it in history], words)
    return format_html('{}<p class="chart-ends"><span>{}</span><span>{}</span></p>', chart, *ends)


@register.simple_tag
def progress_ring(progress: Progress) -> SafeString:
    """The progress as a ring."""
    return charts.ring(progress.percent, _("%(percent)s percent done") % {"percent": progress.percent})
