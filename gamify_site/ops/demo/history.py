"""What people do on a day in the harbour, as the events that the game reports.

Each person has dice of their own, thrown from the seed and their id: how a life goes depends on nobody else's, so that
alice's is the same among 10 players and among 1000.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from achievements.definitions import Event
from gamify_site.ops.demo import people
from gamify_site.ops.demo.achievements import BOSSES, CHOIR, QUAYS, SHELF, SHIP, WARES
from gamify_site.ops.demo.people import Person
from gamify_site.ops.demo.writing import JOINED_AT

DAYS = 90  # of history, the anchor's day included
HEARTS = 5
PRICES = dict(zip(WARES, (20, 30, 40, 60, 90), strict=True))
DEVOTED = 0.8  # of diligence; who has more hardly ever misses a day

# Alice is there for visitors to look at, so her days are fixed: a streak that runs today and has used its freeze.
ALICE_AWAY = frozenset({9, 21, 22, 23, 28, 34, 35, 36, 41, 42, 47, 48, 55, *range(58, 80), 84, 85})
ALICE_HOUR = 6
ALICE_LUCK = 0.2


class Deed(NamedTuple):
    """Something that a person does in the game; the fields are those of an event."""

    action: str
    amount: int = 1
    value: int | Decimal | None = None
    item: str | None = None


@dataclass(slots=True)
class Life:
    """A person in the game, and what the game remembers of them from day to day."""

    person: Person
    dice: Random
    hour: int  # of the day, at which they like to play
    luck: float  # chance of a relic a day
    warmth: float  # chance of bringing a friend a day
    relics: list[str]  # still to be found, the next one last
    played_yesterday: bool = False
    quays: int = 0
    best_lap: Decimal | None = None
    bosses: set[str] = field(default_factory=set)


def begin(person: Person, seed: int) -> Life:
    """The life of a person before the first day."""
    dice = Random(f"{seed} {person.id}")  # noqa: S311  (sample data must come out the same each time)
    relics = [*SHELF, *SHIP]
    dice.shuffle(relics)
    hour, luck = round(dice.triangular(4, 23, 19)), dice.uniform(0.08, 0.4)
    if person.id == people.ALICE.id:
        hour, luck = ALICE_HOUR, ALICE_LUCK
    return Life(person, dice, hour, luck, dice.expovariate(100), [*reversed(CHOIR), *relics])


def day(life: Life, anchor: date, ago: int) -> list[Event]:
    """All that a person does on one day, a minute apart; nothing on a day off."""
    life.played_yesterday = _plays(life, anchor, ago)
    if not life.played_yesterday:
        return []
    start = _start(life, anchor - timedelta(days=ago), is_first=life.person.joined_days_ago == ago)
    local_hour = start.astimezone(ZoneInfo(life.person.timezone)).hour
    return [
        Event(life.person.id, *deed, at=start + timedelta(minutes=minute))
        for minute, deed in enumerate(_deeds(life, ago, local_hour))
    ]


def _plays(life: Life, anchor: date, ago: int) -> bool:
    """Whether it is one of their days. People play for days on end, then do something else; more of them at weekends.

    Everybody has one day that is certain, so that nobody is missing from the boards.
    """
    person, chance = life.person, life.dice.random()
    if person.joined_days_ago < ago:
        return False
    if person.id == people.ALICE.id:
        return ago not in ALICE_AWAY
    certain = person.joined_days_ago if person.joined_days_ago < DAYS else 1 + person.joined_days_ago % (DAYS - 1)
    if person.diligence > DEVOTED:
        return ago == certain or chance < 0.985
    mood = 0.8 if (anchor - timedelta(days=ago)).weekday() >= 5 else 0.62
    habit = 0.37 if life.played_yesterday else 0
    return ago == certain or chance < person.diligence * mood + habit


def _start(life: Life, on: date, *, is_first: bool) -> datetime:
    """When they sit down to play, around their hour; newcomers just after they joined."""
    minute = 5 * life.dice.randrange(12)
    if is_first:
        return datetime.combine(on, JOINED_AT) + timedelta(minutes=5)
    hour = min(23, max(0, life.hour + life.dice.choice((-1, 0, 0, 0, 1))))
    return datetime.combine(on, time(hour, minute), ZoneInfo(life.person.timezone)).astimezone(UTC)


def _deeds(life: Life, ago: int, local_hour: int) -> Iterator[Deed]:
    yield Deed("login")
    if local_hour < 6:
        yield Deed("dawn_seen")
    yield from _open_chest(life)
    yield from _run(life)
    yield from _play_rounds(life)
    yield from _race(life, ago)
    yield from _fight(life)
    yield from _explore(life)
    yield from _shop(life)
    if life.dice.random() < life.warmth:
        yield Deed("friend_invited")


def _open_chest(life: Life) -> Iterator[Deed]:
    """`value` is what was in it."""
    forgets = life.dice.random() > (0.985 if life.person.diligence > 0.6 else 0.9)
    coins = 5 * round(life.dice.lognormvariate(2.2, 0.72))
    if not forgets:
        yield Deed("chest_opened", value=max(5, coins))


def _run(life: Life) -> Iterator[Deed]:
    """Over roofs and quays: `amount` is the coins collected, `value` the longest chain without touching the ground."""
    skill, dice = life.person.skill, life.dice
    for _ in range(dice.choice((1, 2, 2, 3))):
        chain = 2 + int(dice.expovariate(0.55) * skill)
        yield Deed("coin_collected", 10 * max(1, round(dice.gauss(7, 2.5) * skill)), chain)
        if dice.random() < 0.45:
            yield Deed("enemy_hit", 1 + int(dice.expovariate(0.06)))
    if dice.random() < 0.45:
        yield Deed("level_completed", item=_quay(life))


def _quay(life: Life) -> str:
    """The next quay, or one that they know already; the later ones take several tries."""
    if life.quays < len(QUAYS) and life.dice.random() < (1 - 0.06 * life.quays) * min(1.3, life.person.skill):
        life.quays += 1
        return QUAYS[life.quays - 1]
    return QUAYS[life.dice.randrange(max(1, life.quays))]


def _play_rounds(life: Life) -> Iterator[Deed]:
    """`amount` counts for the week, `value` says how good this one was."""
    for _ in range(life.dice.choice((1, 1, 2))):
        points = max(5, round(life.dice.gauss(80, 32) * life.person.skill))
        yield Deed("round_finished", points, points)


def _race(life: Life, ago: int) -> Iterator[Deed]:
    """Laps, in seconds; the best so far is remembered."""
    if life.dice.random() > 0.42:
        return
    for _ in range(life.dice.choice((1, 2, 2, 3))):
        seconds = _lap(life, ago)
        yield Deed("lap_finished", value=seconds)
        if life.best_lap is not None and seconds < life.best_lap:
            yield Deed("record_beaten")
        life.best_lap = min(seconds, life.best_lap or seconds)


def _lap(life: Life, ago: int) -> Decimal:
    """Seconds around the harbour: 58 for the best, a few more for rust and traffic, many for those who look around."""
    dice = life.dice
    sightseeing = dice.uniform(15, 40) if dice.random() < 0.012 else 0
    seconds = 58 + 9 / life.person.skill + ago / 60 + dice.expovariate(0.35) + sightseeing
    return Decimal(round(seconds * 100)).scaleb(-2)


def _fight(life: Life) -> Iterator[Deed]:
    """`value` is the hearts that were left. The kraken comes for those who have beaten all others."""
    skill, dice = life.person.skill, life.dice
    if dice.random() > 0.17 * min(skill, 1.8):
        return
    boss = BOSSES[min(int(dice.expovariate(0.42) * skill), len(BOSSES) - 1)]
    life.bosses.add(boss)
    hearts = round(dice.triangular(0, HEARTS, 1))
    yield Deed("boss_defeated", value=hearts, item=boss)
    if len(life.bosses) == len(BOSSES) and dice.random() < 0.1:
        yield Deed("kraken_defeated")


def _explore(life: Life) -> Iterator[Deed]:
    """Relics, mostly new ones, and now and then a secret."""
    dice = life.dice
    if dice.random() < life.luck:
        is_new = dice.random() < 0.7 and life.relics
        yield Deed("relic_found", item=life.relics.pop() if is_new else dice.choice(SHELF))
    if dice.random() < 0.014:
        yield Deed("secret_found")


def _shop(life: Life) -> Iterator[Deed]:
    """`amount` is the price."""
    if life.dice.random() < 0.22:
        ware = life.dice.choices(WARES, (30, 25, 20, 15, 10))[0]
        yield Deed("powerup_bought", PRICES[ware], item=ware)
