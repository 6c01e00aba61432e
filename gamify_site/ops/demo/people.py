"""Players that look real: the same seed gives the same people. Nobody here is anybody; the names are common ones."""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

TEAMS = (
    "Copper Foxes", "Night Owls", "Paper Tigers", "Salt Lake Comets", "Quiet Storm", "Velvet Hammers",
    "Lucky Otters", "Iron Lanterns", "Blue Herons", "Pixel Pirates", "Lost Cartographers", "Sunday Drivers",
)  # fmt: skip
ABOUT = (
    "Collects coins, loses keys.",
    "Here for the fast lap, staying for the chat.",
    "Plays after bedtime stories.",
    "One more round.",
    "Left-handed and proud of it.",
    "Speedruns the tutorial.",
    "Mostly on trains.",
)
DOTLESS_I = "\u0131"
WITHOUT_DECOMPOSITION = str.maketrans({DOTLESS_I: "i", "Đ": "D", "đ": "d", "ł": "l", "Ł": "L"})


@dataclass(frozen=True, slots=True)
class Person:
    """One player's profile and habits. `skill` is about 1, `diligence` the share of days with a game."""

    id: str
    name: str
    country: str
    region: str
    timezone: str
    team: str
    about: str
    joined_days_ago: int
    skill: float
    diligence: float


ALICE = Person(
    id="alice",
    name="Alice Hartley",
    country="GB",
    region="Europe",
    timezone="Europe/London",
    team="Copper Foxes",
    about="Collects coins, and now and then a fast lap.",
    joined_days_ago=120,
    skill=1.1,
    diligence=0.8,
)


def make(number: int, random: Random) -> list[Person]:
    """`number` people, Alice first."""
    return list(each(number, random))


def each(number: int, random: Random) -> Iterator[Person]:
    """The same one after another, for more people than one wants to hold at once."""
    yield ALICE
    taken: Counter[str] = Counter()
    for _ in range(number - 1):
        yield _person(random, taken)


@cache
def _countries() -> list[list[str]]:
    lines = Path(__file__).with_name("countries.txt").read_text(encoding="utf-8").splitlines()
    return [line.split(" | ") for line in lines if not line.startswith("#")]


def _person(random: Random, taken: Counter[str]) -> Person:
    country, region, timezone, given, family = random.choice(_countries())
    name = f"{random.choice(given.split())} {random.choice(family.split())}"
    return Person(
        id=_id(name, taken),
        name=name,
        country=country,
        region=region,
        timezone=timezone,
        team=random.choice(TEAMS) if random.random() < 0.85 else "",
        about=random.choice(ABOUT) if random.random() < 0.4 else "",
        joined_days_ago=random.randint(90, 700) if random.random() < 0.7 else random.randint(0, 89),
        skill=random.lognormvariate(0, 0.35),
        diligence=random.betavariate(2, 3),
    )


def _id(name: str, taken: Counter[str]) -> str:
    """`ines.moreau`, `ines.moreau2`, `ines.moreau3` …"""
    plain = unicodedata.normalize("NFKD", name.translate(WITHOUT_DECOMPOSITION)).encode("ascii", "ignore").decode()
    base = plain.lower().replace(" ", ".")
    taken[base] += 1
    return base if taken[base] == 1 else f"{base}{taken[base]}"
