"""Random histories: the services and the model must agree after every step, on any server and number of shards.

`HYPOTHESIS_PROFILE=thorough` runs many more of them.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import override_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gamify_site.players import services as players
from gamify_site.store import keys, shards
from leaderboards import windows
from leaderboards.definitions import Board, ScoreUpdate
from leaderboards.errors import InsufficientBalance
from leaderboards.services import away, boards, moderation, ranking, scores, seasons
from tests import state_machines
from tests.builders import brief
from tests.leaderboards.model import Final, Model, OutOfRange, Ranked, TooLittle

INACTIVE_DAYS = 1
PLAYERS = ("alice", "bob", "charlie", "Dora", "a", "a-", "a0", "z.9")
COUNTRIES = ("SE", "NO", "")
WINDOWS = (("all",), ("all", "day"), ("all", "day", "week", "month"), ("week", "day"), ("month",))

a_player = st.sampled_from(PLAYERS)
an_amount = st.one_of(
    st.integers(1, 3), st.integers(-5, 5), st.sampled_from([2**53 - 1, 1 - 2**53, 2**22, -(2**41), 10**6])
)
a_while = st.one_of(
    st.integers(0, 72).map(lambda it: timedelta(hours=it)), st.integers(0, 3).map(lambda it: timedelta(seconds=it))
)
a_grace = st.sampled_from([0, 1, 1, 30, 168])
behind_the_others = st.sampled_from([0, 0, 1, 20]).map(lambda it: timedelta(hours=it))  # the clock of one who writes


def board_of(**fields: Any) -> Board:
    return Board(slug="coins", name="Coins", **fields)


class Histories(RuleBasedStateMachine):
    """One board, eight players, a clock that moves on; every rule does the same to Redis and to the model."""

    def __init__(self, store: Any, clock: Any) -> None:
        super().__init__()
        store.empty()
        self.store = store
        self.clock = clock
        self.clock.set(datetime.fromisoformat("2082-12-30T20:00+00:00"))
        self.step = 0
        self.chance = Random(0)  # what is looked at; hypothesis chooses what happens

    @initialize(
        ties=st.sampled_from(["shared", "dense", "earliest", "unlocks"]),
        order=st.sampled_from(["desc", "asc"]),
        combine=st.sampled_from(["sum", "best", "last"]),
        decimals=st.sampled_from([0, 0, 2]),
        windows=st.sampled_from(WINDOWS),
        max_entries=st.sampled_from([None, None, 1, 3, 5]),
        segment_by=st.sampled_from([None, "country"]),
        timezone=st.sampled_from(["UTC", "America/New_York", "Pacific/Auckland"]),
        floor=st.sampled_from([0, 0, -3]),
        grace_hours=a_grace,
    )
    def begin(self, **fields: Any) -> None:
        self.board = board_of(**fields)
        boards.define(self.board)
        self.model = Model(self.board)

    # What happens

    @rule(
        player=a_player,
        amount=an_amount,
        same_as=st.none() | a_player,
        ago=a_while,
        how=st.sampled_from(["submit", "increment", "set"]),
        number=st.one_of(st.none(), st.integers(0, 3)),
        behind=behind_the_others,
    )
    def write(self, behind: timedelta, **given: Any) -> None:
        now = self.clock.now()
        self.clock.set(now - behind)
        self._write(**given)
        self.clock.set(now)

    def _write(
        self, player: str, amount: int, same_as: str | None, ago: timedelta, how: str, number: int | None
    ) -> None:
        """Write an amount, or what somebody has."""
        amount = next((it[same_as].units for it in self.model.sets.values() if same_as in it), amount)
        at = self.clock.now() - ago
        name = "" if number is None or how == "set" else f"report-{number}"
        named = {"id": name} if name else {}
        name = name and f"{how} {name}"  # an id counts once for each kind of call
        if abs(amount) > self.board.most_units:
            amount = self.board.most_units if amount > 0 else -self.board.most_units
        rule_name = {"submit": self.board.combine, "increment": "sum", "set": "set"}[how]
        write = getattr(scores, how)
        try:
            expected = self.model.write_one(player, amount, rule_name, at, self.clock.now(), name)
        except (OutOfRange, Final):
            with pytest.raises(ValidationError):
                write("coins", player, self.board.from_units(amount), at=at, **named)
            return
        update = write("coins", player, self.board.from_units(amount), at=at, **named)
        score = self.board.from_units(expected.units)
        assert update == ScoreUpdate(
            score, expected.rank, expected.previous_rank, expected.trimmed, duplicate=expected.duplicate
        )

    @rule(entries=st.lists(st.tuples(a_player, an_amount), max_size=12), ago=a_while)
    def write_many(self, entries: list[tuple[str, int]], ago: timedelta) -> None:
        at = self.clock.now() - ago
        entries = [entry for entry in entries if abs(entry[1]) <= self.board.most_units]
        given = [(player, self.board.from_units(amount)) for player, amount in entries]
        try:
            self.model.write(entries, self.board.combine, at, self.clock.now())
        except Final:
            with pytest.raises(ValidationError) as refusal:
                scores.submit_many("coins", given, at=at)
            assert refusal.value.message_dict.keys() == {"at"}
            return
        except OutOfRange as left_out:
            with pytest.raises(ValidationError) as refusal:
                scores.submit_many("coins", given, at=at)
            named = refusal.value.messages[0].partition("left out: ")[2].rstrip(".").split(", ")
            assert sorted(named) == sorted(left_out.args)
            return
        assert scores.submit_many("coins", given, at=at) == len({player for player, _ in entries})

    @rule(player=a_player, amount=st.none() | st.none() | st.integers(1, 8))
    def spend(self, player: str, amount: int | None) -> None:
        """Spend an amount, or all that there is above the floor."""
        if amount is None:
            entry = self.model.sets.get("all", {}).get(player)
            amount = max(1, (entry.units if entry else 0) - self.board.to_units(self.board.floor))
        given = self.board.from_units(amount)
        if "all" not in self.board.windows or self.board.order == "asc":
            with pytest.raises(ValidationError):
                scores.spend("coins", player, given)
            return
        try:
            balance = self.model.spend(player, amount, self.clock.now())
        except TooLittle as held:
            with pytest.raises(InsufficientBalance) as refusal:
                scores.spend("coins", player, given)
            assert refusal.value.balance == self.board.from_units(held.args[0])
        else:
            assert scores.spend("coins", player, given) == self.board.from_units(balance)

    @rule(player=a_player)
    def remove(self, player: str) -> None:
        assert scores.remove("coins", player) == self.model.remove(player)

    @rule(player=a_player, is_cheat=st.booleans())
    def hide_or_show(self, player: str, is_cheat: bool) -> None:
        if player in self.model.aside and not (player in self.model.away and is_cheat):
            assert moderation.show(player, "no cheat", by="root")
            self.model.show(player)
        else:
            self._upsert(player)  # only who is known can be hidden
            assert moderation.hide(player, "a cheat", by="root")
            self.model.hide(player)

    @rule(player=a_player, country=st.sampled_from(COUNTRIES))
    def move(self, player: str, country: str) -> None:
        self._upsert(player, country=country)
        self.model.countries[player] = country

    def _upsert(self, player: str, **fields: str) -> None:
        players.upsert(player, **fields)
        self.model.seen[player] = self.clock.now()

    @rule()
    def clean_up(self) -> None:
        now = self.clock.now()
        assert away.leave_due() == self.model.leave(now - timedelta(days=INACTIVE_DAYS), now)

    @rule(player=a_player, count=st.integers(0, 5))
    def unlock(self, player: str, count: int) -> None:
        """The achievements' own scripts count this; here only its effect on boards is of interest."""
        self.store.redis.hset(keys.player(shards.of(player), player), "unlocked", count)
        self.model.unlocks[player] = count

    @rule(
        combine=st.sampled_from(["sum", "best", "last"]),
        max_entries=st.sampled_from([None, 1, 2, 4]),
        segment_by=st.sampled_from([None, "country"]),
        grace_hours=a_grace,
        swap=st.booleans(),
    )
    def redefine(self, swap: bool, **fields: Any) -> None:
        ties = {"shared": "dense", "dense": "shared"}.get(self.board.ties, self.board.ties) if swap else self.board.ties
        self.board = replace(self.board, ties=ties, **fields)
        boards.define(self.board)
        self.model.redefine(self.board)

    @rule()
    def tick(self) -> None:
        """Whatever is final is closed, and its archive is what it holds."""
        now = self.clock.now()
        seasons.close_due()
        self.model.close(now)
        for past in seasons.past("coins", limit=999, winners=len(PLAYERS)):
            suffix = windows.suffix(past.window, past.period)
            rows = self.model.rows(suffix)
            assert past.is_final == (past.final_from <= now) or not rows  # nothing is left to be closed again
            kept = self._units(past.winners)[: len(rows)]  # a limit that was lowered since is not that of the archive
            assert kept == rows

    @rule(ahead=st.integers(1, 30))
    def time_passes(self, ahead: int) -> None:
        self.clock.advance(hours=ahead)

    # What must hold after every step

    @invariant()
    def agrees_with_the_model(self) -> None:
        """Look at one period and at one player's place: reading is most of the work, and `teardown` reads all."""
        self.step += 1
        self.chance.seed(self.step)
        self._check_whole(**self.chance.choice(self._periods()))
        where = self._ranked()
        self._check_player(self.chance.choice(PLAYERS), **where)
        self.chance.choice([self._check_top, self._check_middle, self._check_pages])(**where)

    def _periods(self) -> list[dict[str, Any]]:
        """Return the periods of all windows at the moment and before."""
        moments = [self.clock.now() - timedelta(hours=ago) for ago in (0, 30)]
        return [
            {"window": window, "period": windows.period_at(self.board, window, at)}
            for window in self.board.windows
            for at in moments
        ]

    def _ranked(self) -> dict[str, Any]:
        """Return a period of the main window, of everybody or of a segment."""
        main = [where for where in self._periods() if where["window"] == self.board.main_window]
        segments = [None, *filter(None, COUNTRIES)] if self.board.segment_by else [None]
        return self.chance.choice(main) | {"segment": self.chance.choice(segments)}

    def _check_whole(self, **where: Any) -> None:
        view = ranking.view("coins", top=20, around=0, **where)
        assert self._units(view.top) == self.model.rows(windows.suffix(**where))
        assert view.size == len(view.top)

    def _check_player(self, player: str, **where: Any) -> None:
        rows, suffix, around = self._rows(**where), self._suffix(**where), self.chance.randrange(4)
        index = next((index for index, row in enumerate(rows) if row[1] == player), None)
        standing = ranking.standing("coins", player, **where)
        shown = self._units(ranking.around_player("coins", player, around, **where))
        if index is None:
            assert (standing, shown) == (None, [])
            return
        rank, _, units = rows[index]
        assert (standing.rank, standing.score, standing.size) == (rank, self.board.from_units(units), len(rows))
        better = sum(self._is_better(suffix, found, player) for _, found, _ in rows)
        assert standing.percentile == pytest.approx(100 * (len(rows) - better) / len(rows))
        assert shown == self.model.around(suffix, index, around, where["segment"])

    def _check_top(self, **where: Any) -> None:
        rows = self._rows(**where)
        assert self._units(ranking.top("coins", 20, **where)) == rows
        assert ranking.size("coins", **where) == len(rows)

    def _check_middle(self, **where: Any) -> None:
        place, around = self.chance.randint(1, len(PLAYERS) + 2), self.chance.randrange(4)
        index = min(place, len(self._rows(**where))) - 1
        shown = self._units(ranking.around_rank("coins", place, around, **where))
        assert shown == self.model.around(self._suffix(**where), index, around, where["segment"])

    def _check_pages(self, **where: Any) -> None:
        assert self._walk(limit=self.chance.randint(1, 3), **where) == self._rows(**where)

    def _suffix(self, window: str, period: str, **_segment: Any) -> str:
        return windows.suffix(window, period)

    def _rows(self, segment: str | None, **where: Any) -> list[Ranked]:
        return self.model.rows(self._suffix(**where), segment)

    def _is_better(self, suffix: str, one: str, other: str) -> bool:
        entries = self.model.sets[suffix]
        return self.model._level(entries[one]) > self.model._level(entries[other])

    def _walk(self, limit: int, **where: Any) -> list[Ranked]:
        found: list[Ranked] = []
        cursor = None
        while True:
            rows, cursor = ranking.page("coins", after=cursor, limit=limit, **where)
            found += self._units(rows)
            if cursor is None:
                return found

    def _units(self, rows: Any) -> list[Ranked]:
        return [(rank, player, self.board.to_units(score)) for rank, player, score in brief(rows)]

    def teardown(self) -> None:
        """All is as the model has it, and no more is stored: no entry too many, no level that nobody holds."""
        if not hasattr(self, "model"):
            return
        for where in self._periods():
            self._check_whole(**where)
        where = self._ranked()
        for player in PLAYERS * 3:  # with more and less around them
            self._check_player(player, **where)
        for suffix, entries in self.model.sets.items():
            self._check_stored(suffix, set(entries))
            for segment in (country for country in COUNTRIES if country and self.board.segment_by):
                inside = {player for player in entries if self.model.countries.get(player) == segment}
                self._check_stored(f"{suffix}:country={segment}", inside)

    def _check_stored(self, suffix: str, expected: set[str]) -> None:
        stored: set[str] = set()
        for shard in shards.everyone():
            found = dict(self.store.redis.zrange(keys.board(shard, "coins", suffix), 0, -1, withscores=True))
            stored |= {player.decode() for player in found}
            if self.board.ties == "dense":
                levels = self.store.redis.zrange(keys.board_levels(shard, "coins", suffix), 0, -1)
                assert sorted(map(float, levels)) == sorted(set(found.values()))
        assert stored == expected


@pytest.mark.every_store
def test_services_agree_with_the_model(services_store, clock, pytestconfig):
    with override_settings(GAMIFY_INACTIVE_DAYS=INACTIVE_DAYS):
        state_machines.run(lambda: Histories(services_store, clock), services_store, pytestconfig, steps=25, factor=8)
