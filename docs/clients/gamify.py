"""A client for Gamify in one file, with nothing but Python's standard library (3.11 or newer). Copy it into your game.

    with Gamify("https://play.example.com", os.environ["GAMIFY_KEY"]) as gamify:
        gamify.event("alice", "coin_collected", amount=5)
        gamify.submit_score("best-lap", "alice", 61.25)
        print(gamify.top("best-lap", 10), gamify.place("best-lap", "alice"))

Events wait in memory until there are 500 of them or 5 seconds have passed; then a thread sends them. Each has an id of
its own and each batch an Idempotency-Key, so that whatever is sent again counts once. Keep the key on your servers:
whoever has it can write any score.
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
from typing import Any, Self
from urllib.parse import quote

BATCH = 500  # events; the API takes up to 1,000
MOST_WAITING = 100_000  # events in memory while the site is away
ATTEMPTS = 6
LONGEST_PAUSE = 30.0  # seconds, unless the site asks for more
LARGE = 1400  # bytes; what is longer is sent as gzip
LATER = {429, 502, 503, 504}  # try again; 409 too where the answer has Retry-After
NEVER = {400, 413, 415, 422}  # the batch itself is wrong: to send it again is of no use

log = logging.getLogger("gamify")


class GamifyError(Exception):
    """The site refuses: `status`, and `problem` as it was told. Status 0: it could not be reached."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status or 'no answer'}: {problem.get('detail', '')}")
        self.status = status
        self.problem = problem


class Gamify:
    """The site at `url`; events are sent at least every `flush_seconds`."""

    def __init__(self, url: str, key: str, *, flush_seconds: float = 5.0, pause: float = 0.5) -> None:
        self.address = f"{url.rstrip('/')}/api/v1"
        self.key = key
        self.pause = pause  # seconds before the second attempt; doubled for each one after it
        self._events: list[dict[str, Any]] = []
        self._batch: tuple[str, list[dict[str, Any]]] | None = None  # Idempotency-Key and events that are on their way
        self._lock = threading.Lock()  # of the two above
        self._sending = threading.Lock()  # one batch after the other: events stay in their order
        self._wake = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, args=(flush_seconds,), daemon=True)
        self._thread.start()

    def event(self, player: str, action: str, **fields: Any) -> str:
        """Keeps an event to be sent, with `amount`, `value`, `item`, `at` or `id` where given. Never waits. Its id."""
        event = {"id": str(uuid.uuid4()), "player": player, "action": action, **fields}
        with self._lock:
            if len(self._events) >= MOST_WAITING:
                raise GamifyError(0, {"detail": f"{MOST_WAITING} events are waiting already."})
            self._events.append(event)
            is_full = len(self._events) == BATCH
        if is_full:
            self._wake.set()
        return event["id"]

    def flush(self) -> list[dict[str, Any]]:
        """Sends all that waits, and gives the answers. What could not be sent waits on, and is sent again as it was."""
        answers = []
        with self._sending:
            while batch := self._next():
                try:
                    answer = self._call("POST", "/events", {"events": batch[1]}, batch[0])
                except GamifyError as error:
                    if error.status in NEVER:
                        self._batch = None
                    raise
                self._batch = None
                if answer["rejected"]:
                    log.warning("Events were rejected: %s", answer["rejected"])
                answers.append(answer)
        return answers

    def submit_score(self, board: str, player: str, score: float) -> dict[str, Any]:
        """For boards that keep the best or the last score; to one that adds up send events, which count once."""
        return self._call("PUT", f"/leaderboards/{quote(board, '')}/scores/{quote(player, '')}", {"score": score})

    def top(self, board: str, limit: int = 10) -> list[dict[str, Any]]:
        """The first rows: rank, player, name, score."""
        return self._call("GET", f"/leaderboards/{quote(board, '')}?limit={limit}")["rows"]

    def place(self, board: str, player: str) -> dict[str, Any] | None:
        """The player's rank and score, and the rows around; None where the player is not on the board."""
        try:
            return self._call("GET", f"/leaderboards/{quote(board, '')}/players/{quote(player, '')}")
        except GamifyError as error:
            if error.status == 404:
                return None
            raise

    def close(self) -> None:
        """Sends what waits, and ends the thread."""
        self._closed = True
        self._wake.set()
        self.flush()

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
                log.warning("Events could not be sent: %s", error)

    def _next(self) -> tuple[str, list[dict[str, Any]]] | None:
        with self._lock:
            if self._batch is None and self._events:
                self._batch = str(uuid.uuid4()), self._events[:BATCH]
                del self._events[:BATCH]
            return self._batch

    def _call(self, method: str, path: str, body: Any = None, idempotency_key: str = "") -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        data = None if body is None else json.dumps(body).encode()
        if data and len(data) > LARGE:
            data = gzip.compress(data)
            headers["Content-Encoding"] = "gzip"
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        attempt = 0
        while True:
            attempt += 1
            pause = random.uniform(0, min(LONGEST_PAUSE, self.pause * 2**attempt))
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as error:
                wait = error.headers.get("Retry-After", "")
                if attempt == ATTEMPTS or not (error.code in LATER or (error.code == 409 and wait)):
                    raise GamifyError(error.code, _problem(error)) from None
                pause += float(wait) if wait.isdecimal() else 0
            except (OSError, http.client.HTTPException) as error:  # refused, cut off, or too slow
                if attempt == ATTEMPTS:
                    raise GamifyError(0, {"detail": str(error)}) from error
            time.sleep(pause)


def _problem(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        return dict(json.loads(error.read()))
    except (ValueError, TypeError, OSError):  # not from the API: a proxy's page
        return {"detail": str(error.reason)}
