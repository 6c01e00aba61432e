"""Streaks: how long, whether today is done, and until when it holds."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from achievements.definitions import Achievement, StreakStatus
from achievements.errors import UnknownAchievement
from achievements.services import catalog, states
from achievements.services.applying import FIRST_DAY
from gamify_site import clock
from gamify_site.store import catalog as stored

Day = Literal["done", "frozen"]


def status(player: str, name: str) -> StreakStatus:
    """The streak of an achievement, or of the first streak achievement that listens to an action.

    `expires_at` is the midnight, in the player's timezone, at which it is lost unless something is recorded before;
    freezes are counted in. Raises `UnknownAchievement`, `ValidationError`. One round trip.
    """
    state = states.read(player)  # also brings this process's definitions up to date
    return status_in(state, _find(name))


def status_in(state: states.State, achievement: Achievement) -> StreakStatus:
    """The streak of an achievement, out of what has been read. No round trip."""
    run, best = state.runs.get(achievement.slug), state.progress.get(achievement.slug, 0)
    zone = ZoneInfo(state.profile.timezone)
    today = clock.now().astimezone(zone).toordinal() - FIRST_DAY
    if run is None or today - run.last - 1 > run.freezes:
        return StreakStatus(0, best, False, False, None, achievement.freezes)
    last_chance = date.fromordinal(FIRST_DAY + run.last + run.freezes + 2)
    expires = datetime.combine(last_chance, time(), zone).astimezone(UTC)
    return StreakStatus(run.current, best, True, run.last >= today, expires, run.freezes)


def calendar(player: str, name: str, first: date, last: date) -> dict[date, Day]:
    """The days from `first` to `last` that a player did what the streak asks for, and those that freezes covered.

    Raises `UnknownAchievement`, `ValidationError`. One round trip; O(days on record).
    """
    achievement = _find(name)
    return calendar_in(states.read(player, days=[achievement.action or ""]), achievement, first, last)


def calendar_in(state: states.State, achievement: Achievement, first: date, last: date) -> dict[date, Day]:
    """The calendar of an achievement, out of what has been read with the days of its action. No round trip."""
    marked: dict[date, Day] = {}
    freezes = achievement.freezes
    previous: date | None = None
    for number in state.days[achievement.action or ""]:
        day = date.fromordinal(FIRST_DAY + number)
        missed = (day - previous).days - 1 if previous else 0
        covers = missed <= freezes
        for ago in range(missed if covers else 0):
            marked[day - timedelta(days=missed - ago)] = "frozen"
        freezes = freezes - missed if covers else achievement.freezes
        marked[day] = "done"
        previous = day
    return {day: mark for day, mark in marked.items() if first <= day <= last}


def _find(name: str) -> Achievement:
    found = _named(name)
    if not found:
        stored.follow()
        found = _named(name)
    if not found:
        raise UnknownAchievement(name)
    return min(found, key=lambda item: (item.slug != name, item.slug))


def _named(name: str) -> list[Achievement]:
    return [item for item in catalog.all() if item.type == "streak" and name in (item.slug, item.action)]
