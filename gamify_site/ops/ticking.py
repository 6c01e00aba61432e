"""What has to be done now and then; `manage.py tick` does it, and in the demo a button."""

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple, TypeVar

from django.conf import settings

from achievements.services import active_players
from gamify_site import audit
from gamify_site.ops import clocks
from gamify_site.players import services as players
from gamify_site.store.errors import StoreUnavailable
from leaderboards.services import away, due, seasons

T = TypeVar("T")

MOST_TOLD = 10  # closed periods that have a line each; a first tick may close hundreds

logger = logging.getLogger(__name__)


class Done(NamedTuple):
    """How many periods were closed, players have left the boards, and days were counted."""

    closed: int
    left: int
    counted: int


class PartsFailed(Exception):
    """Some of what is due could not be done, and why, each reason once; the rest has been done."""

    def __init__(self, failures: Iterable[Exception]) -> None:
        super().__init__(" ".join(dict.fromkeys(str(it) or type(it).__name__ for it in failures)))


def run() -> Iterator[str]:
    """Does all that is due and tells each thing that was done as a line.

    Each part is done even where another one fails: the periods of each board, who leaves, each count. What failed is
    told at the end: raises `StoreUnavailable` where it was nothing else, or `PartsFailed`. Two may do it at once, and
    one that was killed is simply called again. Raises `WrongClock` before anything is done.
    """
    clocks.compare()
    failures: list[Exception] = []
    for deleted in _attempt(lambda: [players.finish_deletions()], failures):
        if deleted:
            yield f"Deleted to the end: {_players(deleted)}."
    yield from _tell_closed(_close_due(failures))
    for left in _attempt(lambda: [away.leave_due()], failures):
        if left:
            yield f"Left the boards: {_players(left)}, not seen for {settings.GAMIFY_INACTIVE_DAYS} days."
    for day in _attempt(active_players.keep_over, failures):
        told = f"{_players(day.daily)} on the day, {day.weekly} in 7 days, {day.monthly} in 30 days"
        yield f"Counted: {day.day}, {told}."
    if failures:
        raise _together(failures)


def run_once(*, by: str) -> Done:
    """Does all that is due because somebody asks for it, up to what fails. Audited.

    Raises `WrongClock` before anything is done, `StoreUnavailable`.
    """
    clocks.compare()
    players.finish_deletions()
    done = Done(len(seasons.close_due()), away.leave_due(), len(active_players.keep_over()))
    audit.record(audit.Entry("tick_run", "tick", by, "", {}, done._asdict()))
    return done


def _close_due(failures: list[Exception]) -> Iterator[seasons.Closed]:
    for slug, suffixes in _attempt(lambda: due.find().items(), failures):
        yield from _attempt(partial(seasons.close_due_of, slug, suffixes), failures)


def _tell_closed(closed: Iterable[seasons.Closed]) -> Iterator[str]:
    more = 0
    for number, period in enumerate(closed):
        if number < MOST_TOLD:
            yield f"Closed: {period.board} {period.suffix}, {_players(period.size)}."
        else:
            more += 1
    if more:
        yield f"Closed: {more} more {'period' if more == 1 else 'periods'}."


def _attempt(do: Callable[[], Iterable[T]], failures: list[Exception]) -> Iterator[T]:
    """What `do` gives, up to where it fails: one part that cannot be done must not keep the others from it for ever."""
    try:
        yield from do()
    except StoreUnavailable as error:
        failures.append(error)
    except Exception as error:
        logger.exception("A part of what is due could not be done.")
        failures.append(error)


def _together(failures: list[Exception]) -> Exception:
    is_store = all(isinstance(error, StoreUnavailable) for error in failures)
    return failures[0] if is_store else PartsFailed(failures)


def _players(number: int) -> str:
    return f"{number} {'player' if number == 1 else 'players'}"
