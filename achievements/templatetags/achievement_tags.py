"""Filters of the pages of achievements."""

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from achievements import wording
from achievements.definitions import CatalogEntry, Progress
from achievements.views import rendered
from gamify_site.players.choices import countries
from gamify_site.players.services import Player
from leaderboards.views.rendered import initial, tone

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
def person(player: str, name: str, avatar: str = "") -> SafeString:
    """A player in a line: avatar and name, linked to the profile."""
    return format_html(
        '<a class="person" href="{}"><span class="avatar {}" aria-hidden="true">{}</span><bdi>{}</bdi></a>',
        reverse("profile", args=[player]),
        tone(player, avatar),
        initial(name),
        name,
    )


@register.simple_tag
def portrait(player: Player) -> SafeString:
    """A player's avatar, large."""
    return format_html(
        '<span class="avatar portrait {}" aria-hidden="true">{}</span>',
        tone(player.id, player.avatar),
        initial(player.name),
    )


@register.filter
def country_name(code: str) -> str:
    """A country's name for its code; the code where there is none."""
    return dict(countries()).get(code, code)
