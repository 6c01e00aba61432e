"""The staff's page of numbers: who plays and visits, what is unlocked, and where players get stuck."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from achievements import wording
from achievements.definitions import Achievement, Release
from achievements.services import active_players, activity, catalog, funnel, insights, revisions, states
from achievements.services.funnel import Funnel
from achievements.services.insights import Held, TimeToUnlock
from achievements.views.asking import clear_errors
from gamify_site import visitors
from gamify_site.players.access import staff_only
from leaderboards.wording import number

PERIODS = (7, 30, 90)
USUAL_PERIOD = 30
MOST_NEVER_UNLOCKED = 20
MOST_RANKED = 10


class Chart(NamedTuple):
    """Numbers of days, the earliest first; `total` is None where adding them up would count somebody twice."""

    name: str
    numbers: list[tuple[date, int]]
    total: int | None
    note: str = ""


class Line(NamedTuple):
    """A row of a table of achievements and tiers."""

    achievement: Achievement
    name: str
    holders: int = 0
    time: TimeToUnlock | None = None
    since: datetime | None = None


@staff_only
@require_safe
@clear_errors
def insights_page(request: HttpRequest) -> HttpResponse:
    """The numbers of the last 7, 30 or 90 days, and how far players come with one achievement."""
    days = _period(request.GET.get("days", ""))
    among = funnel.sample()
    slug = request.GET.get("achievement", "")
    chosen = catalog.get(slug) if slug else funnel.most_started(among)
    holders, _players = states.counts()
    seen = visitors.lately(days)
    told = funnel.of(chosen, among, holders) if chosen else None
    context = {
        "days": days,
        "periods": PERIODS,
        "presence": activity.presence(),
        "charts": _charts(days, seen),
        "visitors": seen,
        "choices": _choices(chosen),
        "chosen": chosen,
        "funnel": told,
        "steps": _steps(told) if told else [],
        "is_asked_for": bool(slug),
        **_rankings(insights.by_rarity(holders), chosen),
    }
    return render(request, "manage/insights.html", context)


def _period(asked: str) -> int:
    """One of the periods; the usual one where something else is asked for."""
    return next((days for days in PERIODS if str(days) == asked), USUAL_PERIOD)


def _charts(days: int, seen: visitors.Visitors) -> list[Chart]:
    history, active = activity.by_day(days), active_players.by_day(days)
    estimate = _("An estimate with a standard error of 0.81 %.")
    numbers = {name: [(day.day, getattr(day, name)) for day in history] for name in activity.COUNTED}
    sums = {name: sum(value for _, value in found) for name, found in numbers.items()}
    return [
        Chart(_("Daily active players"), numbers["active"], None),
        Chart(
            _("Weekly active players"),
            [(it.day, it.weekly) for it in active],
            None,
            _("Active on the day or on the 6 days before.") + " " + estimate,
        ),
        Chart(
            _("Monthly active players"),
            [(it.day, it.monthly) for it in active],
            None,
            _("Active on the day or on the 29 days before.") + " " + estimate,
        ),
        Chart(_("New players"), numbers["new"], sums["new"]),
        Chart(_("Unique visitors"), seen.by_day, None, estimate),
        Chart(_("Events"), numbers["events"], sums["events"]),
        Chart(_("Unlocks"), numbers["unlocks"], sums["unlocks"]),
        Chart(_("Points given"), numbers["points"], sums["points"], _("Less the points that were taken back.")),
    ]


def _choices(chosen: Achievement | None) -> list[tuple[str, str]]:
    return [(item.slug, item.name) for item in catalog.all() if item.status != "draft" or item == chosen]


def _steps(told: Funnel) -> list[tuple[str, int]]:
    """Each step in words, and how many came so far."""
    steps: list[tuple[str, int]] = []
    for step in told.steps:
        words = str(wording.STEPS[step.part])
        if step.part == "unlocked" and told.achievement.tiers:
            words = step.name
        elif step.part not in ("players", "started", "unlocked"):
            parts = {"part": words, "needed": number(step.needed), "target": number(told.achievement.target)}
            words = _("%(part)s: %(needed)s of %(target)s") % parts
        steps.append((words, step.players))
    return steps


def _rankings(found: Sequence[Held], chosen: Achievement | None) -> dict[str, object]:
    """What nobody has, what few and what most have, and how long it took them."""
    never = [held for held in found if not held.holders]
    held_by_some = found[len(never) :]
    rarest, commonest = held_by_some[:MOST_RANKED], held_by_some[: -MOST_RANKED - 1 : -1]
    releases: tuple[Release, ...] = chosen.releases() if chosen else ()
    times = insights.time_to_unlock([it.release.slug for it in (*rarest, *commonest)] + [it.slug for it in releases])
    listed = never[:MOST_NEVER_UNLOCKED]
    since = revisions.published_since([held.achievement.slug for held in listed])
    return {
        "times": [(it.name, times.get(it.slug)) for it in releases],
        "rankings": [
            (_("Rarest"), [_line(held, times) for held in rarest]),
            (_("Most common"), [_line(held, times) for held in commonest]),
        ],
        "never": [Line(held.achievement, held.release.name, since=since.get(held.achievement.slug)) for held in listed],
        "more_never": len(never) - len(listed),
    }


def _line(held: Held, times: "insights.Times") -> Line:
    return Line(held.achievement, held.release.name, held.holders, times.get(held.release.slug))
