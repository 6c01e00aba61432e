"""What has to be done now and then; `manage.py tick` does it, and in the demo a button."""

from collections.abc import Iterator

from django.conf import settings

from achievements.services import active_players
from leaderboards.services import away, seasons


def run() -> Iterator[str]:
    """Does all that is due and tells each thing that was done as a line.

    Two may do it at once, and one that was killed is simply called again. Raises `StoreUnavailable`.
    """
    for closed in seasons.close_due():
        yield f"Closed: {closed.board} {closed.suffix}, {closed.size} players."
    if left := away.leave_due():
        yield f"Left the boards: {left} players, not seen for {settings.GAMIFY_INACTIVE_DAYS} days."
    for day in active_players.keep_over():
        yield f"Counted: {day.day}, {day.daily} players on the day, {day.weekly} in 7 days, {day.monthly} in 30 days."
