"""Where an import goes: commands are gathered for the site and for each shard, and sent in short script calls.

What is ranked, counted or in a set is merged key by key: a thousand players on a board are one ZADD.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gamify_site.ops.transfer.known import Known
from gamify_site.store import keys
from leaderboards.definitions import Board

MOST_WORDS = 2500  # of one script call, which then stays below 5 ms of server time
MOST_ARGUMENTS = 2000  # of one command; an even number
Send = Callable[[Sequence[tuple[str, Sequence[Any]]]], None]


@dataclass(slots=True)
class Batch:
    """Commands for the site or one shard that may go together."""

    size: int = 0
    words: list[Any] = field(default_factory=list)
    ranked: dict[str, dict[str, int | str]] = field(default_factory=lambda: defaultdict(dict))
    members: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    noted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    counts: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    latest: dict[str, int] = field(default_factory=dict)
    expiries: dict[str, int] = field(default_factory=dict)

    def add(self, *command: Any) -> None:
        """A command as it is."""
        self.words.append(len(command))
        self.words += command
        self.size += len(command) + 1

    def add_many(self, command: str, key: str, arguments: Sequence[Any]) -> None:
        """A command with many arguments, cut where that is more than a script can pass on."""
        for start in range(0, len(arguments), MOST_ARGUMENTS):
            self.add(command, key, *arguments[start : start + MOST_ARGUMENTS])

    def rank(self, key: str, score: int | str, member: str) -> None:
        """An entry of a sorted set."""
        self.ranked[key][member] = score
        self.size += 2

    def put(self, key: str, member: str) -> None:
        """A member of a set."""
        self.members[key].add(member)
        self.size += 1

    def note(self, key: str, member: str) -> None:
        """A member of a HyperLogLog."""
        self.noted[key].add(member)
        self.size += 1

    def count(self, key: str, name: str, number: int = 1) -> None:
        """Adds to a field of a hash."""
        self.counts[key, name] += number

    def keep_latest(self, key: str, most: int) -> None:
        """Keeps the greatest of a sorted set, after what is ranked."""
        self.latest[key] = most

    def expire(self, key: str, at: int) -> None:
        """When a key goes (s), after what is ranked and put."""
        self.expiries[key] = at
        self.size += 4

    def commands(self) -> list[Any]:
        """All of it, as `store.replacing.write` takes it."""
        merged = Batch(words=self.words)
        for key, entries in self.ranked.items():
            merged.add_many("ZADD", key, [part for member, score in entries.items() for part in (score, member)])
        for key, members in self.members.items():
            merged.add_many("SADD", key, list(members))
        for key, members in self.noted.items():
            merged.add_many("PFADD", key, list(members))
        for (key, name), number in self.counts.items():
            merged.add("HINCRBY", key, name, number)
        for key, most in self.latest.items():
            merged.add("ZREMRANGEBYRANK", key, 0, -most - 1)
        for key, at in self.expiries.items():
            merged.add("EXPIREAT", key, at)
        return merged.words


class Ranked(NamedTuple):
    """One ranked set of a board on a shard: when it expires (s, 0 for never), and the names of its keys."""

    board: Board
    suffix: str
    expires: int
    entries: str
    times: str
    levels: str
    periods: str
    segments: str


@dataclass(slots=True)
class Target:
    """What is known of the file so far, and what waits to be sent.

    `shards` is the number of shards here; `shards_there`, `event_ttl` (s) and `made_at` (s) are those that the file's
    header says. `ahead` (s): how far its clock had travelled.
    """

    shards: int
    shards_there: int
    event_ttl: int
    made_at: int
    send: Send
    ahead: int = 0
    known: Known = field(default_factory=Known)
    expiries: dict[tuple[str, str], int] = field(default_factory=dict)
    ranked: dict[tuple[Any, ...], Ranked] = field(default_factory=dict)  # (shard, board and period[, segment])
    last_ids: dict[str, tuple[int, int]] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=lambda: defaultdict(Batch))
    _prefixes: dict[int, str] = field(default_factory=dict)
    named: list[tuple[int, str, str]] = field(default_factory=list)  # players who are to be found: shard, id, name

    @property
    def site(self) -> Batch:
        """What waits to be written on the site's keys."""
        return self.batches[keys.site()]

    def shard(self, number: int) -> Batch:
        """What waits to be written on a shard."""
        if number not in self._prefixes:
            self._prefixes[number] = keys.shard(number)
        return self.batches[self._prefixes[number]]

    def next_id(self, key: str, wanted: tuple[int, int]) -> str:
        """The id of the next entry of a stream that is made of several: the wanted one, if it grows."""
        last = self.last_ids.get(key, (0, 0))
        found = max(wanted, (last[0], last[1] + 1))
        self.last_ids[key] = found
        return f"{found[0]}-{found[1]}"

    def is_full(self) -> bool:
        """Whether something should be sent now."""
        return any(batch.size > MOST_WORDS for batch in self.batches.values())

    def flush(self) -> None:
        """Sends all that waits."""
        work = [(prefix, batch.commands()) for prefix, batch in self.batches.items()]
        self.batches.clear()
        if work:
            self.send(work)
