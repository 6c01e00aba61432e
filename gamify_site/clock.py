"""The one clock: everything in the program that asks for the time asks here, so that tests and the demo can set it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

NOT_AHEAD = timedelta()


class _Travel:
    """How far ahead of the real time this process's clock is; `gamify_site.travel` keeps it the same everywhere."""

    ahead = NOT_AHEAD


_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def now() -> datetime:
    """The present moment, as an aware datetime in UTC; within `frozen` the moment named there."""
    return _frozen.get() or datetime.now(UTC) + _Travel.ahead


def untravelled() -> datetime:
    """The present moment of the real world, as an aware datetime in UTC."""
    return datetime.now(UTC)


def set_ahead(ahead: timedelta) -> None:
    """From now on the clock of this process is so far ahead."""
    _Travel.ahead = ahead


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Within it the clock of this thread stands still at `at`."""
    token = _frozen.set(at)
    try:
        yield
    finally:
        _frozen.reset(token)
