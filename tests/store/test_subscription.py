"""What scripts publish is heard, also again after the server was away."""

import threading
from collections.abc import Iterator
from queue import Empty, Queue

import pytest

from achievements.definitions import Event as Fact
from achievements.services import events
from gamify_site.store import subscription
from leaderboards.services import scores
from tests.achievements.builders import make
from tests.builders import make_board, make_player

BEGUN = "begun"
PATIENCE = 10.0


class Heard:
    """What a subscription in a thread of its own has heard."""

    def __init__(self) -> None:
        self.queue: Queue[str] = Queue()

    def until(self, wanted: str) -> list[str]:
        """Everything up to a message that must come."""
        found = []
        while not found or found[-1] != wanted:
            try:
                found.append(self.queue.get(timeout=PATIENCE))
            except Empty:
                raise AssertionError(f"{wanted} was not heard, only {found}") from None
        return found


@pytest.fixture
def heard(services_store) -> Iterator[Heard]:  # noqa: ARG001  (the store comes first)
    it, stop = Heard(), threading.Event()
    thread = threading.Thread(
        target=subscription.listen, args=(it.queue.put, lambda: it.queue.put(BEGUN), stop), daemon=True
    )
    thread.start()
    it.until(BEGUN)
    yield it
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_each_change_of_a_board_is_heard_once_a_batch(heard):
    make_board("coins")
    make_board("laps")
    scores.submit_many("coins", {"alice": 1})
    assert heard.until("board coins").count("board laps") == 0
    scores.submit("laps", "bob", 2)
    assert heard.until("board laps").count("board coins") == 0
    scores.remove("coins", "alice")
    heard.until("board coins")


def test_unlocks_and_ranks_are_heard(heard):
    make("ten")
    events.record([Fact("alice", "coin", 10)])
    heard.until("feed alice")


def test_new_names_and_new_rules_are_heard(heard):
    make_player("alice", name="Alice")
    heard.until("boards")
    make_board("coins")
    heard.until("boards")


def test_subscription_comes_back_after_the_server_was_away(heard, services_store):
    if services_store.kind == "fakeredis":
        pytest.skip("the stand-in has no connections that could be lost")
    services_store.stop()
    services_store.start()
    heard.until(BEGUN)
    make_player("alice", name="Alice")
    heard.until("boards")
