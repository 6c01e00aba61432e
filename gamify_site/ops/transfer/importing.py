"""Checks a file, and replaces all data by what it says. Nobody sees half of it: meanwhile the data is closed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import IO, Any

from gamify_site.ops.transfer import inventory
from gamify_site.ops.transfer.checks import Wrong
from gamify_site.ops.transfer.kinds import BY_NAME
from gamify_site.ops.transfer.lines import Lines, parse
from gamify_site.ops.transfer.players import expire_again
from gamify_site.ops.transfer.target import Target
from gamify_site.players import names
from gamify_site.store import catalog, replacing, scan, shards
from leaderboards.services import limits

MOST_CALLS_A_PIPELINE = 40  # an answer is awaited for 2 s
MOST_NAMED = 100  # players whose names one script call indexes
MOST_ERRORS = 20
DEFINITIONS = {"board", "achievement"}
DEFINITION_LINES = tuple(f'{{"{name}":'.encode() for name in DEFINITIONS)
SUBJECT = "import "
STEP = 1000  # lines between two signs of progress

Progress = Callable[[], None]


@dataclass(slots=True)
class Checked:
    """What a file holds: how many lines of each kind, and what is wrong, by line, at most the first 20.

    Where definitions are wrong, what follows them is not looked at: it would be wrong for that reason alone.
    """

    counts: dict[str, int] = field(default_factory=dict)
    errors: list[tuple[int, str]] = field(default_factory=list)
    is_cut: bool = False
    are_definitions_wrong: bool = False


class WrongLine(Exception):
    """A line cannot be imported; what came before it is written."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"Line {number}: {reason}")
        self.number = number
        self.reason = reason


class NotEmpty(Exception):
    """There is data under the prefix that nobody said to remove; it is as it was."""


class Order:
    """Whether lines come in the order of the kinds, and within one in the order of their places."""

    def __init__(self) -> None:
        self.kind = -1
        self.place: Any = None

    def follow(self, kind: int, name: str, place: Any) -> None:
        """Raises `Wrong` where a line does not come after the one before."""
        if kind < self.kind:
            raise Wrong(f"a line with {name} comes too late")
        if kind == self.kind and place <= self.place:
            raise Wrong(f"{name} {place!r} does not come after {self.place!r}")
        self.kind, self.place = kind, place


def check(source: IO[bytes], progress: Progress) -> Checked:
    """Reads all of a file and writes nothing; needs no round trip. `progress` is called now and then."""
    found = Checked()
    try:
        lines = Lines(source)
    except Wrong as error:
        found.errors.append((1, str(error)))
        return found
    try:
        _check_lines(lines, found, progress)
    except Wrong as error:  # of the file as a whole
        found.errors.append((lines.number, str(error)))
    return found


def _check_lines(lines: Lines, found: Checked, progress: Progress) -> None:
    target, order = _target(lines, lambda _work: None), Order()
    for line in lines:
        is_definition = line.startswith(DEFINITION_LINES)
        if found.are_definitions_wrong and not is_definition:
            return
        try:
            name = _take(line, target, order)
            found.counts[name] = found.counts.get(name, 0) + 1
        except Wrong as error:
            found.errors.append((lines.number, str(error)))
            found.are_definitions_wrong |= is_definition
            if len(found.errors) >= MOST_ERRORS:
                found.is_cut = True
                return
        if target.is_full():
            target.flush()
            target.named.clear()
        if lines.number % STEP == 0:
            progress()


def replace_all(lines: Lines, progress: Progress, *, must_be_empty: bool = False) -> dict[str, int]:
    """Removes all that is under the prefix and writes what a file says; gives how many lines of each kind there were.

    Raises `WrongLine`, `Resetting` where somebody else has begun to replace the data since, `StoreUnavailable`; the
    data then stays closed. With `must_be_empty` it raises `NotEmpty` where there is something of value, which may have
    come while the file was checked, and `Resetting` where the data is closed; both leave everything as it is.
    A round trip for some hundred players, and one for each 100 names on each shard.
    """
    counts: dict[str, int] = {}
    with replacing.all_data(f"{SUBJECT}{token_hex(8)}", insist_on_nothing_there if must_be_empty else None) as remove:
        for some in scan.own_keys():
            remove(some)
        target, order = _target(lines, _send), Order()
        try:
            for line in lines:
                name = _take(line, target, order)
                counts[name] = counts.get(name, 0) + 1
                if target.is_full():
                    _flush(target)
                if lines.number % STEP == 0:
                    progress()
        except Wrong as error:
            raise WrongLine(lines.number, str(error)) from error
        expire_again(target)
        _flush(target)
        catalog.forget()
        _trim(target)
    return counts


def insist_on_nothing_there() -> None:
    """Raises `NotEmpty`. Two round trips for each 500 keys in the whole data store."""
    if not inventory.is_empty():
        raise NotEmpty


def _target(lines: Lines, send: Callable[[Sequence[tuple[str, Sequence[Any]]]], None]) -> Target:
    header = lines.header
    return Target(shards.count(), header.shards, header.event_ttl, header.seconds(), send)


def _take(line: bytes, target: Target, order: Order) -> str:
    """Checks a line and gathers what makes it; gives its kind."""
    thing = parse(line)
    name = next(iter(thing)) if isinstance(thing, dict) and len(thing) == 1 else ""
    if name not in BY_NAME:
        raise Wrong("this is no object with one of the kinds of lines: " + ", ".join(BY_NAME))
    number, kind = BY_NAME[name]
    if number > order.kind and name not in DEFINITIONS:
        target.flush()
    try:
        kind.make(thing[name], target)
    except RecursionError:
        raise Wrong("this is nested too deeply") from None
    order.follow(number, name, kind.place(thing[name]))
    return name


def _send(work: Sequence[tuple[str, Sequence[Any]]]) -> None:
    for start in range(0, len(work), MOST_CALLS_A_PIPELINE):
        replacing.write(work[start : start + MOST_CALLS_A_PIPELINE])


def _flush(target: Target) -> None:
    """Sends what waits; those who came with it can be found by name then."""
    target.flush()
    if not target.named:
        return
    groups = shards.group(target.named, lambda it: it[1])
    work = [
        (shard, group[start : start + MOST_NAMED])
        for shard, group in groups.items()
        for start in range(0, len(group), MOST_NAMED)
    ]
    target.named.clear()
    catalog.run("players/index_players", work, _named)


def _named(group: Sequence[tuple[int, str, str]]) -> list[Any]:
    return [1, *(part for _, player, name in group for part in (player, name, names.fold(name)))]


def _trim(target: Target) -> None:
    """A board that was over its limit for a moment when it was read stays within it."""
    for slug, suffix in target.expiries:
        board = target.known.boards[slug]
        if board.max_entries is not None:
            limits.enforce(board, suffix)
