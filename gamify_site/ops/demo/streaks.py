"""Streaks in every state, on the anchor's day by each player's own calendar.

The showcase's streaks: the daily chest with 0, 1, 2 and 5 freezes, log-ins with none; so one history is one state under
each of them. Which case a player is stands in the team (choose it on the board Chests) and in the profile.
"""

from dataclasses import dataclass, replace
from datetime import date

from achievements.definitions import Event
from achievements.services import catalog
from gamify_site.ops.demo import achievements, writing
from gamify_site.ops.demo.writing import Progress
from leaderboards.definitions import Board
from leaderboards.services import boards

CHEST, LOGIN = "chest_opened", "login"
CHESTS = Board("chests", "Chests", CHEST, description="Each chest counts; the teams are the cases.", segment_by="team")


@dataclass(frozen=True, slots=True)
class Case:
    """A history of one or more players: the days on which they came by, as days before today."""

    name: str
    about: str
    days: frozenset[int]


def _case(name: str, about: str, *days: int) -> Case:
    return Case(name, about, frozenset(days))


CASES = (
    _case("Breaks today", "Came by yesterday; without freezes it is lost at midnight.", *range(1, 6)),
    _case("Breaks today, no freeze left", "The only freeze of the week is spent.", 1, 2, 3, *range(5, 9)),
    _case("Just broken", "Last here the day before yesterday; a freeze may still save it.", *range(2, 10)),
    _case("Just broken, no freeze left", "Missed yesterday with the freeze spent.", 2, 3, 4, 6, 7, 8),
    _case("Frozen", "Here today; a freeze covered the day before yesterday.", 0, 1, *range(3, 8)),
    _case("A hundred days", "Here on each of the last 105 days, today too.", *range(105)),
    _case("A hundred, five frozen", "The five freezes of the hundred are spent.", *{*range(111)} - {*range(9, 58, 12)}),
    _case("Ninety-nine", "Yesterday was day 99; today makes it a hundred, or it may break.", *range(1, 100)),
    _case("Once better", "Thirty days in a row some time ago, three now.", 0, 1, 2, *range(31, 61)),
    _case("Began again", "Broken, and begun again today.", 0, *range(9, 17)),
    _case("Done for today", "Four days in a row, today included.", *range(4)),
)


def make(number: int, anchor: date, progress: Progress) -> None:
    """The showcase's streaks, and each case in turns, alice first."""
    boards.define(CHESTS)
    for achievement in achievements.all_of_them():
        if achievement.type == "streak":
            catalog.define(achievement)
    crowd = [
        replace(person, team=case(place).name, about=case(place).about)
        for place, person in enumerate(writing.old_hands(number))
    ]
    writing.join(crowd, anchor)
    done = [
        Event(person.id, action, at=writing.moment(person, anchor, days_ago))
        for place, person in enumerate(crowd)
        for days_ago in case(place).days
        for action in (LOGIN, CHEST)
    ]
    writing.play(done, anchor, progress)


def case(place: int) -> Case:
    """The case of the player at a place in the crowd."""
    return CASES[place % len(CASES)]
