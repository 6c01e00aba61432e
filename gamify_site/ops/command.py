"""What all commands that need the data store have in common."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gamify_site import travel
from gamify_site.store import embedded
from gamify_site.store.errors import StoreUnavailable

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StoreCommand(BaseCommand):
    """A command that runs while the data store does; the embedded one is started if need be, and stopped last.

    Ctrl-C and SIGTERM end the command in order. That is what they are for in commands that run until they are stopped
    (`runs_until_stopped`), where the exit code is 0; elsewhere it is 130.
    """

    requires_system_checks: list[str] = []
    runs_until_stopped = False

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Runs the command; a data store that does not answer is one line on stderr, not a traceback."""
        try:
            with (
                _interruptible(),
                embedded.running(settings.GAMIFY_DATA_DIR) if settings.GAMIFY_EMBEDDED else nullcontext(),
            ):
                travel.follow()
                return super().execute(*args, **options)
        except StoreUnavailable as error:
            is_away = type(error) is StoreUnavailable and not settings.GAMIFY_EMBEDDED
            hint = " Is GAMIFY_REDIS_URL right, and does the server run?" if is_away else ""
            raise CommandError(f"{error}{hint}") from error
        except KeyboardInterrupt:
            if self.runs_until_stopped:
                return None
            raise CommandError("Stopped.", returncode=130) from None


@contextmanager
def _interruptible() -> Iterator[None]:
    """The first SIGINT or SIGTERM raises `KeyboardInterrupt`; further ones do not disturb the stopping."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [signal.signal(number, _interrupt) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
