"""The catalog of all achievements, and each of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from achievements import wording
from achievements.definitions import Achievement, CatalogEntry
from achievements.services import catalog, collections, insights, progress, states, streaks, unlocks
from achievements.views import browsing, rendered
from achievements.views.asking import clear_errors
from achievements.views.browsing import CatalogQuery
from gamify_site.asking import player_of, private, wants

RESULTS = "results"  # the part that changes as one types; also the id of its element
MOST_HOLDERS = 8
HISTORY_DAYS = 30


class Group(NamedTuple):
    """A part of the catalog under one heading."""

    title: str
    unlocked: int
    total: int
    cards: SafeString


@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    """All achievements, with search, filters and orders in the address; or just the part that these change."""
    query, player = CatalogQuery.read(request.GET), player_of(request)
    entries = progress.entries(states.read(player) if player else states.nobody())
    described = [browsing.describe(entry) for entry in entries]
    found = query.select(described)
    context = {
        "query": query,
        "facets": [(name, wording.FACETS[name], choices) for name, choices in query.facets(described).items()],
        "sorts": wording.SORTS.items(),
        "groups": list(_groups(query, found)),
        "found": len(found),
        "total": len(entries),
        "unlocked": _count_unlocked(entries),
        "clear_url": CatalogQuery(sort=query.sort).url(),
    }
    name = "achievements/catalog.html" + (f"#{RESULTS}" if wants(request, RESULTS) else "")
    return private(render(request, name, context))


@require_safe
@clear_errors
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One achievement: what to do, how far I am, who has it."""
    player = player_of(request)
    achievement = catalog.get(slug)
    state = _state_for(player, achievement)
    achievement = catalog.get(slug)  # it may have been changed since this process last looked
    entry = progress.visible(slug, state)
    shown = rendered.current(entry.releases)
    holders, players = state.holders.get(shown.achievement, 0), state.players
    context = {
        "achievement": achievement,
        "entry": entry,
        "player": player,
        "category": wording.category(achievement.category),
        "type": wording.TYPES[achievement.type],
        "status": browsing.status(entry),
        "state": wording.STATUSES[browsing.status(entry)],
        "points": browsing.points(entry),
        "level": rendered.level(entry),
        "shown_as": rendered.shown_as(entry),
        "holders": holders,
        "players": players,
        "rarity": wording.rarity(holders, players),
        "band": wording.band(holders, players),
        "shown": shown,
        "tier_name": next((it.name for it in achievement.releases() if it.slug == shown.achievement), ""),
        "ladder": list(zip(achievement.tiers, entry.releases, strict=True)) if achievement.tiers else [],
        "items": collections.status_in(state, achievement) if achievement.type == "collection" else None,
        "streak": streaks.status_in(state, achievement) if achievement.type == "streak" and player else None,
        "prerequisites": _prerequisites(achievement, state),
        "friends": insights.holders_among(shown.achievement, state.following),
        "is_pinned": slug in state.pinned,
        "is_held": any(release.unlocked for release in entry.releases),
        "story": insights.story(shown.achievement, (holders, players), holders=MOST_HOLDERS, days=HISTORY_DAYS),
    }
    with timezone.override(ZoneInfo(state.profile.timezone)):
        return private(render(request, "achievements/achievement.html", context))


@require_POST
@login_required
@clear_errors
def pin(request: HttpRequest, slug: str) -> HttpResponse:
    """Shows an achievement first on the player's profile, or no longer, as the form's `pinned` (1 or 0) says."""
    try:
        change = unlocks.pin if request.POST.get("pinned") == "1" else unlocks.unpin
        change(str(player_of(request)), slug)
    except ValidationError as error:
        if "full" not in {found.code for errors in error.error_dict.values() for found in errors}:
            raise Http404 from error
        messages.error(request, _("%(most)s are pinned already. Take one off first.") % {"most": unlocks.MOST_PINNED})
    return redirect("achievement", slug)


class Prerequisite(NamedTuple):
    """What an achievement waits for. A hidden one that the player does not have yet has neither name nor address."""

    name: str
    url: str
    is_met: bool


def _prerequisites(achievement: Achievement, state: states.State) -> list[Prerequisite]:
    """In their order; those without a name last, so that their place tells nothing of it."""
    return sorted((_prerequisite(it, state) for it in achievement.prerequisites), key=lambda it: not it.name)


def _prerequisite(release: str, state: states.State) -> Prerequisite:
    it = catalog.find(release)
    is_met = release in state.unlocked
    if progress.entry(it, state).status == "hidden":
        return Prerequisite("", "", is_met)
    name = next(found.name for found in it.releases() if found.slug == release)
    return Prerequisite(name, reverse("achievement", args=[it.slug]), is_met)


def _state_for(player: str | None, achievement: Achievement) -> states.State:
    if player is None:
        return replace(states.nobody(), items={achievement.slug: ()})
    is_streak, is_collection = achievement.type == "streak", achievement.type == "collection"
    return states.read(
        player,
        days=[achievement.action or ""] if is_streak else [],
        items=[achievement.slug] if is_collection else [],
    )


def _groups(query: CatalogQuery, found: Sequence[CatalogEntry]) -> Iterator[Group]:
    """By category, or all in one where another order is asked for."""
    if query.sort:
        yield Group("", _count_unlocked(found), len(found), rendered.cards(found))
        return
    for category, group in groupby(found, key=lambda entry: entry.category):
        entries = list(group)
        yield Group(wording.category(category), _count_unlocked(entries), len(entries), rendered.cards(entries))


def _count_unlocked(entries: Sequence[CatalogEntry]) -> int:
    return sum(entry.status == "unlocked" for entry in entries)
