"""One stream: what waits to be sent to one page, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html says how they are written.
"""

import asyncio
from typing import NamedTuple

from gamify_site.live.viewers import Viewer

MOST_NEWS = 50  # as many as a feed keeps; who does not even take these is too slow


class Watched(NamedTuple):
    """The rows that some pages show: of a board's window, in the current period, in a language."""

    board: str
    window: str
    language: str


def event(name: str, data: str, news_id: str = "") -> bytes:
    """One event as bytes; with an id the browser tells it when it connects anew."""
    lines = "\n".join(f"data: {line}" for line in data.splitlines()) or "data:"
    head = f"id: {news_id}\nevent: {name}" if news_id else f"event: {name}"
    return f"{head}\n{lines}\n\n".encode()


class Stream:
    """What one page has not been sent yet. Newer rows take the place of older ones: a slow reader piles up nothing."""

    __slots__ = ("_news", "_rows", "_wake", "is_closed", "last", "shown", "viewer", "watched")

    def __init__(self, viewer: Viewer, watched: Watched | None, last: str) -> None:
        self.viewer = viewer
        self.watched = watched
        self.last = last  # the id of the latest news that it was given
        self.shown = 0  # the hash of the latest window around the player
        self.is_closed = False
        self._rows: dict[str, bytes] = {}
        self._news: list[bytes] = []
        self._wake = asyncio.Event()

    def put(self, kind: str, data: bytes) -> None:
        """Something that replaces what waits of the same kind."""
        self._rows[kind] = data
        self._wake.set()

    def add_news(self, news_id: str, data: bytes) -> None:
        """Something that must not be left out."""
        if len(self._news) >= MOST_NEWS:
            self.close()
        self.last = news_id
        self._news.append(data)
        self._wake.set()

    def close(self) -> None:
        """Ends the stream; the browser will come back."""
        self.is_closed = True
        self._wake.set()

    async def take(self) -> bytes:
        """Everything that waits, as soon as there is something; what is left when it is closed."""
        await self._wake.wait()
        self._wake.clear()
        data = b"".join([*self._news, *self._rows.values()])
        self._news.clear()
        self._rows.clear()
        return data
