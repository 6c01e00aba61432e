"""Players as others see them, and two of them side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from achievements.definitions import Achievement, Progress, Unlock
from achievements.services import catalog, progress, states, streaks, unlocks
from achievements.views import rendered
from achievements.views.asking import clear_errors
from gamify_site import clock
from gamify_site.asking import player_of, private
from gamify_site.players.services import UnknownPlayer
from leaderboards import wording
from leaderboards.services import boards, ranking, seasons

LATEST = 8
MOST_BOARDS = 12
POINTS_DAYS = 30
WEEKS = 53


class Badge(NamedTuple):
    """An unlock as it is shown: with its definition, or with nothing where the one who looks must not know it."""

    unlock: Unlock
    achievement: Achievement | None
    level: str
    name: str


@require_safe
@clear_errors
def profile(request: HttpRequest, player: str) -> HttpResponse:
    """One player: points, ranks, badges, days."""
    viewer = player_of(request)
    streak = _main_streak()
    state, known = _read(player, viewer, streak)
    views = ranking.views([board.slug for board in boards.all()[:MOST_BOARDS]], player=player)
    entries = progress.entries(state)
    unlocked = sorted(state.unlocked.values(), key=unlocks.latest_first)
    shown = [badge_of(unlock, known) for unlock in unlocked[:LATEST]]
    today = clock.now().date()
    calendar = streaks.calendar_in(state, streak, *_year(today)) if streak else {}
    context = {
        "profile": state.profile,
        "is_me": viewer == player,
        "is_followed": viewer is not None and player in known.following,
        "views": [view for view in views if view.standing],
        "done": sum(entry.status == "unlocked" for entry in entries),
        "total": len(entries),
        "final_ranks": [
            (it, wording.period(it.board, it.window, it.period)) for it in seasons.latest_ranks(state.final_ranks)
        ],
        "pinned": [badge_of(_highest(slug, state), known) for slug in state.pinned],
        "latest": shown,
        "points_by_day": points_by_day(unlocked, today),
        "streak": streaks.status_in(state, streak) if streak else None,
        "streak_of": streak,
        "calendar": calendar,
        "has_moved": "moved" in calendar.values(),
        "year": _year(today),
    }
    with timezone.override(ZoneInfo(known.profile.timezone if viewer else "UTC")):
        return private(render(request, "achievements/profile.html", context))


@require_safe
@clear_errors
def compare(request: HttpRequest, player: str, other: str) -> HttpResponse:
    """Show two players, achievement by achievement, without what is hidden from the viewer; of one, the profile."""
    if player == other:
        return redirect("profile", player)
    viewer = player_of(request)
    one, two, *rest = states.read_many([player, other, *([viewer] if viewer else [])])
    pairs = list(_pairs(_known(one), _known(two), rest[0] if rest else replace(one, unlocked={})))
    context = {
        "one": one.profile,
        "two": two.profile,
        "pairs": sorted(pairs, key=lambda pair: (not pair.leads, pair.achievement.category)),
        "both": sum(pair.one.unlocked and pair.two.unlocked for pair in pairs),
        "only_one": sum(pair.one.unlocked and not pair.two.unlocked for pair in pairs),
        "only_two": sum(pair.two.unlocked and not pair.one.unlocked for pair in pairs),
    }
    return private(render(request, "achievements/compare.html", context))


class Pair(NamedTuple):
    """One achievement as two players have it: how far, and whether it is unlocked."""

    achievement: Achievement
    one: Progress
    two: Progress

    @property
    def leads(self) -> str:
        """Who is ahead: `one`, `two`, or nobody."""
        marks = [(it.unlocked, it.progress) for it in (self.one, self.two)]
        return "" if marks[0] == marks[1] else "one" if marks[0] > marks[1] else "two"


def _pairs(one: states.State, two: states.State, known: states.State) -> Iterator[Pair]:
    """What the one who looks may know of, and either has begun."""
    for item in catalog.all():
        found = Pair(item, rendered.current(one.of(item)), rendered.current(two.of(item)))
        begun = any(it.progress or it.unlocked for state in (one, two) for it in state.of(item))
        if item.status != "draft" and begun and progress.entry(item, known).status != "hidden":
            yield found


def _read(player: str, viewer: str | None, streak: Achievement | None) -> tuple[states.State, states.State]:
    """A player who is there, and what the one who looks has: that decides what may be named."""
    days = [streak.action or ""] if streak else []
    state, *rest = states.read_many([player, *([viewer] if viewer else [])], days=days, final_ranks=True)
    return _known(state), rest[0] if rest else replace(state, unlocked={})


def read_as_visitor(player: str) -> tuple[states.State, states.State]:
    """A player who is there, and what somebody who has nothing may know of them."""
    return _read(player, None, None)


def _known(state: states.State) -> states.State:
    if not state.is_known:
        raise UnknownPlayer(state.player)
    return state


def badge_of(unlock: Unlock, known: states.State) -> Badge:
    """An unlock as somebody who has `known` may see it."""
    it = catalog.find(unlock.achievement)
    if progress.entry(it, known).status == "hidden":
        return Badge(unlock, None, "", _("Secret achievement"))
    release = next(found for found in it.releases() if found.slug == unlock.achievement)
    level = unlock.achievement.removeprefix(f"{it.slug}_") if it.tiers else ""
    return Badge(unlock, it, level, release.name)


def _highest(slug: str, state: states.State) -> Unlock:
    """What a player has of an achievement: the achievement itself, or its highest tier."""
    return [state.unlocked[it.slug] for it in catalog.get(slug).releases() if it.slug in state.unlocked][-1]


def _main_streak() -> Achievement | None:
    """The streak whose calendar a profile shows: the longest one that is published, so the one with most days."""
    found = [item for item in catalog.all() if item.type == "streak" and item.status == "published" and not item.hidden]
    return max(found, key=lambda item: (item.target, item.slug), default=None)


def _year(today: date) -> tuple[date, date]:
    """The first and the last day of a calendar of a year: whole weeks, from a Monday to today."""
    return today - timedelta(days=today.weekday() + 7 * (WEEKS - 1)), today


def points_by_day(unlocked: Sequence[Unlock], today: date) -> list[tuple[date, int]]:
    """The points that a player had at the end of each of the last days."""
    days = [today - timedelta(days=ago) for ago in reversed(range(POINTS_DAYS))]
    return [(day, sum(unlock.points for unlock in unlocked if unlock.at.date() <= day)) for day in days]
