"""Starts what has died again: each alone, after a pause that doubles with each death up to a limit."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gamify_site.store.errors import StoreUnavailable

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds between a death and the next start
STEADY = 60.0  # seconds; after so long in service the pauses begin with the first again

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Supervised:
    """Something that runs; `start` may take a while, and raises `StoreUnavailable` or `OSError` if it cannot."""

    name: str
    is_alive: Callable[[], bool]
    start: Callable[[], None]
    started: float = field(default_factory=time.monotonic)
    pause: float = 0.0
    due: float | None = None

    def look_after(self) -> None:
        """Note a death, or start it again if it is dead and its pause is over."""
        now = time.monotonic()
        if self.due is not None:
            if now >= self.due:
                self._start_again()
        elif not self.is_alive():
            lasted = now - self.started
            self.pause = FIRST_PAUSE if lasted >= STEADY else min(max(FIRST_PAUSE, 2 * self.pause), LONGEST_PAUSE)
            self.due = now + self.pause
            logger.error("The %s ended by itself. It is started again in %g seconds.", self.name, self.pause)

    def _start_again(self) -> None:
        self.due = None
        try:
            self.start()
        except (StoreUnavailable, OSError) as error:
            logger.error("The %s cannot be started: %s", self.name, error)
        self.started = time.monotonic()
