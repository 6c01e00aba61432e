"""Random histories: the engine and the model must agree after every step, on any server and number of shards.

`HYPOTHESIS_PROFILE=thorough` runs many more of them.
"""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)

from achievements.definitions import EXACT, NO_AMOUNT, Achievement, Event, Tier, Unlock
from achievements.services import (
    backfill,
    catalog,
    collections,
    events,
    insights,
    integrity,
    progress,
    states,
    streaks,
    unlocks,
)
from gamify_site.ops import integrity as key_integrity
from gamify_site.players import services as players
from gamify_site.store import catalog as definitions
from leaderboards.definitions import Board
from leaderboards.services import boards, ranking, seasons
from leaderboards.services import integrity as board_integrity
from tests import state_machines
from tests.achievements.model import COUNTS, Model, OutOfRange, Player, run_of

PLAYERS = ("alice", "bob", "Charlie")
ITEMS = ("cup", "ring", "hat", "spoon", "crown")  # those of the collection at first, then more
ACTIONS = ("coin", "login", "relic", "boss", "whistle")
TWINS = {  # with the same midnights; `test_moves` tells of those with others
    "": "Atlantic/Reykjavik", "Europe/Berlin": "Europe/Paris", "America/New_York": "America/Toronto",
    "Pacific/Auckland": "Antarctica/McMurdo",
}  # fmt: skip
TWIN_OF = TWINS | {twin: zone for zone, twin in TWINS.items() if zone} | {"Atlantic/Reykjavik": "UTC"}
TWIN_OF["UTC"] = "Atlantic/Reykjavik"
TIERS = (Tier("bronze", "Bronze", 1, 1), Tier("silver", "Silver", 3, 2), Tier("gold", "Gold", 5, 4))


def achievement(slug: str, type_: str, action: str | None, target: int, points: int, **fields: Any) -> Achievement:
    return Achievement(
        slug, slug.title(), "", type_, action, target, points, fields.pop("category", "sea"),
        status=fields.pop("status", "published"), **fields,
    )  # fmt: skip


# Each may have those above it as prerequisites, so that no edit makes a cycle.
CATALOG = (
    achievement("first", "milestone", "login", 1, 3),
    achievement("saver", "counter", "coin", 10, 5),
    achievement("picker", "counter", "coin", 3, 0, measure="count", prerequisites=("first",)),
    achievement("jackpot", "counter", "coin", 50, 8, measure="max", category="land"),
    achievement("relics", "collection", "relic", 3, 10, items=ITEMS[:3]),
    achievement("three", "streak", "login", 3, 6, category="land"),
    achievement("four", "streak", "login", 4, 7, freezes=2),
    achievement("slayer", "tiered", "boss", 5, 0, tiers=TIERS, category="land"),
    achievement("hunter", "counter", "boss", 2, 9, measure="count", prerequisites=("slayer_silver", "saver")),
    achievement("later", "counter", "coin", 4, 11, status="draft"),
    achievement("lonely", "streak", "login", 2, 2, status="draft"),
    achievement("any", "meta", None, 2, 20),
    achievement("grand", "meta", None, 2, 30, counts="land", prerequisites=("any",)),
)
BOARDS = (
    Board("coins", "Coins", action="coin", windows=("all", "day")),
    Board("boss", "Boss", action="boss", windows=("all", "day"), combine="best"),
    Board("latest", "Latest", action="relic", windows=("all", "day"), combine="last"),
    Board("daily", "Daily", action="boss", windows=("day",), grace_hours=30),
)
SLUGS = tuple(item.slug for item in CATALOG)
RELEASES = tuple(release.slug for item in CATALOG for release in item.releases())

a_player = st.sampled_from(PLAYERS)
a_moment = st.one_of(st.integers(0, 24), st.integers(0, 24), st.integers(-1, 175))  # hours ago
an_event = st.builds(
    dict,
    player=a_player,
    action=st.sampled_from(ACTIONS),
    amount=st.one_of(st.integers(1, 6), st.integers(1, 6), st.sampled_from([0, EXACT, EXACT - 7, NO_AMOUNT])),
    value=st.one_of(st.none(), st.integers(-5, 60)),
    item=st.sampled_from([*ITEMS[:3], "hat", "cup", None, *ITEMS[3:]]),
    ago=a_moment,
    number=st.one_of(st.none(), st.integers(0, 8)),
)
by_another_process = st.booleans()


class Histories(RuleBasedStateMachine):
    """A dozen achievements of all types, boards, four players, a clock that moves on, a process that edits as well."""

    keyed = Bundle("keyed")

    def __init__(self, store: Any, clock: Any) -> None:
        super().__init__()
        store.empty()
        self.clock = clock
        self.clock.set(datetime(2082, 10, 23, 20, tzinfo=UTC))  # clocks go back in Europe two days later
        self.model = Model()
        self.batches = 0
        self.deleted: list[str] = []
        self.step = 0
        for board in BOARDS:
            self._define_board(board)
        for item in CATALOG:
            self._define(item)

    # What happens

    @rule(given=st.lists(an_event, min_size=1, max_size=8), behind=st.sampled_from([0, 0, 1, 20]))
    def record(self, given: list[dict[str, Any]], behind: int) -> None:
        """By one whose clock may be some hours behind that of who closes periods."""
        now = self.clock.now()
        self.clock.set(now - timedelta(hours=behind))
        batch = [self._event(**fields) for fields in given]
        self._compare(events.record(batch), batch)
        self.clock.set(now)

    @rule(target=keyed, given=st.lists(an_event, min_size=1, max_size=5))
    def record_with_key(self, given: list[dict[str, Any]]) -> Any:
        batch = [self._event(**fields) for fields in given]
        self.batches += 1
        outcome = events.record(batch, idempotency_key=f"batch {self.batches}")
        self._compare(outcome, batch)
        return multiple((f"batch {self.batches}", batch, outcome, len(self.deleted)))

    @rule(sent=consumes(keyed))
    def send_again(self, sent: Any) -> None:
        key, batch, outcome, deleted_before = sent
        again = events.record(batch, idempotency_key=key)
        gone = self.deleted[deleted_before:]
        kept = [unlock for unlock in outcome.unlocked if unlock.player not in gone]
        assert again == replace(outcome, unlocked=kept)

    @rule(player=a_player, days=st.integers(1, 6), action=st.sampled_from(["login", "boss", "relic"]))
    def do_daily(self, player: str, days: int, action: str) -> None:
        """What a regular does: the same every day, the latest first."""
        batch = [
            Event(player, action, item=("cup", "ring", "hat")[number % 3], at=self.clock.now() - timedelta(days=number))
            for number in range(days)
        ]
        self._compare(events.record(batch), batch)

    @rule(slug=st.sampled_from(["coins", "boss"]), how=st.sampled_from(["sum", "best"]), elsewhere=by_another_process)
    def edit_board(self, slug: str, how: Any, elsewhere: bool) -> None:
        self._define_board(replace(self.model.boards[slug], combine=how), elsewhere=elsewhere)

    @rule(grace=st.sampled_from([0, 1, 30, 168]), elsewhere=by_another_process)
    def edit_grace(self, grace: int, elsewhere: bool) -> None:
        self._define_board(replace(self.model.boards["daily"], grace_hours=grace), elsewhere=elsewhere)

    @rule()
    def tick(self) -> None:
        seasons.close_due()
        self.model.close(self.clock.now())

    @rule(action=st.sampled_from(["relic", "whistle"]), elsewhere=by_another_process)
    def hang_board_elsewhere(self, action: str, elsewhere: bool) -> None:
        self._define_board(replace(self.model.boards["latest"], action=action), elsewhere=elsewhere)

    @rule(elsewhere=by_another_process)
    def add_item(self, elsewhere: bool) -> None:
        items = self.model.definitions["relics"].items
        if len(items) < len(ITEMS):
            items = ITEMS[: len(items) + 1]
            self._define(replace(self.model.definitions["relics"], items=items, target=len(items)), elsewhere=elsewhere)

    @rule(player=a_player, zone=st.sampled_from([zone for zone in TWINS if zone]))
    def move(self, player: str, zone: str) -> None:
        """Move somebody new anywhere, and everybody else to where midnights are the same, so that no day is another."""
        if player in self.model.players:
            zone = TWIN_OF[self.model.players[player].timezone]
        if self.model.move(player, zone, self.clock.now()):
            players.upsert(player, timezone=zone)
        else:
            with pytest.raises(ValidationError):
                players.upsert(player, timezone=zone)

    @rule(
        player=a_player,
        slug=st.sampled_from(SLUGS),
        what=st.sampled_from(["increment", "set"]),
        value=st.integers(0, 7),
    )
    def set_progress(self, player: str, slug: str, what: str, value: int) -> None:
        item, now = self.model.definitions[slug], self.clock.now()
        change = {"increment": progress.increment, "set": progress.set}[what]
        model_change = {"increment": self.model.add, "set": self.model.set}[what]
        is_bad = item.type not in COUNTS or item.status != "published" or (what == "increment" and not value)
        try:
            if is_bad:
                raise OutOfRange
            model_change(player, slug, value, now)
        except OutOfRange:
            with pytest.raises(ValidationError):
                change(player, slug, value)
            return
        assert change(player, slug, value) == self._progress(player, item)[-1]

    @rule(player=a_player, slug=st.sampled_from((*SLUGS, *RELEASES)))
    def grant(self, player: str, slug: str) -> None:
        item, slugs = self._releases(slug)
        if item.status != "published":
            with pytest.raises(ValidationError):
                unlocks.grant(player, slug, "a prize", by="root")
            return
        given = unlocks.grant(player, slug, "a prize", by="root")
        expected = self.model.grant(player, item, slugs, self.clock.now())
        assert _sorted(given) == _sorted(expected)

    @rule(player=a_player, slug=st.sampled_from((*SLUGS, *RELEASES)), place=st.none() | st.integers(0, 9))
    def revoke(self, player: str, slug: str, place: int | None) -> None:
        """Take back anything, or something that the player has."""
        held = sorted(self.model.players.get(player, Player()).unlocked)
        if held and place is not None:
            slug = held[place % len(held)]
        item, slugs = self._releases(slug)
        assert unlocks.revoke(player, slug, "a mistake", by="root") == self.model.revoke(player, item, slugs)

    @rule(
        slug=st.sampled_from(SLUGS),
        points=st.integers(0, 20),
        goal=st.integers(1, 6),
        freezes=st.integers(0, 3),
        elsewhere=by_another_process,
    )
    def edit_numbers(self, slug: str, points: int, goal: int, freezes: int, elsewhere: bool) -> None:
        item = self.model.definitions[slug]
        if item.type == "tiered":
            tiers = tuple(
                replace(tier, target=goal + 2 * place, points=points + place) for place, tier in enumerate(item.tiers)
            )
            self._define(replace(item, tiers=tiers, target=tiers[-1].target), elsewhere=elsewhere)
        elif item.type == "streak":
            self._define(replace(item, points=points, target=goal, freezes=freezes), elsewhere=elsewhere)
        elif item.type in ("counter", "meta"):
            self._define(replace(item, points=points, target=goal), elsewhere=elsewhere)
        else:
            self._define(replace(item, points=points), elsewhere=elsewhere)

    @rule(slug=st.sampled_from(SLUGS), category=st.sampled_from(["sea", "land"]), waits_for=st.sampled_from(RELEASES))
    def edit_relations(self, slug: str, category: str, waits_for: str) -> None:
        earlier = {it.slug for item in CATALOG[: SLUGS.index(slug)] for it in item.releases()}
        prerequisites = (waits_for,) if waits_for in earlier else ()
        self._define(replace(self.model.definitions[slug], category=category, prerequisites=prerequisites))

    @rule(slug=st.sampled_from(SLUGS), elsewhere=by_another_process)
    def archive_or_publish(self, slug: str, elsewhere: bool) -> None:
        item = self.model.definitions[slug]
        status = "archived" if item.status == "published" else "published"
        self._define(replace(item, status=status), elsewhere=elsewhere)

    @rule(slug=st.sampled_from((None, *SLUGS)))
    def recompute(self, slug: str | None) -> None:
        assert backfill.recompute(slug) == self.model.recompute(slug, self.clock.now())

    @rule(player=a_player)
    def delete(self, player: str) -> None:
        players.delete(player)
        self.deleted.append(player)
        self.model.delete(player)

    @rule(hours=st.integers(1, 50))
    def time_passes(self, hours: int) -> None:
        self.clock.advance(hours=hours)

    # What must hold after every step

    @invariant()
    def agrees_with_the_model(self) -> None:
        """Look at one player, since reading is most of the work; `teardown` looks at all."""
        self.step += 1
        name = PLAYERS[self.step % len(PLAYERS)]
        self._check_player(name, self.model.players.get(name, Player()))
        if self.step % 2:
            self._check_days_and_items(name, self.model.players.get(name, Player()))
        release = RELEASES[self.step % len(RELEASES)]
        holders = sum(release in player.unlocked for player in self.model.players.values())
        assert insights.rarity(release) == (holders, len(self.model.players))

    def _check_player(self, name: str, player: Player) -> None:
        state = states.read(name)
        assert {slug: value for slug, value in state.progress.items() if value} == {
            slug: value for slug, value in player.progress.items() if value
        }
        assert dict(state.unlocked) == player.unlocked
        for item in self.model.definitions.values():
            assert state.of(item) == self._progress(name, item)
        profile = players.get(name) if name in self.model.players else None
        if profile:
            assert (profile.points, profile.unlocked) == (player.points, len(player.unlocked))
        standing = ranking.standing("achievement-points", name)
        assert (standing and standing.score) == (player.points if name in self.model.on_points_board else None)
        for board in self.model.boards.values():
            if "all" in board.windows:
                self._check_standing(name, board.slug, "all", "all")
        yesterday = (self.clock.now() - timedelta(days=1)).date().isoformat()
        for slug in ("latest", "daily"):
            self._check_standing(name, slug, "day", yesterday)

    def _check_standing(self, name: str, board: str, window: str, period: str) -> None:
        found = ranking.standing(board, name, window=window, period=period)
        entry = self.model.entries.get((board, period), {}).get(name)
        assert (found and found.score) == (entry and entry[0])

    @invariant()
    def everything_derived_is_what_it_must_be(self) -> None:
        """Check after every tenth step, since the check reads all data; `teardown` checks at the end."""
        if self.step % 10 == 0:
            self._check_integrity()

    def _check_integrity(self) -> None:
        assert {breach.rule for breach in integrity.check()} <= integrity.BACKFILLED

    def _check_days_and_items(self, name: str, player: Player) -> None:
        items = player.items.get("relics", set())
        known = self.model.definitions["relics"].items
        assert collections.status(name, "relics").collected == tuple(
            item for place, item in enumerate(known) if place in items
        )
        today = self.clock.now().astimezone(ZoneInfo(player.timezone or "UTC")).date()
        marked = streaks.calendar(name, "four", today - timedelta(days=400), today + timedelta(days=2))
        assert {day.toordinal() for day, mark in marked.items() if mark == "done"} == player.days.get("login", set())

    def teardown(self) -> None:
        """Everybody has what the model says, and runs are what the days make, once a backfill has been through."""
        self._check_integrity()
        self._check_everybody()
        backfill.recompute()
        self.model.recompute(None, self.clock.now())
        assert not [*integrity.check(), *board_integrity.check(), *key_integrity.check()]
        for name in PLAYERS:
            player = self.model.players.get(name, Player())
            for item in self.model.definitions.values():
                if item.type == "streak" and item.status != "draft":
                    self._check_streak(name, player, item)

    def _check_everybody(self) -> None:
        for name in PLAYERS:
            player = self.model.players.get(name, Player())
            self._check_player(name, player)
            self._check_days_and_items(name, player)

    def _check_streak(self, name: str, player: Player, item: Achievement) -> None:
        status, run = streaks.status(name, item.slug), run_of(player.days.get(item.action, set()), item.freezes)
        today = self.clock.now().astimezone(ZoneInfo(player.timezone or "UTC")).date().toordinal()
        assert status.best == player.progress.get(item.slug, 0)
        if run is None or today - run.last - 1 > run.freezes:
            assert (status.current, status.active, status.freezes_left) == (0, False, item.freezes)
        else:
            assert (status.current, status.freezes_left) == (run.current, run.freezes)
            assert status.recorded_today == (run.last >= today)
            last_day = (status.expires_at - timedelta(seconds=1)).astimezone(ZoneInfo(player.timezone or "UTC")).date()
            assert last_day.toordinal() == run.last + run.freezes + 1

    def _define(self, item: Achievement, *, elsewhere: bool = False) -> None:
        with definitions.apart() if elsewhere else nullcontext():  # so that this process goes on with what it knows
            self.model.define(catalog.define(item))

    def _define_board(self, board: Board, *, elsewhere: bool = False) -> None:
        with definitions.apart() if elsewhere else nullcontext():
            boards.define(board)
        self.model.boards[board.slug] = board

    def _event(self, ago: int, number: int | None, **fields: Any) -> Event:
        identifier = None if number is None else f"match-{number}"
        return Event(at=self.clock.now() - timedelta(hours=ago), id=identifier, **fields)

    def _compare(self, outcome: Any, batch: list[Event]) -> None:
        expected = self.model.record(batch, self.clock.now())
        assert (outcome.accepted, outcome.duplicates) == (expected.accepted, expected.duplicates)
        assert list(outcome.rejected) == expected.rejected
        assert {place: set(found) for place, found in outcome.skipped.items()} == expected.skipped
        assert _sorted(outcome.unlocked) == _sorted(expected.unlocked)
        assert set(outcome.no_listeners) == expected.no_listeners

    def _progress(self, name: str, item: Achievement) -> tuple[Any, ...]:
        player = self.model.players.get(name, Player())
        reached = self.model.reached(player, item)
        return tuple(
            progress.Progress(
                release.slug,
                min(reached, release.target),
                release.target,
                min(100, 100 * reached // release.target),
                release.slug in player.unlocked,
                player.unlocked[release.slug].at if release.slug in player.unlocked else None,
            )
            for release in item.releases()
        )

    def _releases(self, slug: str) -> tuple[Achievement, list[str]]:
        item = next(
            it for it in self.model.definitions.values() if slug == it.slug or slug in [r.slug for r in it.releases()]
        )
        found = [release.slug for release in item.releases()]
        return item, [slug] if slug in found else found


def _sorted(found: list[Unlock]) -> list[Unlock]:
    return sorted(found, key=lambda unlock: (unlock.player, unlock.achievement))


@pytest.mark.every_store
def test_engine_agrees_with_the_model(services_store, clock, pytestconfig):
    state_machines.run(lambda: Histories(services_store, clock), services_store, pytestconfig, steps=30, factor=5)
