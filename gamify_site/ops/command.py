"""What all commands that need the data store have in common."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gamify_site import clock, travel
from gamify_site.players.models import Account
from gamify_site.store import embedded
from gamify_site.store.errors import StoreUnavailable

BY = "manage.py"  # who did what a command does, in the audit log
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


def find_account(username: str) -> Account:
    """Return the account of that name. Raises `CommandError` if there is none, `StoreUnavailable`. One round trip."""
    try:
        return Account.objects.get_by_natural_key(username)
    except Account.DoesNotExist as error:
        raise CommandError(f"There is no account {username!r}.") from error


def age(account: Account) -> str:
    """Return when an account was made, for a question about it."""
    days = (clock.now() - account.created).days
    return f"made on {account.created:%Y-%m-%d}, {days} {'day' if days == 1 else 'days'} ago"


def insist_on_yes(question: str) -> None:
    """Ask whether to go on. Raises `CommandError` for any other answer than yes."""
    try:
        answer = input(f"{question}\nType yes to go on: ")
    except EOFError:
        answer = ""
    if answer.strip().lower() != "yes":
        raise CommandError("Nothing was changed. Answer yes, or give --yes.")


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
