"""Achievements in plain Python: what the services must do, said without Redis, shards, scripts or caches.

Boards are modelled as far as events and points reach them; `tests.leaderboards.model` says the rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from achievements.definitions import EXACT, NO_AMOUNT, Achievement, Event, Release, Unlock
from leaderboards.definitions import Board

Entry = tuple[int, datetime]  # the score, and when the latest of it was reported


class OutOfRange(Exception):
    """A number would have left the range of exact ones; nothing was changed."""


@dataclass
class Player:
    """What one player has."""

    timezone: str = ""
    moved_at: datetime | None = None
    progress: dict[str, int] = field(default_factory=dict)
    items: dict[str, set[int]] = field(default_factory=dict)
    days: dict[str, set[int]] = field(default_factory=dict)
    unlocked: dict[str, Unlock] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)

    @property
    def points(self) -> int:
        return sum(unlock.points for unlock in self.unlocked.values())


@dataclass
class Happened:
    """What became of a batch."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[int] = field(default_factory=list)
    skipped: dict[int, set[str]] = field(default_factory=dict)
    unlocked: list[Unlock] = field(default_factory=list)
    no_listeners: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Run:
    """A streak: how long, how long at best, its last day, and the freezes that are left."""

    current: int
    best: int
    last: int
    freezes: int


def run_of(days: set[int], freezes: int) -> Run | None:
    """Days in a row; a gap is covered by freezes as long as they last, else everything begins anew."""
    current = best = 0
    left = freezes
    last: int | None = None
    for day in sorted(days):
        missed = 0 if last is None else day - last - 1
        if last is not None and missed <= left:
            current, left = current + 1, left - missed
        else:
            current, left = 1, freezes
        best, last = max(best, current), day
    return None if last is None else Run(current, best, last, left)


@dataclass
class Model:
    """All players, all achievements, and boards with windows of `all` and `day` (UTC)."""

    definitions: dict[str, Achievement] = field(default_factory=dict)
    players: dict[str, Player] = field(default_factory=dict)
    boards: dict[str, Board] = field(default_factory=dict)
    entries: dict[tuple[str, str], dict[str, Entry]] = field(default_factory=dict)  # board, period → player → entry
    closed: dict[tuple[str, str], datetime] = field(default_factory=dict)  # board, day → by which clock it was closed
    ids: set[tuple[str, str]] = field(default_factory=set)  # player and id: the store's clock stands still meanwhile
    on_points_board: set[str] = field(default_factory=set)

    # Events

    def record(self, events: Sequence[Event], now: datetime) -> Happened:
        happened = Happened()
        for index, event in enumerate(events):
            if self._is_bad(event, now):
                happened.rejected.append(index)
                continue
            if not self._listeners(event.action) and not self._boards(event.action):
                happened.no_listeners.add(event.action)
            if (event.player, event.id) in self.ids:
                happened.duplicates += 1
            else:
                self._record_one(index, event, now, happened)
        return happened

    def _record_one(self, index: int, event: Event, now: datetime, happened: Happened) -> None:
        try:
            happened.unlocked += self._apply(event, event.at or now, now)
        except OutOfRange:
            happened.rejected.append(index)
            happened.rejected.sort()
            return
        happened.accepted += 1
        if event.id:
            self.ids.add((event.player, event.id))
        skipped = {
            board.slug
            for board in self._boards(event.action)
            if self._score(board, event) is None or not self._periods(board, event.at or now, now)
        }
        if skipped:
            happened.skipped[index] = skipped

    def _is_bad(self, event: Event, now: datetime) -> bool:
        at = event.at or now
        rules = self._listeners(event.action)
        collections = [rule for rule in rules if rule.type == "collection"]
        return (
            not now - timedelta(days=7) <= at <= now + timedelta(minutes=5)
            or event.amount < (1 if rules or not self._boards(event.action) else -EXACT)  # boards take corrections
            or (bool(collections) and event.item is not None and all(event.item not in it.items for it in collections))
        )

    def _apply(self, event: Event, at: datetime, now: datetime) -> list[Unlock]:
        rules = self._listeners(event.action)
        player = self.players.get(event.player, Player())
        counted = {rule.slug: self._counted(player, rule, event) for rule in rules if rule.type in COUNTS}
        entries = self._entries_after(event, at, now)
        if any(value > EXACT for value in [*counted.values(), *(score for score, _ in entries.values())]):
            raise OutOfRange
        self.players[event.player] = player
        for name, entry in entries.items():
            self.entries.setdefault(name, {})[event.player] = entry
        unlocked: list[Unlock] = []
        for rule in rules:
            if self._touch(player, rule, event, at, counted):
                unlocked += self._check(event.player, [rule], at)
        return unlocked

    def _counted(self, player: Player, rule: Achievement, event: Event) -> int:
        held = player.progress.get(rule.slug, 0)
        if rule.type == "milestone":
            return max(held, 1)
        if rule.measure == "max":
            return held if event.value is None else max(held, int(event.value))
        return held + (event.amount if rule.measure == "sum" else 1)

    def _boards(self, action: str) -> list[Board]:
        return [board for board in self.boards.values() if board.action == action]

    def _score(self, board: Board, event: Event) -> int | None:
        """What an event counts for a board; None where it says nothing to it."""
        if board.combine == "sum":
            return event.amount
        if event.value is not None:
            return int(event.value)
        return None if event.amount is NO_AMOUNT else event.amount

    def _entries_after(self, event: Event, at: datetime, now: datetime) -> dict[tuple[str, str], Entry]:
        return {
            (board.slug, period): self._entry_after(board, (board.slug, period), event.player, score, at)
            for board in self._boards(event.action)
            if (score := self._score(board, event)) is not None
            for period in self._periods(board, at, now)
        }

    def _periods(self, board: Board, at: datetime, now: datetime) -> list[str]:
        """The periods of a board that an event counts for: those that are not final."""
        periods = {"all": "all", "day": at.date().isoformat()}
        return [periods[window] for window in board.windows if not self._is_final(board, periods[window], now)]

    def _is_final(self, board: Board, period: str, now: datetime) -> bool:
        """Whether a period takes nothing more: by the clock, or because it has been closed when it was due."""
        if period == "all":
            return False
        begins = datetime.combine(datetime.fromisoformat(period), time(), UTC)
        final = begins + timedelta(days=1, hours=board.grace_hours)
        closed = self.closed.get((board.slug, period))
        return final <= now or (closed is not None and final <= closed)

    def close(self, now: datetime) -> None:
        due = [(slug, period) for slug, period in self.entries if self._is_final(self.boards[slug], period, now)]
        self.closed |= dict.fromkeys(due, now)

    def _entry_after(self, board: Board, name: tuple[str, str], player: str, score: int, at: datetime) -> Entry:
        held = self.entries.get(name, {}).get(player)
        if held is None:
            return score, at
        if board.combine == "last":
            return held if at < held[1] else (score, at)
        return (held[0] + score if board.combine == "sum" else max(held[0], score)), max(at, held[1])

    def _touch(self, player: Player, rule: Achievement, event: Event, at: datetime, counted: dict[str, int]) -> bool:
        """Brings the progress up to date; False where the event says nothing to this achievement."""
        if rule.type in COUNTS:
            if rule.measure == "max" and rule.type != "milestone" and event.value is None:
                return False
            player.progress[rule.slug] = counted[rule.slug]
        elif rule.type == "collection":
            if event.item not in rule.items:
                return False
            items = player.items.setdefault(rule.slug, set())
            items.add(rule.items.index(event.item))
            player.progress[rule.slug] = len(items)
        else:
            day = at.astimezone(ZoneInfo(player.timezone or "UTC")).date().toordinal()
            player.days.setdefault(event.action, set()).add(day)
            self._raise_to_best_run(player, rule)
        return True

    def _raise_to_best_run(self, player: Player, rule: Achievement) -> None:
        run = run_of(player.days.get(rule.action or "", set()), rule.freezes)
        if run:
            player.progress[rule.slug] = max(player.progress.get(rule.slug, 0), run.best)

    # What is unlocked

    def _check(self, name: str, rules: list[Achievement], at: datetime, *, is_backfill: bool = False) -> list[Unlock]:
        """Unlocks what is reached, and what that makes possible."""
        player, found, waiting = self.players[name], [], list(rules)
        while waiting:
            rule = waiting.pop()
            for release in rule.releases() if rule.status == "published" else ():
                if (
                    release.slug not in player.unlocked
                    and self.reached(player, rule) >= release.target
                    and all(slug in player.unlocked for slug in rule.prerequisites)
                    and not (is_backfill and release.slug in player.revoked)
                ):
                    found.append(self._give(name, release, at))
                    waiting += self._followers(release, rule)
        return found

    def _give(self, name: str, release: Release, at: datetime) -> Unlock:
        unlock = Unlock(name, release.slug, release.points, at)
        self.players[name].unlocked[release.slug] = unlock
        self.players[name].revoked.discard(release.slug)
        self.on_points_board.add(name)
        return unlock

    def _followers(self, release: Release, rule: Achievement) -> Iterator[Achievement]:
        """What waits for a release, and the metas that count it."""
        for other in self.definitions.values():
            is_counted = other.type == "meta" and rule.type != "meta" and other.counts in (None, rule.category)
            if is_counted or release.slug in other.prerequisites:
                yield other

    def reached(self, player: Player, rule: Achievement) -> int:
        if rule.type != "meta":
            return player.progress.get(rule.slug, 0)
        return sum(
            release.slug in player.unlocked
            for other in self.definitions.values()
            if other.type != "meta" and other.status != "draft" and rule.counts in (None, other.category)
            for release in other.releases()
        )

    def _listeners(self, action: str) -> list[Achievement]:
        return [it for it in self.definitions.values() if it.action == action and it.status == "published"]

    # Staff and games

    def add(self, name: str, slug: str, amount: int, at: datetime) -> None:
        self._set(name, slug, self.players.get(name, Player()).progress.get(slug, 0) + amount, at)

    def set(self, name: str, slug: str, value: int, at: datetime) -> None:
        self._set(name, slug, max(value, self.players.get(name, Player()).progress.get(slug, 0)), at)

    def _set(self, name: str, slug: str, value: int, at: datetime) -> None:
        if value > EXACT:
            raise OutOfRange
        self.players.setdefault(name, Player()).progress[slug] = value
        self._check(name, [self.definitions[slug]], at)

    def grant(self, name: str, rule: Achievement, slugs: Sequence[str], at: datetime) -> list[Unlock]:
        given: list[Unlock] = []
        for release in rule.releases():
            if release.slug in slugs and release.slug not in self.players.get(name, Player()).unlocked:
                self.players.setdefault(name, Player())
                given.append(self._give(name, release, at))
                given += self._check(name, list(self._followers(release, rule)), at)
        return given

    def revoke(self, name: str, rule: Achievement, slugs: Sequence[str]) -> bool:
        """Takes releases, and with each the metas that it takes below their targets."""
        player = self.players.get(name, Player())
        taken = [slug for slug in slugs if slug in player.unlocked]
        for slug in taken:
            metas = [it for it in self.definitions.values() if it.type == "meta" and it.status == "published"]
            before = {meta.slug: self.reached(player, meta) for meta in metas}
            del player.unlocked[slug]
            player.revoked.add(slug)
            for meta in metas if rule.type != "meta" else ():
                if before[meta.slug] >= meta.target > self.reached(player, meta):
                    player.unlocked.pop(meta.slug, None)
        return bool(taken)

    # Players

    def move(self, name: str, zone: str, at: datetime) -> bool:
        """Whether somebody may: once a day; the first timezone is no move."""
        player = self.players.setdefault(name, Player())
        if player.timezone and player.moved_at and at - player.moved_at < timedelta(days=1):
            return False
        player.moved_at = at if player.timezone else None
        player.timezone = zone
        return True

    # Designers

    def define(self, achievement: Achievement) -> None:
        self.definitions[achievement.slug] = achievement

    def recompute(self, slug: str | None, at: datetime) -> int:
        rules = [
            it
            for it in self.definitions.values()
            if it.status != "draft" and (slug in (None, it.slug) or it.type == "meta")
        ]
        given = 0
        for name, player in self.players.items():
            for rule in rules:
                if rule.type == "streak":
                    self._raise_to_best_run(player, rule)
                self._reprice(player, rule)
            given += len(self._check(name, rules, at, is_backfill=True))
        return given

    def _reprice(self, player: Player, rule: Achievement) -> None:
        for release in rule.releases():
            held = player.unlocked.get(release.slug)
            if held:
                player.unlocked[release.slug] = Unlock(held.player, held.achievement, release.points, held.at)

    def delete(self, name: str) -> None:
        self.players.pop(name, None)
        self.on_points_board.discard(name)
        self.ids = {(player, it) for player, it in self.ids if player != name}
        for entries in self.entries.values():
            entries.pop(name, None)


COUNTS = ("counter", "tiered", "milestone")
