"""A client for Gamify in one file that needs only Python's standard library (3.11 or newer). Copy it into your game.

    def keep(event, reason):  # an event that will not count: rejected, no room, or not sent at the end
        print(reason, json.dumps(event), file=open("dropped.jsonl", "a"))

    def show(unlock):  # what a player has just earned: player, achievement, points
        print(unlock["player"], "has earned", unlock["achievement"])

    with Gamify("https://play.example.com", os.environ["GAMIFY_KEY"], on_dropped=keep, on_unlocked=show) as gamify:
        gamify.event("alice", "coin_collected", amount=5)
        gamify.submit_score("best-lap", "alice", 61.25)
        print(gamify.top("best-lap", 10), gamify.place("best-lap", "alice"))

Events wait in memory until there are 500 of them or 5 seconds have passed; then a thread sends them. Each event has its
own id and each batch an Idempotency-Key, so an event that is sent again counts once. Events wait while the site cannot
be reached or refuses the key. A bad event is dropped alone and reported to `on_dropped`; the rest of its batch counts.
An event does not count for boards that need a `value` or `amount` if it has neither, nor for boards whose periods at
its time are final: it and these boards are reported to `on_skipped`.
Keep the key on your servers: anybody who has it can write any score.
"""

import gzip
import http.client
import json
import logging
import random
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any, NamedTuple, Self
from urllib.parse import quote

BATCH = 500  # events; the API takes up to 1,000
MOST_BYTES = 1_048_000  # of a batch; the API takes 1 MiB
MOST_WAITING = 20_000_000  # bytes of events in memory while the site is away: about 100,000 events
ATTEMPTS = 6
LONGEST_PAUSE = 30.0  # seconds, unless the site asks for more
LARGE = 1400  # bytes; a longer body is sent as gzip
LATER = {408, 425, 429}  # try again, as after any 5xx; after 409 only if the answer has Retry-After
REFUSED = {400, 413, 422}  # an event is bad, or the batch is too large: splitting it finds out

log = logging.getLogger("gamify")


class GamifyError(Exception):
    """The site refuses: `status`, and `problem` from its answer. Status 0: it could not be reached."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status or 'no answer'}: {problem.get('detail', '')}")
        self.status = status
        self.problem = problem


class Batch(NamedTuple):
    """Events as JSON, in the order of the calls, and the Idempotency-Key under which they are sent."""

    key: str
    events: list[bytes]


def log_dropped(event: dict[str, Any], reason: str) -> None:
    """Log an event that will not count, with all its fields."""
    log.warning("Event dropped: %s %s", reason, event)


def log_skipped(event: dict[str, Any], boards: list[str]) -> None:
    """Log an event that counts, but not for these boards."""
    reason = "it has neither value nor amount, or their periods are final"
    log.warning("Event does not count for the boards %s: %s: %s", ", ".join(boards), reason, event)


def ignore_unlocked(unlock: dict[str, Any]) -> None:
    """Do nothing."""


class Gamify:
    """The site at `url`; events are sent at least every `flush_seconds`.

    The client calls, also on its own thread, `on_dropped(event, reason)` once for each event that will not count,
    `on_skipped(event, boards)` for each that counts, but not for these boards, and `on_unlocked(unlock)` for each
    achievement that the events have unlocked, with `player`, `achievement` and `points`.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        flush_seconds: float = 5.0,
        pause: float = 0.5,
        on_dropped: Callable[[dict[str, Any], str], None] = log_dropped,
        on_skipped: Callable[[dict[str, Any], list[str]], None] = log_skipped,
        on_unlocked: Callable[[dict[str, Any]], None] = ignore_unlocked,
    ) -> None:
        self.address = f"{url.rstrip('/')}/api/v1"
        self.key = key
        self.pause = pause  # seconds before the second attempt; doubled for each one after it
        self.on_dropped = on_dropped
        self.on_skipped = on_skipped
        self.on_unlocked = on_unlocked
        self._events: list[bytes] = []
        self._batches: list[Batch] = []  # taken from the events and not yet answered; the last one is sent first
        self._size = 0  # bytes of the events in both
        self._closed = False
        self._lock = threading.Lock()  # of the four above
        self._sending = threading.RLock()  # one batch after the other: events stay in their order
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(flush_seconds,), daemon=True)
        self._thread.start()

    def event(self, player: str, action: str, **fields: Any) -> str:
        """Keep an event, with `amount`, `value`, `item`, `at` or `id` if given, and return its id. Never waits.

        Raises ValueError or TypeError for an event that cannot be sent: NaN, not JSON, too long.
        """
        event = {"player": player, "action": action, **fields, "id": fields.get("id") or str(uuid.uuid4())}
        encoded = _encode(event)
        if len(encoded) >= MOST_BYTES:
            raise ValueError(f"The event has {len(encoded)} bytes; the API takes fewer than {MOST_BYTES}.")
        with self._lock:
            if self._closed:
                raise ValueError("The client is closed.")
            has_room = self._size + len(encoded) <= MOST_WAITING
            if has_room:
                self._events.append(encoded)
                self._size += len(encoded)
            is_full = len(self._events) == BATCH
        if not has_room:
            self.on_dropped(event, f"No room: {MOST_WAITING} bytes of events are waiting already.")
        elif is_full:
            self._wake.set()
        return event["id"]

    def flush(self) -> list[dict[str, Any]]:
        """Send all events that wait, and return the answers.

        Raises GamifyError if the site cannot be reached or refuses the key; the events wait, and keep their ids.
        """
        answers = []
        with self._sending:
            while batch := self._next():
                try:
                    answer = self._call("POST", "/events", b'{"events":[' + b",".join(batch.events) + b"]}", batch.key)
                except GamifyError as error:
                    if error.status in REFUSED or error.status == 500:
                        self._take_apart(batch, error)
                    if error.status not in REFUSED:
                        raise
                else:
                    answers.append(answer)
                    self._settle(batch, answer)
        return answers

    def submit_score(self, board: str, player: str, score: float) -> dict[str, Any]:
        """Submit to a board of the best or the last score; for one that adds up, send events, which count once."""
        body = _encode({"score": score})
        return self._call("PUT", f"/leaderboards/{quote(board, '')}/scores/{quote(player, '')}", body)

    def top(self, board: str, limit: int = 10) -> list[dict[str, Any]]:
        """Return the first rows: rank, player, name, score."""
        return self._call("GET", f"/leaderboards/{quote(board, '')}?limit={limit}")["rows"]

    def place(self, board: str, player: str) -> dict[str, Any] | None:
        """Return the player's rank and score, and the rows around; None if the player is not on the board."""
        try:
            return self._call("GET", f"/leaderboards/{quote(board, '')}/players/{quote(player, '')}")
        except GamifyError as error:
            if error.status == 404:
                return None
            raise

    def close(self) -> None:
        """Send all events that wait, and end the thread. Events that cannot be sent go to `on_dropped`."""
        with self._lock:
            self._closed = True
        self._wake.set()
        with self._sending:
            try:
                self.flush()
            except GamifyError as error:
                while batch := self._next():
                    self._settle(batch, _rejected(range(len(batch.events)), f"Not sent: {error}"))
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, seconds: float) -> None:
        while True:
            self._wake.wait(seconds)
            self._wake.clear()
            if self._closed:
                return
            try:
                self.flush()
            except GamifyError as error:
                log.warning("Events could not be sent and wait: %s", error)
            except Exception:  # raised by a callback: the next events must still be sent
                log.exception("Events could not be reported")

    def _next(self) -> Batch | None:
        with self._lock:
            if self._events and not self._batches:
                sizes = accumulate(len(it) + 1 for it in self._events[:BATCH])
                count = sum(size <= MOST_BYTES for size in sizes)
                self._batches.append(Batch(str(uuid.uuid4()), self._events[:count]))
                del self._events[:count]
            return self._batches[-1] if self._batches else None

    def _take_apart(self, batch: Batch, error: GamifyError) -> None:
        """Split a refused batch in half until the bad events are alone. One that may break the site goes last."""
        middle = len(batch.events) // 2
        if not middle and error.status in REFUSED:
            self._settle(batch, _rejected([0], str(error)))
            return
        with self._lock:
            self._batches.pop()
            if middle:
                halves = batch.events[middle:], batch.events[:middle]
                self._batches += [Batch(str(uuid.uuid4()), events) for events in halves]
            else:
                self._events += batch.events

    def _settle(self, batch: Batch, answer: dict[str, Any]) -> None:
        """Forget a batch and report what its answer says of its events, by index, and of players."""
        with self._lock:
            self._batches.pop()
            self._size -= sum(map(len, batch.events))
        for it in answer["rejected"]:
            self.on_dropped(json.loads(batch.events[it["index"]]), it["reason"])
        for it in answer.get("skipped", []):
            self.on_skipped(json.loads(batch.events[it["index"]]), it["boards"])
        for unlock in answer.get("unlocked", []):
            self.on_unlocked(unlock)

    def _call(self, method: str, path: str, body: bytes | None = None, idempotency_key: str = "") -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        if body and len(body) > LARGE:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        request = urllib.request.Request(self.address + path, body, headers, method=method)
        attempt = 0
        while True:
            attempt += 1
            pause = random.uniform(0, min(LONGEST_PAUSE, self.pause * 2**attempt))
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as error:
                wait = error.headers.get("Retry-After", "")
                again = error.code in LATER or error.code >= 500 or (error.code == 409 and wait)
                if attempt == ATTEMPTS or not again:
                    raise GamifyError(error.code, _problem(error)) from None
                pause += float(wait) if wait.isdecimal() else 0
            except (OSError, http.client.HTTPException, ValueError) as error:  # refused, cut off, too slow, no JSON
                if attempt == ATTEMPTS:
                    raise GamifyError(0, {"detail": str(error)}) from error
            time.sleep(pause)


def _rejected(indexes: Iterable[int], reason: str) -> dict[str, Any]:
    return {"rejected": [{"index": index, "reason": reason} for index in indexes]}


def _encode(body: dict[str, Any]) -> bytes:
    return json.dumps(body, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()


def _problem(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        return dict(json.loads(error.read()))
    except (ValueError, TypeError, OSError, http.client.HTTPException):  # not from the API: a proxy's page
        return {"detail": str(error.reason)}
