"""What a board page is asked for: its query string, checked and brought within the limits.

Whole numbers that are too small or too large become the nearest legal one. What is no number, and what the board does
not have, is a `ValidationError` at the parameter; the page then says so with status 400.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _

from gamify_site import clock
from leaderboards import windows
from leaderboards.definitions import Board

TOP = 10
AROUND = 5
MOST_TOP = 100
MOST_AROUND = 25
LAST_RANK = 10**12
Default = TypeVar("Default", int, None)
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """Which part of a board is asked for. `current` is the window's period of today.

    `asked_period` is empty where no period was named, so that the page follows the calendar. `after` is None on the
    board page, empty on the first page of the full list, and a cursor behind it. With `friends` only those whom the
    visitor follows are ranked; there are no segments, ranks or pages of them.
    """

    board: Board
    window: str
    period: str
    current: str
    asked_period: str = ""
    segment: str | None = None
    top: int = TOP
    around: int = AROUND
    rank: int | None = None
    after: str | None = None
    friends: bool = False

    @classmethod
    def read(cls, given: Mapping[str, str], board: Board) -> "BoardQuery":
        """The query of a request's GET. Raises `ValidationError` with the parameter."""
        asked_period = given.get("period", "")
        window, period = windows.resolve(board, given.get("window"), asked_period, clock.now())
        _, current = windows.resolve(board, window, None, clock.now())
        friends = given.get("friends") == "1" and "after" not in given
        return cls(
            board=board,
            window=window,
            period=period,
            current=current,
            asked_period=asked_period if window != "all" else "",
            segment=(given.get("segment") or None) if not friends else None,
            top=_whole_number(given, "top", 1, MOST_TOP, TOP),
            around=_whole_number(given, "around", 0, MOST_AROUND, AROUND),
            rank=_whole_number(given, "rank", 1, LAST_RANK, None) if not friends else None,
            after=given.get("after"),
            friends=friends,
        )

    @property
    def is_current(self) -> bool:
        """Whether it is the period of today."""
        return self.period == self.current

    @property
    def is_final(self) -> bool:
        """Whether the period takes no scores any more, late ones included."""
        return not self.is_current and clock.now() >= windows.final_from(self.board, self.window, self.period)

    @property
    def is_plain(self) -> bool:
        """Whether it is what a stream carries: the top rows and the visitor's own of a current period, of everybody."""
        own = (self.segment, self.rank, self.after, self.top, self.around)
        return self.is_current and not self.friends and own == (None, None, None, TOP, AROUND)

    @property
    def fixed(self) -> dict[str, str]:
        """The parameters that a form on the page sends along: all but period, segment, rank and cursor."""
        given = {
            "window": self.window if self.window != self.board.main_window else "",
            "top": str(self.top) if self.top != TOP else "",
            "around": str(self.around) if self.around != AROUND else "",
            "friends": "1" if self.friends else "",
        }
        return {name: value for name, value in given.items() if value}

    def url(self, **changes: str | int | None) -> str:
        """The address of this query with some parameters changed; what is at its default is left out."""
        given: dict[str, str | int | None] = {
            **self.fixed,
            "period": self.asked_period,
            "segment": self.segment,
            "rank": self.rank,
            **changes,
        }
        text = urlencode({name: value for name, value in given.items() if value or (name == "after" and value == "")})
        return reverse("board", args=[self.board.slug]) + (f"?{text}" if text else "")


def _whole_number(given: Mapping[str, str], name: str, least: int, most: int, default: Default) -> int | Default:
    text = given.get(name, "").strip()
    if not text:
        return default
    if not _WHOLE_NUMBER.fullmatch(text):
        reason = _("“%(name)s” must be a whole number from %(least)s to %(most)s.")
        raise ValidationError({name: reason % {"name": name, "least": least, "most": most}})
    if len(text) > len(str(most)) + 20:  # int() refuses thousands of digits
        return least if text.startswith("-") else most
    return max(least, min(int(text), most))
