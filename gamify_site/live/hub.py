"""Who looks at what, and what of it has changed: gathers changes, has them rendered once, gives them to all who look.

Everything here runs in the event loop. What asks Redis or renders runs in one thread beside it, a step at a time: the
more there is to do, the longer a step takes, and the more changes the next one gathers.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from achievements.services import feed
from gamify_site import travel
from gamify_site.live import rendering, viewers
from gamify_site.live.stream import Stream, Watched, event
from gamify_site.store import subscription
from gamify_site.store.connection import UNANSWERED

T = TypeVar("T")

SHORTEST_STEP = 0.25  # seconds: a board is rendered at most four times in one
PING_EVERY = 15  # seconds
CHECK_EVERY = 30  # seconds between two looks at whether the sessions still stand
WINDOWS_AT_ONCE = 100  # players whose rows are asked for in one call
PAUSE = 1.0  # seconds when the data store does not answer
PING = event("ping", "")


class Hub:
    """All streams of this process."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self._watching: dict[Watched, set[Stream]] = defaultdict(set)
        self._players: dict[str, set[Stream]] = defaultdict(set)
        self._rows: dict[Watched, bytes] = {}  # as they were sent last
        self._newcomers: set[Stream] = set()
        self._changed: set[str] = set()  # boards
        self._told: set[str] = set()  # players
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "live-step")

    # Who looks

    def join(self, stream: Stream) -> None:
        """From now on the stream gets what changes, and at the next step what it may have missed."""
        self.streams.add(stream)
        if stream.watched:
            self._watching[stream.watched].add(stream)
        if stream.viewer.player:
            self._players[stream.viewer.player].add(stream)
            self._told.add(stream.viewer.player)
        self._newcomers.add(stream)
        self._wake.set()

    def leave(self, stream: Stream) -> None:
        """Forgets a stream, and what only it has looked at."""
        self.streams.discard(stream)
        self._newcomers.discard(stream)
        _forget(self._watching, stream.watched, stream)
        _forget(self._players, stream.viewer.player, stream)
        if stream.watched and stream.watched not in self._watching:
            self._rows.pop(stream.watched, None)

    # What has changed

    def hear(self, message: str) -> None:
        """Notes a message of `keys.changes`, if anybody looks at what it is about."""
        what, *names = message.split(" ")
        watched = {it.board for it in self._watching}
        if what == "board":
            if not watched.intersection(names):
                return
            self._changed |= watched.intersection(names)
        elif what == "boards":
            self._changed |= watched
        elif not self._players.keys().isdisjoint(names):
            self._told.update(names)
        else:
            return
        self._wake.set()

    def refresh(self) -> None:
        """Takes everything for changed: something may have been missed."""
        self._rows.clear()
        self._changed.update(watched.board for watched in self._watching)
        self._told.update(self._players)
        self._wake.set()

    # What is done about it

    async def run(self) -> None:
        """Works until it is cancelled, then ends all streams. Raises where something of it has failed for good."""
        stop, is_deaf = threading.Event(), asyncio.Event()
        ear = threading.Thread(
            target=self._listen, args=(asyncio.get_running_loop(), stop, is_deaf), name="live-subscription", daemon=True
        )
        ear.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                for work in (self._step_by_step, self._ping, self._check_sessions):
                    tasks.create_task(work())
                tasks.create_task(_fail_when(is_deaf))
        finally:
            stop.set()
            for stream in self.streams:
                stream.close()
            self._thread.shutdown(wait=False)
            await asyncio.to_thread(ear.join)

    def _listen(self, loop: asyncio.AbstractEventLoop, stop: threading.Event, is_deaf: asyncio.Event) -> None:
        """Notes what is published, in a thread of its own."""
        try:
            subscription.listen(
                lambda message: loop.call_soon_threadsafe(self.hear, message),
                lambda: loop.call_soon_threadsafe(self.refresh),
                stop,
            )
        finally:
            loop.call_soon_threadsafe(is_deaf.set)

    async def _step_by_step(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            began = loop.time()
            try:
                await self.step()
            except UNANSWERED:
                self.refresh()
                await asyncio.sleep(PAUSE)
            await asyncio.sleep(max(0.0, began + SHORTEST_STEP - loop.time()))

    async def step(self) -> None:
        """Renders what has changed since the last step and gives it out: notices, then rows, then windows."""
        changed, self._changed = self._changed, set()
        told, self._told = self._told, set()
        newcomers, self._newcomers = self._newcomers, set()
        await self._give_notices(told)
        await self._give_rows(changed, newcomers)
        await self._give_windows(changed, newcomers)

    async def _give_notices(self, told: set[str]) -> None:
        streams = {player: list(self._players[player]) for player in told if player in self._players}
        wanted = {player: min((it.last for it in some), key=feed.order) for player, some in streams.items()}
        languages = {player: sorted({it.viewer.language for it in some}) for player, some in streams.items()}
        made = await self._in_thread(lambda: rendering.notices(wanted, languages)) if wanted else {}
        for player, some in streams.items():
            for stream in some:
                for notice in made[player, stream.viewer.language]:
                    if feed.order(notice.id) > feed.order(stream.last):
                        stream.add_news(notice.id, notice.data)

    async def _give_rows(self, changed: set[str], newcomers: set[Stream]) -> None:
        new = {stream.watched for stream in newcomers if stream.watched}
        wanted = [it for it in self._watching if it.board in changed or (it in new and it not in self._rows)]
        made = await self._in_thread(lambda: rendering.rows(wanted)) if wanted else {}
        for watched, data in made.items():
            if watched in self._watching and self._rows.get(watched) != data:
                self._rows[watched] = data
                for stream in self._watching[watched]:
                    stream.put("rows", data)
        for stream in newcomers:
            if stream.watched in self._rows and stream.watched not in made:
                stream.put("rows", self._rows[stream.watched])

    async def _give_windows(self, changed: set[str], newcomers: set[Stream]) -> None:
        wanted: dict[tuple[str, str], list[Stream]] = defaultdict(list)
        for watched, streams in self._watching.items():
            for stream in streams:
                if stream.viewer.player and (watched.board in changed or stream in newcomers):
                    wanted[watched.board, watched.window].append(stream)
        for (board, window), some in wanted.items():
            for first in range(0, len(some), WINDOWS_AT_ONCE):
                await self._give_some_windows(board, window, some[first : first + WINDOWS_AT_ONCE])

    async def _give_some_windows(self, board: str, window: str, streams: list[Stream]) -> None:
        players = {str(stream.viewer.player): stream.viewer.language for stream in streams}
        made: Mapping[str, bytes] = await self._in_thread(lambda: rendering.around(board, window, players))
        for stream in streams:
            data = made.get(str(stream.viewer.player))
            if data is not None and hash(data) != stream.shown:
                stream.shown = hash(data)
                stream.put("around", data)

    async def _ping(self) -> None:
        """Each stream in its turn, so that they do not all wake at once."""
        second = 0
        while True:
            await asyncio.sleep(1)
            second += 1
            for stream in list(self.streams):
                if id(stream) // 16 % PING_EVERY == second % PING_EVERY:
                    stream.put("ping", PING)

    async def _check_sessions(self) -> None:
        """Ends the streams of sessions that have ended."""
        while True:
            await asyncio.sleep(CHECK_EVERY)
            for session_key, streams in list(self._sessions()):
                try:
                    player = await asyncio.to_thread(viewers.player_of, session_key)
                except UNANSWERED:
                    break
                for stream in streams:
                    if stream.viewer.player != player:
                        stream.close()

    def _sessions(self) -> Iterator[tuple[str, list[Stream]]]:
        found: dict[str, list[Stream]] = defaultdict(list)
        for stream in self.streams:
            if stream.viewer.session_key:
                found[stream.viewer.session_key].append(stream)
        yield from found.items()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        def follow_and_work() -> T:
            travel.follow()
            return work()

        return await asyncio.get_running_loop().run_in_executor(self._thread, follow_and_work)


async def _fail_when(is_deaf: asyncio.Event) -> None:
    await is_deaf.wait()
    raise RuntimeError("Nothing is heard any more of what changes.")


def _forget(some: dict[T, set[Stream]], key: T | None, stream: Stream) -> None:
    if key is not None and key in some:
        some[key].discard(stream)
        if not some[key]:
            del some[key]
