"""A catalog of which most is hidden. Alice has some of it, others have other parts; nobody has The Trench.

What alice must not see anywhere: the names of HIDDEN_FROM_ALICE, the draft Glass Eel, the archived Burnt Chart. The
Lamplighter, which everybody sees, waits for one of them, so his prerequisite must not be named either.
"""

from dataclasses import replace
from datetime import date

from achievements.definitions import Event
from achievements.services import catalog
from gamify_site.ops.demo import writing
from gamify_site.ops.demo.designing import collection, counter, meta, placed, row, streak, tiered
from gamify_site.ops.demo.history import Deed
from gamify_site.ops.demo.people import Person
from gamify_site.ops.demo.writing import Progress

BELLS = ("Treble", "Tenor", "Bass")
ARCHIVED = ("harbour-fair", "torn-map", "burnt-chart")

SURFACE = (
    row("first-step", "First Step", "Set foot on the quay.", 5, "flag", action="step_taken"),
    row("oarsman", "Oarsman", "Row out 10 times.", 10, "lifebuoy", **counter("rowed_out", 10)),
    row("moth", "The Moth", "Follow the light.", 15, "moon", hidden=True, action="moth_seen"),
    row("night-watch", "Night Watch", "Light 3 lanterns.", 20, "eye", prerequisites=("moth",),
        **counter("lantern_lit", 3)),
    row("oil-and-wick", "Oil and Wick", "Find the keeper's store.", 15, "fire", hidden=True, action="oil_found"),
    row("lamplighter", "Lamplighter", "Light 2 lanterns, once you know how.", 20, "light-bulb",
        prerequisites=("oil-and-wick",), **counter("lantern_lit", 2)),
    row("harbour-fair", "Harbour Fair", "Be there when the fair is.", 10, "ticket", action="fair_visited"),
)  # fmt: skip
DEPTHS = (
    row("deep-breath", "Deep Breath", "Dive 5 times.", 25, "cloud", hidden=True, **counter("dived", 5, "count")),
    row("pearl-diver", "Pearl Diver", "Dive for pearls.", 0, "sparkles", hidden=True,
        **tiered("dived", "count", ("Oyster", 2, 10), ("Pearl", 6, 25), ("Necklace", 10, 60))),
    row("trench", "The Trench", "Go down 200 fathoms, then 900.", 0, "globe-alt", hidden=True,
        **tiered("fathoms_sunk", "sum", ("Dusk", 200, 50), ("Night", 900, 200))),
    row("drowned-bells", "Drowned Bells", "Ring the three bells of the bay.", 60, "bell", hidden=True,
        **collection("bell_rung", BELLS)),
    row("moonlit-days", "Moonlit Days", "Be out by moonlight on 3 days in a row.", 40, "star", hidden=True,
        **streak("moon_seen", 3)),
    row("torn-map", "Torn Map", "Find a half of the chart.", 15, "map", hidden=True, action="map_found"),
    row("burnt-chart", "Burnt Chart", "Find the other half.", 15, "document", hidden=True, action="chart_found"),
    row("glass-eel", "Glass Eel", "Still being written.", 15, "bug-ant", hidden=True, status="draft",
        action="eel_seen"),
    row("keeper-of-secrets", "Keeper of Secrets", "Unlock 5 achievements of the depths.", 100, "lock-closed",
        hidden=True, **meta(5, "depths")),
    row("whisperer", "Whisperer", "Unlock 13 achievements of any kind.", 100, "chat-bubble-left", hidden=True,
        **meta(13)),
)  # fmt: skip

HIDDEN_FROM_ALICE = (
    *("oil-and-wick", "deep-breath", "trench", "drowned-bells", "moonlit-days", "burnt-chart", "glass-eel"),
    *("keeper-of-secrets", "whisperer"),
)
ALICES = (
    (5, (Deed("step_taken"), Deed("moth_seen"), Deed("fair_visited"), Deed("map_found"))),
    (2, (Deed("moon_seen"), Deed("dived"), Deed("dived"), Deed("bell_rung", item=BELLS[0]))),
    (1, (Deed("moon_seen"), Deed("dived"), Deed("lantern_lit", 3), Deed("rowed_out", 4), Deed("fathoms_sunk", 150))),
    (1, (Deed("bell_rung", item=BELLS[2]),)),
)
KNOWING = (
    (5, (Deed("step_taken"), Deed("oil_found"), Deed("chart_found"), Deed("lantern_lit", 2))),
    (3, (Deed("moon_seen"), *(Deed("dived") for _ in range(10)), *(Deed("bell_rung", item=bell) for bell in BELLS))),
    (2, (Deed("moon_seen"), Deed("rowed_out", 10), Deed("moth_seen"))),
    (1, (Deed("moon_seen"), Deed("lantern_lit"))),
)
BEGINNERS = ((3, (Deed("step_taken"), Deed("dived"), Deed("lantern_lit", 2))), (1, (Deed("oil_found"),)))
STRANGERS = ((1, (Deed("step_taken"), Deed("rowed_out", 2))),)
LIVES = (  # in turns
    ("Knows nearly all secrets.", KNOWING),
    ("Knows one secret.", BEGINNERS),
    ("Knows nothing.", STRANGERS),
)
FAIR_ENDED = 4  # days ago, with it what was found there


def make(number: int, anchor: date, progress: Progress) -> None:
    """The catalog, its archived part played before it was archived, and everybody's days up to yesterday."""
    for achievement in placed({"surface": SURFACE, "depths": DEPTHS}):
        catalog.define(achievement)
    crowd = [
        replace(person, about=_life(place)[0]) if place else person
        for place, person in enumerate(writing.old_hands(number))
    ]
    writing.join(crowd, anchor)
    done = [event for place, person in enumerate(crowd) for event in _days(person, place, anchor)]
    ended = writing.noon(anchor, FAIR_ENDED)
    writing.play([event for event in done if writing.happened(event) <= ended], anchor, progress)
    for slug in ARCHIVED:
        catalog.archive(slug)
    writing.play([event for event in done if writing.happened(event) > ended], anchor, progress)


def _life(place: int) -> tuple[str, tuple[tuple[int, tuple[Deed, ...]], ...]]:
    return LIVES[(place - 1) % len(LIVES)]


def _days(person: Person, place: int, anchor: date) -> list[Event]:
    return [
        Event(person.id, *deed, at=writing.moment(person, anchor, days_ago, minute))
        for days_ago, deeds in (_life(place)[1] if place else ALICES)
        for minute, deed in enumerate(deeds)
    ]
