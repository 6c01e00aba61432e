"""Streaks: how long, whether today is done, and until when it holds."""

from datetime import UTC, date, datetime
from typing import Literal

from achievements.definitions import Achievement, StreakStatus
from achievements.errors import UnknownAchievement
from achievements.services import catalog, days, states
from achievements.services.days import FIRST_DAY
from gamify_site import clock
from gamify_site.store import catalog as stored

Day = Literal["done", "frozen", "moved"]
LONGEST_MOVE = 9  # days that a move covers at most, and those at both ends


def status(player: str, name: str) -> StreakStatus:
    """The streak of an achievement, or of the first streak achievement that listens to an action.

    `expires_at` is the midnight, in the player's timezone, at which it is lost unless something is recorded before;
    freezes are counted in, and what a move covers. Raises `UnknownAchievement`, `ValidationError`. One round trip.
    """
    state = states.read(player)  # also brings this process's definitions up to date
    return status_in(state, _find(name))


def status_in(state: states.State, achievement: Achievement) -> StreakStatus:
    """The streak of an achievement, out of what has been read. No round trip."""
    run, best = state.runs.get(achievement.slug), state.progress.get(achievement.slug, 0)
    now = int(clock.now().timestamp())
    covered = state.covered.get(achievement.action or "", frozenset())
    if run is None or _missed(state.zones, run, covered, now) > run.freezes:
        return StreakStatus(0, best, False, False, None, achievement.freezes)
    today, _ = _day(state.zones, run, now)
    later = sum(day > run.last for day in covered)
    most = max(run.last - today, 0) + run.freezes + later + LONGEST_MOVE
    ends = (it for it in days.midnights(state.zones, now, most) if _missed(state.zones, run, covered, it) > run.freezes)
    return StreakStatus(
        run.current,
        best,
        True,
        run.last >= today or today in covered,
        datetime.fromtimestamp(next(ends), UTC),
        run.freezes,
    )


def _day(zones: str, run: states.Run, moment: int) -> tuple[int, frozenset[int] | set[int]]:
    """The day of a moment, and what that would cover of the days after a run."""
    told = days.tell(zones, moment)
    return (told.day, told.covers(run.last, run.quarter)) if isinstance(told, days.Move) else (told, frozenset())


def _missed(zones: str, run: states.Run, covered: frozenset[int], moment: int) -> int:
    """How many days between the last one of a run and that of a moment neither count nor are covered by a move."""
    day, covers = _day(zones, run, moment)
    return day - run.last - 1 - sum(run.last < other < day for other in covered | covers)


def calendar(player: str, name: str, first: date, last: date) -> dict[date, Day]:
    """The days from `first` to `last` that a player did what the streak asks for, and those that something covered.

    Raises `UnknownAchievement`, `ValidationError`. One round trip; O(days on record).
    """
    achievement = _find(name)
    return calendar_in(states.read(player, days=[achievement.action or ""]), achievement, first, last)


def calendar_in(state: states.State, achievement: Achievement, first: date, last: date) -> dict[date, Day]:
    """The calendar of an achievement, out of what has been read with the days of its action. No round trip."""
    marked: dict[int, Day] = {}
    freezes = achievement.freezes
    covered = state.covered.get(achievement.action or "", frozenset())
    previous: int | None = None
    for day in state.days[achievement.action or ""]:
        between = range(day if previous is None else previous + 1, day)
        missed = len(between) - len(covered.intersection(between))
        if missed > freezes:
            freezes = achievement.freezes
        else:
            marked |= {it: "moved" if it in covered else "frozen" for it in between}
            freezes -= missed
        marked[day] = "done"
        previous = day
    marked |= {it: "moved" for it in covered if previous is not None and it > previous}
    dated = ((date.fromordinal(FIRST_DAY + day), mark) for day, mark in marked.items())
    return {day: mark for day, mark in dated if first <= day <= last}


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
