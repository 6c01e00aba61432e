"""Whether the clock of this machine goes as that of the data store does: what ends things for good depends on it."""

import logging
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from gamify_site import clock
from gamify_site.store.connection import ask_what_is_allowed, servers

MOST_APART = timedelta(minutes=5)

logger = logging.getLogger(__name__)


class WrongClock(Exception):
    """The clock of this machine and that of the data store are too far apart, or it does not tell its time."""


def compare() -> None:
    """Raises `WrongClock` where this machine's clock is not that of every server of the data store.

    The demo's clock travel moves the clock of the whole program on purpose, and does not count. What is raised is in
    the log as well. Raises `StoreUnavailable`. One round trip a server.
    """
    for server in servers():
        (told,) = ask_what_is_allowed([("time",)], server)
        wrong = _not_told() if told is None else _apart(datetime.fromtimestamp(told[0], UTC))
        if wrong:
            logger.error(wrong)
            raise WrongClock(wrong)


def _not_told() -> str:
    return _("The data store does not tell its time. Allow the command TIME there. Nothing was done.")


def _apart(theirs: datetime) -> str:
    ours = clock.untravelled()
    if abs(ours - theirs) <= MOST_APART:
        return ""
    return _(
        "The clock of this machine says %(ours)s UTC, that of the data store %(theirs)s UTC. They must not be more "
        "than %(most)s minutes apart. Nothing was done: set the clock that is wrong, then try again."
    ) % {"ours": _text(ours), "theirs": _text(theirs), "most": MOST_APART.seconds // 60}


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
