"""How scenarios write: people join, do things and make friends, through the public services alone, as in a game.

Days are told by the people's own calendars, as streaks do: `moment(person, anchor, 1)` is yesterday where they live.
Nothing happens after noon (UTC) of the anchor's day.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from random import Random
from zoneinfo import ZoneInfo

from achievements.definitions import Event
from achievements.services import events
from gamify_site import clock
from gamify_site.ops.demo import people
from gamify_site.ops.demo.people import Person
from gamify_site.players import services as players

Progress = Callable[[int, int], None]

SEED = 2026
JOINED_AT = time(6, tzinfo=UTC)
OLD_HANDS = 150  # days; people of scenarios without newcomers have been there for longer
KEPT_FOR = 730  # days; longer than any history, so that an anchor in the past still gives the same data
REPORTED_WITHIN = 24  # hours; `play` reports once a day
MOST_AT_ONCE = 4000  # events that one call reports
PROFILE = ("name", "about", "country", "team", "region", "timezone")
FRIEND_STEPS = (1, 2, 5, 11)  # whom one follows, by the distance in the crowd


def old_hands(number: int) -> list[Person]:
    """People who have all been there for more than `OLD_HANDS` days, alice first."""
    crowd = people.make(number, Random(SEED))  # noqa: S311  (sample data must come out the same each time)
    return [replace(person, joined_days_ago=OLD_HANDS + person.joined_days_ago) for person in crowd]


def join(crowd: Iterable[Person], anchor: date) -> None:
    """Makes the players' profiles, each on the day on which they joined. One round trip for each of those days."""
    by_day = sorted(crowd, key=lambda person: -person.joined_days_ago)
    for days_ago, group in groupby(by_day, key=lambda person: person.joined_days_ago):
        with clock.frozen(joined(anchor, days_ago)):
            players.upsert_many({person.id: {field: getattr(person, field) for field in PROFILE} for person in group})


def joined(anchor: date, days_ago: int) -> datetime:
    """When people sign up who join on that day."""
    return datetime.combine(anchor - timedelta(days=days_ago), JOINED_AT)


def noon(anchor: date, days_ago: int = 0) -> datetime:
    """Noon (UTC) of a day; the anchor's is where all sample data ends."""
    return datetime.combine(anchor - timedelta(days=days_ago), time(12), UTC)


def moment(person: Person, anchor: date, days_ago: int, minutes: int = 0) -> datetime:
    """Noon where the person lives, and so many `minutes` (up to 11 hours) later, days before the person's today.

    Today is what their calendar says at noon (UTC) of the anchor's day; of today that noon itself is given.
    """
    if days_ago == 0:
        return noon(anchor)
    zone = ZoneInfo(person.timezone)
    day = noon(anchor).astimezone(zone).date() - timedelta(days=days_ago)
    return datetime.combine(day, time(12), zone).astimezone(UTC) + timedelta(minutes=minutes)


def play(done: Iterable[Event], anchor: date, progress: Progress) -> None:
    """Reports all that people have done, as a game would that does so at noon (UTC) of every day."""
    by_report: dict[datetime, list[Event]] = defaultdict(list)
    for event in done:
        by_report[_next_noon(happened(event))].append(event)
    if by_report and max(by_report) > noon(anchor):
        raise ValueError("The sample data has events after noon of the last day.")
    for number, until in enumerate(sorted(by_report), 1):
        record(by_report[until], until)
        progress(number, len(by_report))


def record(due: Iterable[Event], until: datetime) -> None:
    """Reports what has happened until a moment, in the order in which it has."""
    ordered = sorted(due, key=happened)
    for start in range(0, len(ordered), MOST_AT_ONCE):
        with clock.frozen(until):
            outcome = events.record(ordered[start : start + MOST_AT_ONCE])
        if outcome.rejected:  # a mistake in the demo's own data, which must not go unnoticed
            raise ValueError(f"The sample data has events that are refused: {sorted(set(outcome.rejected.values()))}")


def happened(event: Event) -> datetime:
    """When an event happened."""
    return event.at or clock.now()


def befriend(crowd: Sequence[Person]) -> None:
    """Everybody follows some of those who come after them in the crowd."""
    for place, person in enumerate(crowd):
        friends = {crowd[(place + step) % len(crowd)].id for step in FRIEND_STEPS} - {person.id}
        for friend in sorted(friends):
            players.follow(person.id, friend)


def _next_noon(at: datetime) -> datetime:
    same_day = noon(at.astimezone(UTC).date())
    return same_day if at <= same_day else same_day + timedelta(days=1)
