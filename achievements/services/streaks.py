"""Streaks: how long, whether today is done, and until when it holds."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from achievements.definitions import Achievement, StreakStatus
from achievements.errors import UnknownAchievement
from achievements.services import catalog, states
from achievements.services.applying import FIRST_DAY
from gamify_site import clock
from gamify_site.identifiers import check_player_id
from gamify_site.store import keys, shards
from gamify_site.store.connection import client, guarded


def status(player: str, name: str) -> StreakStatus:
    """The streak of an achievement, or of the first streak achievement that listens to an action.

    `expires_at` is the midnight, in the player's timezone, at which it is lost unless something is recorded before;
    freezes are counted in. Raises `UnknownAchievement`, `ValidationError`. One round trip.
    """
    achievement = _find(name)
    state = states.read(player)
    run = state.runs[achievement.slug]
    zone = ZoneInfo(state.timezone)
    today = clock.now().astimezone(zone).toordinal() - FIRST_DAY
    if run.last is None or today - run.last - 1 > run.freezes:
        return StreakStatus(0, run.best, False, False, None, achievement.freezes)
    last_chance = date.fromordinal(FIRST_DAY + run.last + run.freezes + 2)
    expires = datetime.combine(last_chance, time(), zone).astimezone(UTC)
    return StreakStatus(run.current, run.best, True, run.last >= today, expires, run.freezes)


def days(player: str, action: str, first: date, last: date) -> list[date]:
    """The days from `first` to `last` on which the player did the action. One round trip; O(days)."""
    with guarded():
        bitmap = client().get(keys.days(shards.of(check_player_id(player)), player, action)) or b""
    span = range(max(0, first.toordinal() - FIRST_DAY), min(last.toordinal() - FIRST_DAY + 1, 8 * len(bitmap)))
    return [date.fromordinal(FIRST_DAY + day) for day in span if bitmap[day // 8] >> (7 - day % 8) & 1]


def frozen_days(player: str, name: str, first: date, last: date) -> list[date]:
    """The days from `first` to `last` that freezes covered. One round trip; O(days on record)."""
    achievement = _find(name)
    recorded = days(player, achievement.action or "", date.fromordinal(FIRST_DAY), last)
    covered: list[date] = []
    freezes = achievement.freezes
    for earlier, later in pairwise(recorded):
        missed = (later - earlier).days - 1
        if missed <= freezes:
            freezes -= missed
            covered += [earlier + timedelta(days=number) for number in range(1, missed + 1)]
        else:
            freezes = achievement.freezes
    return [day for day in covered if first <= day]


def _find(name: str) -> Achievement:
    found = [item for item in catalog.all() if item.type == "streak" and name in (item.slug, item.action)]
    if not found:
        raise UnknownAchievement(name)
    return min(found, key=lambda item: (item.slug != name, item.slug))
