"""Everybody, alice too, is one step short of many unlocks: one event of these gives something to anybody.

    coin_collected                              Pocket Money
    round_finished                              Apprentice, and Name on the Wall: In Chalk
    lap_finished                                Round and Round: Deckhand; today also Daily Constitutional
    level_completed, item Lighthouse            Every Plank and Cobble
    relic_found, item Keeper's Spare Key        The Keeper's Shelf, and Beachcomber: Full Bucket
    boss_defeated, item The Lobster King        Rogues' Gallery, Boss Hunter: Harpoon; today also No Days Off …
    powerup_bought, item Lucky Anchor           One of Each, Please
    friend_invited                              Full Crew
    login                                       Familiar Face: Visitor; today also Regular at the Quay
    chest_opened                                today: Third Time Lucky, A Week by the Water or From Moon to Moon

The first of them brings the meta Sea Legs along, which asks for 15 unlocks: everybody has 14. "Today" is the anchor's
day by the player's own calendar; all streaks are recorded up to the day before.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from achievements.definitions import Event
from gamify_site.ops.demo import showcase, writing
from gamify_site.ops.demo.achievements import BOSSES, QUAYS, SHELF, SHIP, WARES
from gamify_site.ops.demo.history import PRICES, Deed
from gamify_site.ops.demo.people import Person
from gamify_site.ops.demo.writing import Progress


@dataclass(frozen=True, slots=True)
class Step:
    """The one event that is missing, and what it unlocks on the anchor's day."""

    deed: Deed
    unlocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rung:
    """How far somebody is with the daily chest; `besides` makes up for what longer streaks have unlocked."""

    days: int
    unlocks: str
    name: str
    besides: tuple[str, ...]


META = "sea-legs"
LAP = Decimal("71.50")
STEPS = (
    Step(Deed("coin_collected"), ("pocket-money",)),
    Step(Deed("round_finished"), ("apprentice", "name-on-the-wall_bronze")),
    Step(Deed("lap_finished", value=LAP), ("harbour-laps_bronze", "daily-constitutional")),
    Step(Deed("level_completed", item=QUAYS[-1]), ("every-plank",)),
    Step(Deed("relic_found", item=SHELF[-1]), ("keepers-shelf", "beachcomber_silver")),
    Step(Deed("boss_defeated", item=BOSSES[-1]), ("rogues-gallery", "boss-hunter_silver", "two-in-a-row")),
    Step(Deed("powerup_bought", item=WARES[-1]), ("one-of-each",)),
    Step(Deed("friend_invited"), ("full-crew",)),
    Step(Deed("login"), ("regular-at-the-quay", "familiar-face_bronze")),
)
RUNGS = (
    Rung(2, "three-chests", "Third Time Lucky", ("record_beaten", "dawn_seen")),
    Rung(6, "week-of-chests", "A Week by the Water", ("record_beaten",)),
    Rung(29, "moon-of-chests", "From Moon to Moon", ()),
)


def make(number: int, anchor: date, progress: Progress) -> None:
    """The showcase's boards and achievements, and everybody's days up to yesterday."""
    showcase.define()
    crowd = [
        replace(person, about=f"One step short of much. The next chest gives {_rung(place).name}.")
        for place, person in enumerate(writing.old_hands(number))
    ]
    writing.join(crowd, anchor)
    done = [event for place, person in enumerate(crowd) for event in _days(person, _rung(place), anchor)]
    writing.play(done, anchor, progress)
    writing.befriend(crowd)


def steps(place: int) -> tuple[Step, ...]:
    """All that is missing for the player at a place in the crowd."""
    return (*STEPS, Step(Deed("chest_opened"), (_rung(place).unlocks,)))


def _rung(place: int) -> Rung:
    return RUNGS[place % len(RUNGS)]


def _days(person: Person, rung: Rung, anchor: date) -> Iterator[Event]:
    for days_ago in range(rung.days, 0, -1):
        for minute, deed in enumerate(_deeds(days_ago, rung)):
            yield Event(person.id, *deed, at=writing.moment(person, anchor, days_ago, minute))
    for days_ago in range(4, rung.days, -1):  # who has opened few chests has been there all the same
        for minute, deed in enumerate(_deeds(days_ago, None)):
            yield Event(person.id, *deed, at=writing.moment(person, anchor, days_ago, minute))


def _deeds(days_ago: int, rung: Rung | None) -> Iterator[Deed]:
    """What somebody did on one of the days before today; without a rung the chest stayed closed."""
    if rung:
        yield Deed("chest_opened")
    if days_ago <= 4:
        yield Deed("login")
    if days_ago <= 3:
        for _ in range(3):
            yield Deed("lap_finished", value=LAP + days_ago)
            yield Deed("round_finished", 111, 111)
    if days_ago == 2:
        yield from _fight(BOSSES[:3])
        yield from _find()
    if days_ago == 1:
        yield from _fight(BOSSES[2:-1])
        yield from (Deed(action) for action in ("enemy_hit", *(rung.besides if rung else ())))


def _fight(bosses: tuple[str, ...]) -> Iterator[Deed]:
    """`value` is the hearts that were left."""
    for boss in bosses:
        yield Deed("boss_defeated", value=3, item=boss)


def _find() -> Iterator[Deed]:
    """All but one of each collection, all but one coin, all but one friend."""
    for quay in QUAYS[:-1]:
        yield Deed("level_completed", item=quay)
    for relic in (*SHELF[:-1], *SHIP[:2]):
        yield Deed("relic_found", item=relic)
    for ware in WARES[:-1]:
        yield Deed("powerup_bought", PRICES[ware], item=ware)
    yield Deed("coin_collected", 99)
    yield from (Deed("friend_invited") for _ in range(2))
