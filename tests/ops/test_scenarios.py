"""Each scenario keeps what it promises, is the same each time, and leaves nothing of the one before."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client

from achievements.definitions import Event, StreakStatus
from achievements.services import catalog, collections, events, progress, states, streaks
from gamify_site import clock
from gamify_site.ops.demo import big, hidden, one_short, reset, scenarios, tiers, ties, writing
from gamify_site.ops.demo import streaks as streak_cases
from gamify_site.ops.demo.people import Person
from gamify_site.players import services as players
from gamify_site.players import walk
from gamify_site.players.models import Account
from leaderboards.services import boards, ranking
from tests.conftest import Store
from tests.ops.test_reset import dump
from tests.snapshots import seed

ANCHOR = date(2026, 11, 20)
NOON = writing.noon(ANCHOR)
CORNERS = ("one-short", "ties", "streaks", "tiers", "hidden")
SMALL = {"showcase": 4, "one-short": 4, "ties": 15, "streaks": 12, "tiers": 14, "hidden": 5, "big": 30, "empty": 1}
# Each scenario on one shard or on three by turns; `make test-all` runs it on both. One worker runs all tests of the
# same data, so that it is built once.
EACH = [
    pytest.param(
        scenario,
        shards,
        id=f"{scenario}-{shards}",
        marks=[pytest.mark.xdist_group(f"{scenario}-{shards}"), *([] if is_usual else [pytest.mark.slow])],
    )
    for number, scenario in enumerate(SMALL)
    for shards, is_usual in ((3, number % 2 == 0), (1, number % 2 == 1))
]


@contextmanager
def made(scenario: str, number: int, anchor: date = ANCHOR) -> Iterator[list[Person]]:
    """Replace all data by a scenario, at whose noon the clock stops; yield its crowd, all of whom joined long ago."""
    reset.reset(scenario, number, anchor, lambda _done, _total: None)
    with clock.frozen(writing.noon(anchor)):
        yield writing.old_hands(number)


@contextmanager
def seeded(store: Store, scenario: str, number: int, anchor: date = ANCHOR) -> Iterator[list[Person]]:
    """Do the same in a store that is empty, from a copy if there is one."""
    seed(store, scenario, number, anchor)
    with clock.frozen(writing.noon(anchor)):
        yield writing.old_hands(number)


def test_small_numbers_are_for_all_scenarios() -> None:
    assert SMALL.keys() == scenarios.SCENARIOS.keys()


@pytest.mark.parametrize(("scenario", "shards"), EACH)
def test_same_arguments_give_the_same_and_all_of_it_agrees(
    open_store: Callable[..., Store], scenario: str, shards: int
) -> None:
    store = open_store("valkey", shards)
    with seeded(store, scenario, SMALL[scenario]):
        out = StringIO()
        call_command("check_integrity", stdout=out)
    assert out.getvalue().startswith(f"Checked: {SMALL[scenario]} players")
    first = dump(store.redis)
    with made(scenario, SMALL[scenario]):
        assert dump(store.redis) == first


@pytest.mark.every_store
@pytest.mark.usefixtures("services_store")
def test_a_scenario_is_made_on_every_kind_of_store() -> None:
    """The smallest one: seeding takes long on fakeredis."""
    with made("hidden", SMALL["hidden"]):
        out = StringIO()
        call_command("check_integrity", stdout=out)
    assert out.getvalue().startswith(f"Checked: {SMALL['hidden']} players")
    assert "Everything agrees" in out.getvalue()


def test_nothing_of_the_scenario_before_remains(open_store: Callable[..., Store]) -> None:
    open_store("valkey", 3)
    known = {}
    for scenario in ("ties", "tiers", "hidden"):
        with made(scenario, 30):
            known[scenario] = {item.slug for item in catalog.all()}, {board.slug for board in boards.all()}
    for scenario in ("hidden", "tiers", "ties"):
        with made(scenario, 3) as crowd:
            found = {item.slug for item in catalog.all()}, {board.slug for board in boards.all()}
            assert found == known[scenario]
            assert walk.count() == 3
            assert players.get_many(person.id for person in crowd).keys() == {person.id for person in crowd}


@pytest.mark.parametrize("scenario", ["showcase", "one-short", "big"])
def test_no_event_comes_too_late_for_its_period(open_store: Callable[..., Store], scenario: str) -> None:
    """What boards that sum have in their periods is together what they have for all time."""

    def total(slug: str, window: str, period: str) -> int:
        return sum(row.score for row in ranking.top(slug, 999, window=window, period=period))

    with seeded(open_store("valkey", 1), scenario, SMALL[scenario]):
        for board in boards.all():
            for window in {*board.windows} - {"all"} if board.combine == "sum" else ():
                periods = ranking.choices(board.slug, window).periods
                assert sum(total(board.slug, window, it) for it in periods) == total(board.slug, "all", "all")


@pytest.mark.parametrize("scenario", ["one-short", "streaks", "tiers", "hidden"])
def test_everybody_joined_before_anything_happened(open_store: Callable[..., Store], scenario: str) -> None:
    with seeded(open_store("valkey", 1), scenario, SMALL[scenario]) as crowd:
        for state in states.read_many([person.id for person in crowd]):
            moments = [unlock.at for unlock in state.unlocked.values()]
            assert all(state.profile.joined < at <= NOON for at in moments)


# One short


@pytest.mark.xdist_group("one-short of nine")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_each_missing_event_unlocks_what_it_should_for_everybody(open_store: Callable[..., Store], place: int) -> None:
    for number in range(len(one_short.steps(place))):
        with seeded(open_store("valkey", 3), "one-short", 9) as crowd:
            for nth in range(place, 9, 3):
                step = one_short.steps(nth)[number]
                outcome = events.record([Event(crowd[nth].id, *step.deed)])
                found = {unlock.achievement for unlock in outcome.unlocked}
                assert found == {*step.unlocks, one_short.META}, crowd[nth].id


def test_all_missing_events_together_give_all_of_it(open_store: Callable[..., Store]) -> None:
    with seeded(open_store("valkey", 1), "one-short", 18, date(2026, 7, 5)) as crowd:
        batch = [Event(person.id, *step.deed) for place, person in enumerate(crowd) for step in one_short.steps(place)]
        given = defaultdict(set)
        for unlock in events.record(batch).unlocked:
            given[unlock.player].add(unlock.achievement)
        for place, person in enumerate(crowd):
            wanted = {slug for step in one_short.steps(place) for slug in step.unlocks}
            assert wanted | {one_short.META} <= given[person.id]


@pytest.mark.xdist_group("one-short of nine")
def test_exactly_one_is_missing(open_store: Callable[..., Store], subtests: pytest.Subtests) -> None:
    with seeded(open_store("valkey", 3), "one-short", 9) as crowd:
        for slug in ("pocket-money", "full-crew", "every-plank", "harbour-laps", one_short.META):
            with subtests.test(slug=slug):
                for state in states.read_many([person.id for person in crowd]):
                    following = next(step for step in state.of(catalog.get(slug)) if not step.unlocked)
                    assert following.target - following.progress == 1


@pytest.mark.xdist_group("one-short of nine")
def test_exactly_one_day_and_one_item_are_missing(open_store: Callable[..., Store]) -> None:
    with seeded(open_store("valkey", 3), "one-short", 9) as crowd:
        for person, slug in zip(crowd[:3], ("three-chests", "week-of-chests", "moon-of-chests"), strict=True):
            found = streaks.status(person.id, slug)
            assert (found.current, found.recorded_today) == (catalog.get(slug).target - 1, False)
            assert collections.status(person.id, "keepers-shelf").missing == ("Keeper's Spare Key",)


# Ties


def by_rank(board: str, number: int) -> list[tuple[int, str]]:
    return [(row.rank, row.player) for row in ranking.top(board, number)]


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("number", [2, 9, 50])
def test_ranks_are_as_each_rule_for_ties_says(open_store: Callable[..., Store], number: int, shards: int) -> None:
    with seeded(open_store("valkey", shards), "ties", number) as crowd:
        groups = ties.groups(crowd)
        assert sum(map(len, groups)) == number
        shared, dense, order = {}, {}, []
        for place, group in enumerate(groups, 1):
            shared |= dict.fromkeys(group, len(order) + 1)
            dense |= dict.fromkeys(group, place)
            order += group
        assert {player: rank for rank, player in by_rank("shared", number)} == shared
        assert {player: rank for rank, player in by_rank("dense", number)} == dense
        assert by_rank("earliest", number) == list(enumerate(order, 1))
        assert {rank for rank, _ in by_rank("all-equal", number)} == {1}
        assert ranking.size("all-equal") == number


def test_ties_are_at_the_top_and_across_the_edge_of_the_top_ten(store: Store) -> None:
    with seeded(store, "ties", 20):
        assert [rank for rank, _ in by_rank("shared", 14)] == [1, 1, 1, 4, 4, 6, 6, 8, 9, 9, 9, 9, 13, 13]
        assert {row.score for row in ranking.top("shared", 20, window="week")} == {
            row.score for row in ranking.top("shared", 20)
        }
        assert ranking.standing("shared", "alice").rank == 9
        assert ranking.standing("earliest", "alice").rank == 11


def test_points_board_ranks_equal_points_by_unlocks(store: Store) -> None:
    with seeded(store, "ties", 20) as crowd:
        had = {
            state.player: (state.profile.points, state.profile.unlocked)
            for state in states.read_many([person.id for person in crowd])
        }
        assert set(had.values()) == {(60, 1), (60, 2), (60, 3), (30, 1), (30, 2)}
        for rank, player in by_rank(boards.POINTS, 20):
            assert rank == 1 + sum(other > had[player] for other in had.values())


# Streaks


def status(crowd: list[Person], case: str, slug: str) -> StreakStatus:
    place = [case.name for case in streak_cases.CASES].index(case)
    assert players.get(crowd[place].id).team == case
    return streaks.status(crowd[place].id, slug)


@pytest.mark.parametrize(("anchor", "shards"), [(ANCHOR, 3), (date(2026, 4, 1), 1)])
def test_streaks_are_in_the_state_that_is_said(open_store: Callable[..., Store], anchor: date, shards: int) -> None:
    with seeded(open_store("valkey", shards), "streaks", SMALL["streaks"], anchor) as crowd:
        breaks = status(crowd, "Breaks today", "three-chests")
        assert (breaks.current, breaks.active, breaks.recorded_today) == (5, True, False)
        assert breaks.expires_at == midnight(crowd[0], anchor)
        breaks = status(crowd, "Breaks today, no freeze left", "week-of-chests")
        assert (breaks.current, breaks.freezes_left, breaks.recorded_today) == (7, 0, False)
        assert breaks.expires_at == midnight(crowd[1], anchor)
        broken = status(crowd, "Just broken", "three-chests")
        assert (broken.current, broken.best, broken.active) == (0, 8, False)
        assert status(crowd, "Just broken", "week-of-chests").active
        assert not status(crowd, "Just broken, no freeze left", "week-of-chests").active
        frozen = status(crowd, "Frozen", "week-of-chests")
        assert (frozen.current, frozen.freezes_left, frozen.recorded_today) == (7, 0, True)
        assert status(crowd, "A hundred days", "hundred-chests").current == 105
        frozen = status(crowd, "A hundred, five frozen", "hundred-chests")
        assert (frozen.current, frozen.freezes_left) == (106, 0)
        assert status(crowd, "Ninety-nine", "hundred-chests").current == 99
        assert not status(crowd, "Ninety-nine", "hundred-chests").recorded_today
        for case, current, best in (("Once better", 3, 30), ("Began again", 1, 8), ("Done for today", 4, 4)):
            found = status(crowd, case, "three-chests")
            assert (found.current, found.best, found.recorded_today) == (current, best, True)


def midnight(person: Person, anchor: date) -> datetime:
    """The end of the person's today."""
    here = writing.noon(anchor).astimezone(ZoneInfo(person.timezone))
    return here.replace(hour=0, minute=0, second=0) + timedelta(days=1)


def test_freezes_stand_in_the_calendar_and_a_hundred_is_held(open_store: Callable[..., Store]) -> None:
    with seeded(open_store("valkey", 1), "streaks", 22) as crowd:
        names = [case.name for case in streak_cases.CASES]
        marks = streaks.calendar(
            crowd[names.index("A hundred, five frozen")].id, "hundred-chests", date(2026, 7, 1), ANCHOR
        )
        assert list(marks.values()).count("frozen") == 5
        for place, person in enumerate(crowd):
            has = "hundred-chests" in states.read(person.id).unlocked
            assert has == streak_cases.case(place).name.startswith("A hundred"), person.id
        assert ranking.size("chests", segment="Ninety-nine") == 2


# Tiers


@pytest.mark.parametrize("shards", [1, 3])
def test_players_stand_where_their_case_says(open_store: Callable[..., Store], shards: int) -> None:
    with seeded(open_store("valkey", shards), "tiers", 26) as crowd:
        for place, person in enumerate(crowd):
            case, state = tiers.case(place), states.read(person.id)
            for item in tiers.CATALOG:
                steps = state.of(catalog.get(item.slug))
                assert state.reached(item) == tiers.reached(item.tiers, case), (person.id, item.slug)
                assert [step.unlocked for step in steps].count(True) == case.tier + (case.beyond >= 0)
                moments = {step.unlocked_at for step in steps if step.unlocked}
                assert len(moments) == (1 if case.at_once else case.tier + (case.beyond >= 0))
        assert {tiers.case(place) for place in range(26)} == set(tiers.CASES)
        assert tiers.case(0).name == "Just below gold"


def test_one_more_of_each_passes_the_tier_that_alice_is_below(store: Store) -> None:
    with seeded(store, "tiers", 26):
        batch = [Event("alice", "coin_collected"), Event("alice", "lap_finished"), Event("alice", "leapt", value=30)]
        assert {unlock.achievement for unlock in events.record(batch).unlocked} == {
            f"{item.slug}_gold" for item in tiers.CATALOG
        }


# Hidden


@pytest.mark.usefixtures("demo_pages")  # else her account is closed
def test_alice_sees_nothing_of_what_is_hidden_from_her(store: Store, client: Client) -> None:
    secret = [item for item in hidden.DEPTHS + hidden.SURFACE if item.slug in hidden.HIDDEN_FROM_ALICE]
    assert len(secret) == len(hidden.HIDDEN_FROM_ALICE)
    with seeded(store, "hidden", 20):
        client.force_login(Account.objects.get_by_natural_key("alice"))
        told = [client.get(address).content.decode() for address in ("/achievements/", "/", "/players/alice/")]
        told += [repr(progress.all("alice")), client.get("/achievements/lamplighter/").content.decode()]
        assert "Lamplighter" in told[0]
        assert "The Moth" in told[0]
        for item in secret:
            assert not [page for page in told if item.name in page or item.slug in page or item.description in page]
            assert client.get(f"/achievements/{item.slug}/").status_code == 404


def test_most_is_hidden_and_all_kinds_of_it_are_there(store: Store) -> None:
    with seeded(store, "hidden", 20):
        every = catalog.all()
        assert sum(item.hidden for item in every) > len(every) / 2
        assert [item.slug for item in every if item.status == "draft"] == ["glass-eel"]
        assert sorted(item.slug for item in every if item.status == "archived") == sorted(hidden.ARCHIVED)
        alice = states.read("alice")
        assert alice.unlocked.keys() == {
            *("first-step", "moth", "night-watch", "harbour-fair", "torn-map", "pearl-diver_bronze")
        }
        holders, _ = states.counts()
        for slug in set(hidden.HIDDEN_FROM_ALICE) - {"trench", "glass-eel"}:
            assert holders[slug] > 0, slug
        assert not {"trench_bronze", "trench_silver"} & holders.keys()
        assert alice.progress["deep-breath"] == 3
        assert len(collections.status("alice", "drowned-bells").missing) == 1


# Big


def test_big_fills_boards_rarity_and_unlocks(open_store: Callable[..., Store]) -> None:
    open_store("valkey", 3)
    with made("big", 600):
        assert walk.count() == 600
        assert ranking.size("coins") == ranking.size(big.ARENA.slug) == 600
        for window in boards.get("coins").windows:
            assert ranking.size("coins", window=window) > 60
        assert len(ranking.choices("coins", "all", "all").segments) > 20
        holders, number = states.counts()
        shares = {
            release.slug: holders.get(release.slug, 0) / number for item in big.CATALOG for release in item.releases()
        }
        assert shares["first-coin"] == 1
        assert min(shares.values()) < 0.01
        assert sum(0.02 < share < 0.6 for share in shares.values()) >= 4
        assert all(share > 0 for share in shares.values())
        assert ranking.standing(boards.POINTS, "alice") is not None


def test_big_is_made_of_many_blocks_as_of_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    with made("big", 40):
        whole = {row.player: row.score for row in ranking.top("coins", 40)}
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(big, "BLOCK", 15)
    reset.reset("big", 40, ANCHOR, lambda done, total: told.append((done, total)))
    with clock.frozen(NOON):
        assert ranking.size("coins") == len(whole)
    assert told == [(15, 40), (30, 40), (40, 40)]


# Numbers of players


def test_scenarios_have_numbers_of_their_own() -> None:
    assert {it.name: (it.players, it.most) for it in scenarios.SCENARIOS.values()} == {
        "showcase": (250, 5000),
        **dict.fromkeys(CORNERS, (50, 1000)),
        "big": (100_000, 1_000_000),
        "empty": (1, 1000),
    }
    for scenario in scenarios.SCENARIOS.values():
        assert scenario.number(None) == scenario.players
        assert scenario.number(scenario.most) == scenario.most
        for wrong in (0, scenario.most + 1):
            with pytest.raises(ValidationError, match=f"Scenario {scenario.name} takes 1 to"):
                scenario.number(wrong)


@pytest.mark.usefixtures("store")
def test_command_takes_the_number_of_the_scenario_and_refuses_more_than_it_takes() -> None:
    with pytest.raises(CommandError, match=r"--players 1001: Scenario ties takes 1 to 1,000 players\."):
        call_command("reset_demo", "--yes", "--scenario", "ties", "--players", "1001")
    assert boards.all() == []
    out = StringIO()
    call_command("reset_demo", "--yes", "--scenario", "hidden", stdout=out)
    assert "Done: scenario hidden, 50 players." in out.getvalue()
