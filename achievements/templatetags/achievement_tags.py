"""Filters of the pages of achievements."""

from collections.abc import Sequence
from datetime import date

from django import template
from django.urls import reverse
from django.utils.formats import date_format, number_format
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
def days_chart(numbers: Sequence[tuple[date, int]], name: str) -> SafeString:
    """Numbers of days as bars, with the first and the last day and the greatest number as text."""
    days = [date_format(day, "SHORT_DATE_FORMAT") for day, _number in numbers]
    top, most = max(numbers, key=lambda it: it[1])
    words = _("%(name)s by day, %(first)s to %(last)s. Most: %(most)s on %(day)s.") % {
        "name": name,
        "first": days[0],
        "last": days[-1],
        "most": number(most),
        "day": date_format(top, "SHORT_DATE_FORMAT"),
    }
    named = [(f"{day}: {number(value)}", value) for day, (_day, value) in zip(days, numbers, strict=True)]
    ends = format_html(
        '<p class="chart-ends"><span>{}</span><span>{}</span><span>{}</span></p>',
        *(days[0], _("Most: %(most)s") % {"most": number(most)}, days[-1]),
    )
    return charts.days(named, words) + ends


@register.simple_tag
def share_bar(count: int, of: int, name: str) -> SafeString:
    """A bar as long as a share, with the number and the percent beside it; `of` is at least 1."""
    text = _("%(n)s · %(share)s %%") % {"n": number(count), "share": wording.share(count, of)}
    return format_html(
        '<div class="progress-line"><progress max="{}" value="{}" aria-label="{}">{}</progress><span>{}</span></div>',
        *(str(of), str(count), name, text, text),
    )


@register.filter
def days(value: float) -> str:
    """A span in days, with a decimal where it is short."""
    decimals = 1 if value < 10 else 0
    text = number_format(f"{value:.{decimals}f}", decimals)
    return _("%(n)s days") % {"n": text}


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
