"""A site with many players: full boards, achievements from common to rare, and a week of play.

Everything is made block by block, so that a million players need no more memory than a thousand.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import islice
from random import Random

from achievements.definitions import Event
from achievements.services import catalog
from gamify_site.ops.demo import people, writing
from gamify_site.ops.demo.achievements import SHELF
from gamify_site.ops.demo.designing import collection, counter, meta, placed, row, streak, tiered
from gamify_site.ops.demo.history import Deed
from gamify_site.ops.demo.people import Person
from gamify_site.ops.demo.showcase import BEST_LAP, COINS
from gamify_site.ops.demo.writing import SEED, Progress, noon
from leaderboards.definitions import LONGEST_GRACE, Board
from leaderboards.services import boards, scores

BLOCK = 2000  # players
DAYS = 7  # of play
NEWEST, OLDEST = 10, 700  # days ago that the last and the first of them joined
ALICES_WEEK = (6, 5, 4, 2, 1)  # days ago that alice plays

ARENA = Board("arena", "Arena", description="Ratings, submitted as scores without events.", combine="last", decimals=1)
CATALOG = (
    row("first-coin", "First Coin", "Pick up a coin.", 5, "banknotes", action="coin_collected"),
    row("full-pockets", "Full Pockets", "Collect 250 coins.", 20, "circle-stack", **counter("coin_collected", 250)),
    row("hoard", "The Hoard", "Collect coins.", 0, "archive-box",
        **tiered("coin_collected", "sum", ("Purse", 100, 10), ("Chest", 500, 30), ("Vault", 1_200, 100))),
    row("out-on-the-course", "Out on the Course", "Finish a lap.", 5, "flag", action="lap_finished"),
    row("keepers-shelf", "The Keeper's Shelf", "Find all eight relics.", 200, "key",
        **collection("relic_found", SHELF)),
    row("three-days", "Three Days", "Come by on 3 days in a row.", 30, "calendar-days", **streak("login", 3)),
    row("regular", "Regular", "Come by 6 times.", 50, "home", **counter("login", 6, "count")),
    row("all-round", "All-Round", "Unlock 7 achievements.", 80, "trophy", **meta(7)),
)  # fmt: skip


def make(number: int, anchor: date, progress: Progress) -> None:
    """Three boards, eight achievements, and a week of play for each block of players."""
    for board in (replace(COINS, grace_hours=LONGEST_GRACE), BEST_LAP, ARENA):  # the week is reported at once
        boards.define(board)
    for achievement in placed({"week": CATALOG}):
        catalog.define(achievement)
    dice = Random(SEED)  # noqa: S311  (sample data must come out the same each time)
    crowd = people.each(number, dice)
    done = 0
    while block := list(islice(crowd, BLOCK)):
        joined = NEWEST + (OLDEST - NEWEST) * (number - done) // number
        writing.join((replace(person, joined_days_ago=joined) for person in block), anchor)
        writing.record((event for person in block for event in _week(person, dice, anchor)), noon(anchor))
        ratings = {person.id: Decimal(round(dice.gauss(15_000, 2_000))).scaleb(-1) for person in block}
        scores.submit_many(ARENA.slug, ratings, at=noon(anchor))
        done += len(block)
        progress(done, number)


def _week(person: Person, dice: Random, anchor: date) -> Iterator[Event]:
    """What somebody does in the week; some come on one day alone, few on each."""
    days = [days_ago for days_ago in range(DAYS) if dice.random() < person.diligence * 0.7]
    if person.id == people.ALICE.id:
        days = list(ALICES_WEEK)
    for days_ago in days or [dice.randrange(DAYS)]:
        for deed in _deeds(person, dice):
            yield Event(person.id, *deed, at=noon(anchor, days_ago))


def _deeds(person: Person, dice: Random) -> Iterator[Deed]:
    yield Deed("login")
    yield Deed("coin_collected", max(1, round(dice.lognormvariate(4, 0.8) * person.skill)))
    if dice.random() < 0.4:
        seconds = 58 + 9 / person.skill + dice.expovariate(0.2)
        yield Deed("lap_finished", value=Decimal(round(seconds * 100)).scaleb(-2))
    if dice.random() < 0.2:
        for _ in range(dice.choice((1, 1, 1, 2, 8))):
            yield Deed("relic_found", item=dice.choice(SHELF))
