"""The showcase: its history is what the engine makes of events, and there is something of everything to look at."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from achievements.definitions import TYPES, Event, Outcome, StreakStatus
from achievements.services import catalog, collections, events, progress, states, streaks
from gamify_site import clock
from gamify_site.ops.demo import achievements, history, people, reset, scenarios, showcase, writing
from gamify_site.players import services as players
from leaderboards.services import ranking
from tests.conftest import Store
from tests.snapshots import seed

ANCHOR = date(2026, 11, 20)
NOON = writing.noon(ANCHOR)
ALL = achievements.all_of_them()
MANY = 60  # built once for all tests that need a crowd, on one shard, where that is fastest


def make(number: int = 12) -> None:
    reset.reset("showcase", number, ANCHOR, lambda _done, _total: None)


@pytest.fixture
def made(store: Store) -> None:
    """Fill the store with a showcase of twelve players."""
    seed(store, "showcase", 12, ANCHOR)


def everybody() -> list[states.State]:
    return [states.read(row.player) for row in ranking.top("coins", 1000)]


def unlocked() -> dict[str, dict[str, object]]:
    """What everybody has, with the moment and the points."""
    return {state.player: dict(state.unlocked) for state in everybody()}


def test_catalog_has_something_of_everything() -> None:
    assert 55 <= len(ALL) <= 70
    assert {item.type for item in ALL} == set(TYPES)
    assert len({item.category for item in ALL}) == 6
    assert {item.measure for item in ALL if item.type == "counter"} == {"sum", "count", "max"}
    freezes = {item.freezes for item in ALL if item.type == "streak"}
    assert 0 in freezes
    assert len(freezes) > 2
    counted = {item.counts for item in ALL if item.type == "meta"}
    assert counted == {None} | {item.category for item in ALL} - {"renown"}
    assert sum(item.hidden for item in ALL) >= 6
    assert sum(item.status == "draft" for item in ALL) == 1
    assert any(item.metadata for item in ALL)


def test_prerequisites_make_a_chain_and_stand_before_who_waits() -> None:
    seen: set[str] = set()
    depth = {}
    for item in ALL:
        assert seen.issuperset(item.prerequisites), item.slug
        depth[item.slug] = 1 + max((depth.get(slug, 0) for slug in item.prerequisites), default=0)
        seen |= {release.slug for release in item.releases()}
    assert max(depth.values()) == 4


def test_every_achievement_has_an_icon_words_and_its_own_place() -> None:
    assert len({item.icon for item in ALL}) == len({item.name for item in ALL}) == len(ALL)
    assert len({(item.category, item.position) for item in ALL}) == len(ALL)
    assert all(item.icon and item.description.endswith((".", "?")) for item in ALL)


def test_the_last_meta_asks_for_all_that_can_still_be_had() -> None:
    had = [
        release.slug
        for item in ALL
        if item.type != "meta" and item.status == "published" and item.slug != achievements.REGATTA
        for release in item.releases()
    ]
    assert next(item.target for item in ALL if item.slug == "everything-but-the-gulls") == len(had)


def test_all_events_are_heard_and_none_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    outcomes: list[Outcome] = []
    actions: set[str] = set()
    record = events.record

    def watch(batch: list[Event]) -> Outcome:
        actions.update(event.action for event in batch)
        outcomes.append(record(batch))
        return outcomes[-1]

    monkeypatch.setattr(events, "record", watch)
    make(6)
    assert not any(outcome.rejected or outcome.duplicates or outcome.no_listeners for outcome in outcomes)
    assert actions <= {item.action for item in ALL if item.status == "published"}
    with clock.frozen(NOON):
        assert sum(outcome.accepted for outcome in outcomes) > 1000
        assert sum(len(state.unlocked) for state in everybody()) == sum(len(outcome.unlocked) for outcome in outcomes)


def test_events_that_are_refused_stop_the_reset(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.setattr(history, "day", lambda *_: [Event("alice", "coin_collected", amount=0, at=NOON)])
    with pytest.raises(ValueError, match="amount"):
        make()


@pytest.mark.xdist_group("showcase of twelve")
@pytest.mark.usefixtures("made")
def test_points_are_those_of_the_unlocks() -> None:
    with clock.frozen(NOON):
        for state in everybody():
            total = sum(unlock.points for unlock in state.unlocked.values())
            profile = players.get(state.player)
            assert (profile.points, profile.unlocked) == (total, len(state.unlocked))
            standing = ranking.standing("achievement-points", state.player)
            assert standing is not None
            assert standing.score == total


@pytest.mark.xdist_group("showcase of twelve")
@pytest.mark.usefixtures("made")
def test_boards_follow_from_the_events() -> None:
    with clock.frozen(NOON):
        for board, slug in (("coins", "hoard"), ("weekly-score", "name-on-the-wall")):
            rows = ranking.top(board, 20, window="all")
            assert {row.player: row.score for row in rows} == {
                row.player: states.read(row.player).progress[slug] for row in rows
            }


@pytest.mark.xdist_group("showcase of twelve")
@pytest.mark.usefixtures("made")
def test_nothing_happens_after_noon_of_the_last_day_or_before_somebody_joined() -> None:
    with clock.frozen(NOON):
        for state in everybody():
            moments = [unlock.at for unlock in state.unlocked.values()]
            assert max(moments) <= NOON
            assert min(moments) >= players.get(state.player).joined


@pytest.mark.xdist_group("showcase of many")
def test_the_regatta_is_over_and_kept_by_those_who_were_there(open_store: Callable[..., Store]) -> None:
    seed(open_store("valkey", 1), "showcase", MANY, ANCHOR)
    with clock.frozen(NOON):
        assert catalog.get(achievements.REGATTA).status == "archived"
        held = [
            state.unlocked[achievements.REGATTA].at for state in everybody() if achievements.REGATTA in state.unlocked
        ]
    assert held
    assert max(held) <= NOON - timedelta(days=showcase.REGATTA_ENDED - 1)


def test_one_shard_or_three_make_no_difference(open_store: Callable[..., Store]) -> None:
    found = []
    for shards in (1, 3):
        seed(open_store("valkey", shards), "showcase", 6, ANCHOR)  # some are on each of the three
        with clock.frozen(NOON):
            found.append(unlocked())
    assert found[0] == found[1]


@pytest.mark.xdist_group("showcase of many")
def test_a_life_does_not_depend_on_who_else_is_there(open_store: Callable[..., Store]) -> None:
    found = []
    for number in (1, 3, MANY):
        seed(open_store("valkey", 1), "showcase", number, ANCHOR)
        with clock.frozen(NOON):
            found.append(unlocked())
    assert found[0]["alice"] == found[1]["alice"] == found[2]["alice"]
    assert all(found[2][player] == had for player, had in found[1].items())


@pytest.mark.parametrize("anchor", [ANCHOR, date(2026, 7, 5), date(2028, 3, 27)])
def test_alice_has_something_of_everything(open_store: Callable[..., Store], anchor: date) -> None:
    seed(open_store("valkey", 1), "showcase", 3, anchor)
    with clock.frozen(writing.noon(anchor)):
        state = states.read("alice")
        near = [item.percent for item in progress.next_up("alice", 6)]
        chests = streaks.status("alice", "week-of-chests")
        ship = collections.status("alice", "ship-in-pieces")
        hoard = [step.unlocked for step in progress.tiers("alice", "hoard")]
    assert 30 <= len(state.unlocked) <= 50
    assert min(near) >= 75
    assert chests.recorded_today
    assert chests.current > 14
    assert chests.freezes_left == 0
    assert 2 <= len(ship.missing) <= 3
    assert hoard == [True, True, False, False]
    assert len([item for item in ALL if item.hidden and item.slug in state.unlocked]) >= 3


@pytest.mark.parametrize(
    ("asked", "rare", "streaks_of_a_kind"),
    [
        pytest.param(MANY, 2, 5, marks=pytest.mark.xdist_group("showcase of many")),
        # The demo as it is by default.
        pytest.param(scenarios.SCENARIOS["showcase"].players, 4, 10, marks=pytest.mark.slow),
    ],
)
def test_the_crowd_is_believable(
    open_store: Callable[..., Store], asked: int, rare: int, streaks_of_a_kind: int
) -> None:
    seed(open_store("valkey", 1), "showcase", asked, ANCHOR)
    with clock.frozen(NOON):
        crowd = [row.player for row in ranking.top("coins", 1000)]
        holders, number = states.counts()
        chests = [streaks.status(player, "week-of-chests") for player in crowd]
    assert number == len(crowd) == asked
    shares = [
        holders.get(release.slug, 0) / number
        for item in ALL
        if item.status == "published"
        for release in item.releases()
    ]
    assert shares.count(1) >= 2
    assert 0 in shares
    assert sum(0 < share < 0.02 for share in shares) >= rare
    assert sum(0.1 <= share <= 0.6 for share in shares) >= 20
    assert sum(is_about_to_break(status) for status in chests) >= streaks_of_a_kind
    assert sum(status.active and status.freezes_left == 0 for status in chests) >= streaks_of_a_kind


def is_about_to_break(status: StreakStatus) -> bool:
    """Whether some days in a row are lost at the coming midnight."""
    if status.expires_at is None or status.recorded_today or status.current < 3:
        return False
    return status.expires_at - NOON < timedelta(hours=24)


def test_people_have_days_off_and_a_first_day_that_is_certain() -> None:
    for ago in (0, 1, 40, 89, 90, 500):
        person = people.Person("bob", "Bob", "SE", "Europe", "Europe/Stockholm", "", "", ago, 1.0, 0.0)
        life = history.begin(person, 1)
        days = [history.day(life, ANCHOR, day) for day in reversed(range(history.DAYS))]
        assert any(days)
        assert len(days) - sum(map(bool, days)) > 80
        assert all(event.at and event.at <= NOON for day in days for event in day)
