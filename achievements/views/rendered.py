"""Cards of achievements as HTML: there may be hundreds on a page, so they are made by hand. All texts are escaped."""

from collections.abc import Iterable
from functools import lru_cache

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from achievements import wording
from achievements.definitions import CatalogEntry, Progress
from achievements.drawing.badges import badge
from achievements.views import browsing
from leaderboards.wording import number

MOST_KEPT = 8192
_CARD = (
    '<li class="card achievement-card {status}" data-achievement="{slug}" data-status="{data_status}" '
    'data-progress="{progress}" data-target="{target}">{badge}<div class="what">{what}{bar}'
    '<p class="facts-line"><span class="state {status}">{state}</span> <span>{points}</span> {rarity}</p></div></li>'
)
_WHAT = '<h3><a href="{}">{}</a></h3><p>{}</p>'
_RARITY = '<span class="rarity {}">{}</span>'
_HIDDEN_CARD = (
    '<li class="card achievement-card hidden" data-achievement data-status="hidden">{badge}<div class="what">'
    "<h3>{name}</h3><p>{description}</p>"
    '<p class="facts-line"><span class="state hidden">{state}</span></p></div></li>'
)
_BAR = (
    '<div class="progress-line"><progress max="{target}" value="{progress}" aria-label="{label}">{text}</progress>'
    "<span>{text}</span></div>"
)


def cards(entries: Iterable[CatalogEntry]) -> SafeString:
    """The cards of a list of achievements."""
    language = get_language()
    made = [_card(entry, language) if entry.achievement else _secret() for entry in entries]
    return mark_safe("".join(made))  # noqa: S308  (every part is escaped)


def _card(entry: CatalogEntry, language: str | None) -> str:
    it = entry.achievement
    assert it is not None  # noqa: S101  (for the type checker)
    shown, state = current(entry.releases), browsing.status(entry)
    count = sum(release.unlocked for release in entry.releases)
    return _CARD.format(
        slug=it.slug,
        data_status=entry.status,
        status=state,
        progress=shown.progress,
        target=shown.target,
        badge=badge(it, shown_as(entry), level=level(entry), rarity=wording.band(entry.holders, entry.players)),
        what=_what(language, it.slug, it.name, it.description),
        bar="" if shown.unlocked or shown.target == 1 else bar(shown, it.name),
        state=_tiers(language, count, len(entry.releases)) if it.tiers else _state(language, state),
        points=_points(language, browsing.points(entry)),
        rarity=_rarity(language, entry.holders, entry.players),
    )


# What is the same for everybody is kept, by its text and by the language that is active.


@lru_cache(MOST_KEPT)
def _what(_language: str | None, slug: str, name: str, description: str) -> str:
    return _WHAT.format(reverse("achievement", args=[slug]), escape(name), escape(description))


@lru_cache(MOST_KEPT)
def _rarity(_language: str | None, holders: int, players: int) -> str:
    return _RARITY.format(wording.band(holders, players), escape(wording.rarity(holders, players)))


@lru_cache(MOST_KEPT)
def _points(_language: str | None, points: int) -> str:
    return escape(ngettext("%(points)s point", "%(points)s points", points) % {"points": number(points)})


@lru_cache(MOST_KEPT)
def _tiers(_language: str | None, count: int, of: int) -> str:
    return escape(ngettext("%(count)s of %(of)s tier", "%(count)s of %(of)s tiers", of) % {"count": count, "of": of})


@lru_cache(MOST_KEPT)
def _state(_language: str | None, state: str) -> str:
    return escape(wording.STATUSES[state])


def _secret() -> str:
    return _HIDDEN_CARD.format(
        badge=badge(None, "hidden"),
        name=escape(_("Secret achievement")),
        description=escape(_("Play on, and you may find out.")),
        state=escape(wording.STATUSES["hidden"]),
    )


def shown_as(entry: CatalogEntry) -> str:
    """How the badge of an entry looks: in colour as soon as a tier is unlocked."""
    return "unlocked" if any(release.unlocked for release in entry.releases) else entry.status


def level(entry: CatalogEntry) -> str:
    """The tier that a badge shows: the highest one that is unlocked, else the first; nothing where there are none."""
    if entry.achievement is None or not entry.achievement.tiers:
        return ""
    count = sum(release.unlocked for release in entry.releases)
    return entry.achievement.tiers[max(0, count - 1)].level


def current(releases: Iterable[Progress]) -> Progress:
    """The release that a player is working on: the first one that is open, else the last."""
    found = list(releases)
    return next((release for release in found if not release.unlocked), found[-1])


def bar(progress: Progress, name: str) -> SafeString:
    """A progress bar with its numbers beside it."""
    text = f"{number(progress.progress)} / {number(progress.target)}"
    label = escape(_("Progress of %(name)s") % {"name": name})
    return mark_safe(_BAR.format(progress=progress.progress, target=progress.target, label=label, text=text))  # noqa: S308
