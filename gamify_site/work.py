"""Long work that a page starts: a thread of the web process does it, and the data store holds how far it has come.

So every process can show it, and a page that was closed finds it again.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from typing import Any, Literal

from gamify_site.store import keys
from gamify_site.store.connection import ask, client, guarded

Progress = Callable[[int, int], None]
State = Literal["running", "done", "failed", "lost"]

KEPT_FOR = 86_400  # seconds
LOST_AFTER = 60  # seconds without a sign of life
SIGN_EVERY = 0.25  # seconds
PATIENCE = 2.0  # seconds; what is done by then needs no page to wait on

logger = logging.getLogger("gamify")


@dataclass(frozen=True, slots=True)
class Work:
    """How far some work is. `result` is what it gave, in its own words; `error` why it failed."""

    name: str
    state: State
    done: int
    total: int
    result: str
    error: str

    @property
    def percent(self) -> int:
        """0 to 100, rounded down."""
        return 100 * self.done // self.total if self.total else 0


class AlreadyRunning(Exception):
    """The same work has been started and is not over."""


def start(name: str, job: Callable[[Progress], object], *, patience: float = PATIENCE) -> Work:
    """Begins some work and waits a little for it; gives how far it is then.

    `job` is called in another thread, with a function to tell (done, total) to; what it returns is kept as text.
    Raises `AlreadyRunning`, `StoreUnavailable`. Three round trips, and one more each quarter of a second.
    """
    known = find(name)
    if known is not None and known.state == "running":
        raise AlreadyRunning(name)
    _note(name, state="running", done=0, total=0, result="", error="")
    thread = Thread(target=_do, args=(name, job), name=f"work {name}", daemon=True)
    thread.start()
    thread.join(patience)
    return find(name) or Work(name, "running", 0, 0, "", "")


def find(name: str) -> Work | None:
    """How far the work of this name is; None where there has been none for a day. One round trip."""
    (found,) = ask([("hgetall", keys.work(name))])
    if not found:
        return None
    held = {field.decode(): value.decode() for field, value in found.items()}
    is_lost = held["state"] == "running" and time.time() - float(held["at"]) > LOST_AFTER
    state: Any = "lost" if is_lost else held["state"]
    return Work(name, state, int(held["done"]), int(held["total"]), held["result"], held["error"])


def _do(name: str, job: Callable[[Progress], object]) -> None:
    told = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > SIGN_EVERY:
            told = time.monotonic()
            _note(name, done=done, total=total)

    try:
        result = job(tell)
    except Exception as error:
        logger.exception("The work %r failed.", name)
        _note(name, state="failed", error=str(error))
    else:
        _note(name, state="done", result=str(result))


def _note(name: str, **fields: object) -> None:
    with guarded():
        pipeline = client().pipeline(transaction=True)
        pipeline.hset(keys.work(name), mapping=fields | {"at": time.time()})
        pipeline.expire(keys.work(name), KEPT_FOR)
        pipeline.execute()
