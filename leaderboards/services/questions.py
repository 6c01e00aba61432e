"""What callers ask for, checked: which ranked set, how many rows, from which place on."""

import base64
import binascii
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gamify_site import clock, texts
from gamify_site.identifiers import check_player_id
from leaderboards import windows
from leaderboards.definitions import Board
from leaderboards.services import boards
from leaderboards.services.places import Entry

LONGEST_SEGMENT = 64
LONGEST_ORDER = 17  # characters of ±2^53


@dataclass(frozen=True, slots=True)
class Question:
    """Which ranked set of which board is asked for; `suffix` is how it is spelled in a key."""

    board: Board
    window: str
    period: str
    segment: str | None
    suffix: str

    @classmethod
    def make(cls, slug: str, window: str | None, period: str | None, segment: str | None) -> "Question":
        """The main window and the current period where they are left open. Errors as `ranking.top`. No round trip."""
        board = boards.get(slug)
        window, period = windows.resolve(board, window, period, clock.now())
        if segment is not None and not board.segment_by:
            raise ValidationError({"segment": _("This board has no segments.")})
        if segment is not None:
            segment = texts.clean("segment", segment, 1, LONGEST_SEGMENT)
        suffix = windows.with_segment(windows.suffix(window, period), board, segment)
        return cls(board, window, period, segment, suffix)


def within(field: str, value: object, least: int, most: int) -> int:
    """The value, a whole number between two, or a `ValidationError` at the field."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValidationError(
            {field: _("Enter a whole number from %(least)s to %(most)s.") % {"least": least, "most": most}}
        )
    return value


def cursor(entry: Entry) -> str:
    """The cursor of the page that begins behind an entry."""
    return base64.urlsafe_b64encode(f"{entry.order}~{entry.player}".encode()).decode().rstrip("=")


def read_cursor(given: str) -> tuple[int, str]:
    """The order value and the player of a cursor. `ValidationError` at `after` where it is none."""
    try:
        text = base64.urlsafe_b64decode(given.encode("ascii") + b"=" * (-len(given) % 4)).decode("ascii")
        order, _separator, player = text.partition("~")
        if len(order) <= LONGEST_ORDER:
            return int(order), check_player_id(player)
    except (ValueError, binascii.Error, ValidationError):
        pass
    raise ValidationError({"after": _("This is not a place that this board gave out.")})
