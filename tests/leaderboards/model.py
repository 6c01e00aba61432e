"""Boards in plain Python: what the services must do, said without Redis, shards or packed numbers.

Sets are found by the names that `leaderboards.windows` gives, which have tests of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from leaderboards import windows
from leaderboards.definitions import Board

Ranked = tuple[int, str, int]  # rank, player, units


@dataclass(slots=True)
class Entry:
    """One player in one set: the score in units, when it was reached, the achievements at that write.

    `reported` is when the latest score was, on boards that show that; None where that was not asked yet.
    """

    units: int
    reached: datetime
    unlocks: int
    reported: datetime | None = None


@dataclass(slots=True)
class Update:
    """What one write did: the fields of ScoreUpdate, with the score in units."""

    units: int
    rank: int | None
    previous_rank: int | None
    trimmed: bool
    duplicate: bool = False


class OutOfRange(Exception):
    """The results for these players would have left the range; they were left out."""


class TooLittle(Exception):
    """There is only so much to spend (in units)."""


@dataclass
class Model:
    """One board with all its periods. Segments follow from the entries and the players' countries."""

    board: Board
    sets: dict[str, dict[str, Entry]] = field(default_factory=dict)
    ids: set[tuple[str, str]] = field(default_factory=set)  # player and id; the store's clock stands still meanwhile
    countries: dict[str, str] = field(default_factory=dict)
    unlocks: dict[str, int] = field(default_factory=dict)
    aside: dict[str, dict[str, Entry]] = field(default_factory=dict)  # player off the boards → suffix → entry
    away: set[str] = field(default_factory=set)  # those of them who only were not seen for long
    seen: dict[str, datetime] = field(default_factory=dict)
    looked_at: set[tuple[str, datetime]] = field(default_factory=set)  # by the clean-up: players, and when seen last

    # Writing

    def write(
        self,
        entries: Sequence[tuple[str, int]],
        how: str,
        at: datetime,
        only: tuple[str, ...] | None = None,
        floor: int | None = None,
        now: datetime | None = None,
    ) -> set[str]:
        """Applies entries in order, each to all its sets or to none, then trims; gives who fell off the main set."""
        for player, _ in entries:
            self.come_back(player)
        suffixes = [suffix for suffix, _ in windows.sets_at(self.board, at, only)]
        refused = []
        for player, units in entries:
            results = {suffix: self._outcome(suffix, player, units, how, at) for suffix in suffixes}
            if any(
                abs(result.units) > self.board.most_units or (floor is not None and result.units < floor)
                for result in results.values()
            ):
                refused.append(player)
                continue
            self.seen[player] = now or at
            for suffix, result in results.items():
                self._put(suffix, player, result)
        before = set(self.sets.get(suffixes[0], {}))
        for suffix in suffixes:
            self._trim(suffix)
        if refused:
            raise OutOfRange(*dict.fromkeys(refused))
        return before - set(self.sets.get(suffixes[0], {}))

    def write_one(self, player: str, units: int, how: str, at: datetime, now: datetime, name: str = "") -> Update:
        self.come_back(player)
        main = windows.sets_at(self.board, at)[0][0]
        previous_rank = self.rank(main, player)
        if (player, name) in self.ids:
            self.seen[player] = now
            held = self._entry(main, player)
            return Update(held.units if held else units, previous_rank, previous_rank, previous_rank is None, True)
        result = self._outcome(main, player, units, how, at)
        dropped = self.write([(player, units)], how, at, now=now)
        if name:
            self.ids.add((player, name))
        is_off = player in dropped or player in self.aside
        return Update(result.units, self.rank(main, player), previous_rank, is_off)

    def spend(self, player: str, units: int, at: datetime) -> int:
        self.come_back(player)
        entry = self._entry("all", player)
        held = entry.units if entry else 0
        try:
            self.write([(player, -units)], "sum", at, ("all",), self.board.to_units(self.board.floor))
        except OutOfRange:
            raise TooLittle(held) from None
        return held - units

    def remove(self, player: str) -> bool:
        removed = [entries.pop(player, None) for entries in self.sets.values()]
        removed += [self.aside[player].pop(suffix, None) for suffix in self.sets if player in self.aside]
        return any(removed)

    def hide(self, player: str) -> None:
        self.away.discard(player)
        self.aside.setdefault(player, {}).update(
            {suffix: entries.pop(player) for suffix, entries in self.sets.items() if player in entries}
        )

    def leave(self, limit: datetime, now: datetime) -> int:
        """Who was not seen since leaves what is not over, unless staff have put them back since; gives how many."""
        inactive = {(player, seen) for player, seen in self.seen.items() if seen < limit} - self.looked_at
        self.looked_at |= inactive
        leaving = [player for player, _ in inactive if player not in self.aside]
        for player in leaving:
            self.away.add(player)
            self.aside[player] = {
                suffix: entries.pop(player)
                for suffix, entries in self.sets.items()
                if player in entries and self._is_open(suffix, now)
            }
        return len(leaving)

    def _is_open(self, suffix: str, now: datetime) -> bool:
        window, period = windows.read_suffix(self.board, suffix)
        return window == "all" or windows.end(self.board, window, period) > now

    def come_back(self, player: str) -> None:
        """Who is away comes back with whatever they do."""
        if player in self.away:
            self.show(player)

    def show(self, player: str) -> None:
        self.away.discard(player)
        for suffix, entry in self.aside.pop(player).items():
            self.sets.setdefault(suffix, {})[player] = entry
            self._trim(suffix)

    def redefine(self, board: Board) -> None:
        self.board = board
        for suffix in self.sets:
            self._trim(suffix)

    def _outcome(self, suffix: str, player: str, units: int, how: str, at: datetime) -> Entry:
        """What a score makes of a player's entry of a set."""
        held, at, unlocks = self._entry(suffix, player), at.replace(microsecond=0), self.unlocks.get(player, 0)
        shows_latest = self.board.combine == "last"
        if held is None:
            return Entry(units, at, unlocks, at if shows_latest else None)
        if shows_latest and how == "last" and held.reported and at < held.reported:
            return held
        reported = max(held.reported or at, at) if shows_latest else held.reported
        result = self._combine(held.units, units, how)
        if how == "sum":
            reached = held.reached if result == held.units else max(held.reached, at)
        elif result == held.units:
            reached = min(held.reached, at) if how == "best" and units == result else held.reached
        else:
            reached = at
        return Entry(result, reached, unlocks, reported)

    def _combine(self, base: int, units: int, how: str) -> int:
        if how == "sum":
            return base + units
        if how == "best":
            return max(base, units) if self.board.order == "desc" else min(base, units)
        return units

    def _entry(self, suffix: str, player: str) -> Entry | None:
        return self._where(suffix, player).get(suffix if player in self.aside else player)

    def _where(self, suffix: str, player: str) -> dict[str, Entry]:
        """Where a player's entry is: in the set, or aside by the name of the set."""
        return self.aside[player] if player in self.aside else self.sets.setdefault(suffix, {})

    def _put(self, suffix: str, player: str, entry: Entry) -> None:
        self.sets.setdefault(suffix, {})
        self._where(suffix, player)[suffix if player in self.aside else player] = entry

    def _trim(self, suffix: str) -> None:
        entries = self.sets.get(suffix, {})
        for player in self._in_order(entries)[self.board.max_entries or len(entries) :]:
            del entries[player]

    # Reading

    def rows(self, suffix: str, segment: str | None = None) -> list[Ranked]:
        """The whole set or one segment of it, best first."""
        entries = self.sets.get(suffix, {})
        if segment is not None:
            entries = {player: entry for player, entry in entries.items() if self.countries.get(player) == segment}
        rows: list[Ranked] = []
        levels: list[tuple[int, int]] = []
        for index, player in enumerate(self._in_order(entries)):
            level = self._level(entries[player])
            if not levels or levels[-1] != level:
                levels.append(level)
                rank = len(levels) if self.board.ties == "dense" else index + 1
            rows.append((rank, player, entries[player].units))
        return rows

    def rank(self, suffix: str, player: str, segment: str | None = None) -> int | None:
        return next((rank for rank, found, _ in self.rows(suffix, segment) if found == player), None)

    def around(self, suffix: str, index: int, around: int, segment: str | None = None) -> list[Ranked]:
        """A full window around an index, shifted at both ends."""
        rows = self.rows(suffix, segment)
        first = max(0, min(index - around, len(rows) - (2 * around + 1)))
        return rows[first : first + 2 * around + 1]

    def _level(self, entry: Entry) -> tuple[int, int]:
        """What makes entries equal: the score, and the tie rule's own value; greater is better."""
        tie = {"earliest": -int(entry.reached.timestamp()), "unlocks": entry.unlocks}.get(self.board.ties, 0)
        return (entry.units if self.board.order == "desc" else -entry.units), tie

    def _in_order(self, entries: dict[str, Entry]) -> list[str]:
        return sorted(entries, key=lambda player: (self._level(entries[player]), player.encode()), reverse=True)
