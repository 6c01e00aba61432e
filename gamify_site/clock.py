"""The one clock: everything in the program that asks for the time asks here, so that tests and the demo can set it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def now() -> datetime:
    """The present moment, as an aware datetime in UTC; within `frozen` the moment named there."""
    return _frozen.get() or datetime.now(UTC)


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Within it the clock of this thread stands still at `at`."""
    token = _frozen.set(at)
    try:
        yield
    finally:
        _frozen.reset(token)
