"""What services cost: as many round trips as they say, however much there is."""

from datetime import date

import pytest

from achievements.definitions import Event, Tier
from achievements.services import (
    activity,
    catalog,
    collections,
    events,
    funnel,
    insights,
    progress,
    revisions,
    states,
    streaks,
    unlocks,
)
from tests.achievements.builders import do, make
from tests.builders import make_board, make_player

MANY = 500


@pytest.fixture(params=[pytest.param(1, marks=pytest.mark.slow), 3])
def played(request, open_store, round_trips):
    """500 achievements of all types, and a player who has some of them."""
    open_store("valkey", request.param)
    make_board("coins", action="coin", windows=("all", "day", "week"))
    make("relics", type="collection", action="relic", items=("cup", "ring"), target=2)
    make("three", type="streak", action="login", target=3)
    make("slayer", type="tiered", action="boss", target=2, points=0, tiers=(Tier("a", "A", 1, 3), Tier("b", "B", 2, 4)))
    make("any", type="meta", action=None, target=3)
    for number in range(MANY - 4):
        make(
            f"a{number:03}",
            action=f"coin-{number}" if number > 99 else "coin",
            target=1 + number,
            category=f"c{number % 7}",
        )
    batch = [Event("alice", action, 100, item="cup") for action in ("coin", "login", "relic", "boss")]
    events.record(batch)
    assert len(progress.all("alice")) == MANY
    round_trips()
    return round_trips


READS = {
    "catalog": lambda: progress.all("alice"),
    "one progress": lambda: progress.get("alice", "slayer"),
    "next up": lambda: progress.next_up("alice"),
    "tiers": lambda: progress.tiers("alice", "slayer"),
    "streak": lambda: streaks.status("alice", "login"),
    "calendar": lambda: streaks.calendar("alice", "login", date(2026, 1, 1), date(2026, 12, 31)),
    "collection": lambda: collections.status("alice", "relics"),
    "unlocks": lambda: unlocks.for_player("alice"),
    "recent": lambda: unlocks.recent(),
    "story": lambda: insights.story("a001", (1, 1)),
}


def test_a_view_is_one_round_trip(played):
    for view, read in READS.items():
        read()  # the server may have to be given the script first
        played()
        read()
        assert played() == 1, view


def test_an_event_for_everything_is_one_round_trip(open_store, round_trips):
    open_store("valkey", 1)
    make_board("coins", action="coin", windows=("all", "day", "week"))
    make("ten")
    make("first", type="milestone", target=1)
    events.record([Event("alice", "coin", 1)])
    round_trips()
    assert (
        len(events.record([Event(f"p{number}", "coin", 10, id=f"{number}") for number in range(200)]).unlocked) == 400
    )
    assert round_trips() == 1


@pytest.mark.parametrize("shards", [1, 3])
def test_statistics_cost_the_documented_round_trips(open_store, round_trips, shards, subtests):
    open_store("valkey", shards)
    make("ten")
    make_player("alice")
    do("alice", "coin", amount=10)
    progress.get("alice", "ten")
    among, holders = funnel.sample(), states.counts()[0]
    for name, trips, read in (
        ("by_day", 1, lambda: activity.by_day(90)),
        ("presence", 1, activity.presence),
        ("sample", 2, funnel.sample),
        ("most_started", 1, lambda: funnel.most_started(among)),
        ("of", 1, lambda: funnel.of(catalog.get("ten"), among, holders)),
        ("by_rarity", 0, lambda: insights.by_rarity(holders)),
        ("time_to_unlock", 2, lambda: insights.time_to_unlock(["ten"])),
        ("published_since", 1, lambda: revisions.published_since(["ten"])),
    ):
        with subtests.test(name):
            round_trips()
            read()
            assert round_trips() == trips
