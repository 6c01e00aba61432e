"""The size limit: the best stay, the others fall off at once, and who falls off is told."""

from threading import Thread

import pytest
from django.core.exceptions import ValidationError

from gamify_site.store import scripts
from leaderboards.services import ranking, scores
from tests.builders import brief, crowd, ids, make_board, make_player

pytestmark = pytest.mark.usefixtures("services_store")


def stored_entries(store, slug: str = "coins", suffix: str = "all") -> int:
    """How many entries there are in Redis, shown or not."""
    return sum(store.redis.zcard(key) for key in sorted(store.keys()) if key.endswith(f":board:{slug}:{suffix}"))


def test_trimmed_writer_is_told():
    make_board(max_entries=3, entries=crowd(3))
    update = scores.submit("coins", "alice", 0)
    assert (update.score, update.rank, update.previous_rank, update.trimmed) == (0, None, None, True)
    assert ranking.standing("coins", "alice") is None


def test_writer_who_stays_is_told():
    make_board(max_entries=3, entries=crowd(3))
    update = scores.submit("coins", "alice", 10)
    assert (update.score, update.rank, update.previous_rank, update.trimmed) == (10, 1, None, False)
    assert ids(ranking.top("coins", 10)) == ["alice", "p0001", "p0002"]


def test_writer_who_falls_off_by_a_worse_score_is_told():
    make_board(max_entries=2, combine="last", entries={"alice": 5, "bob": 4})
    make_board(max_entries=2, combine="last")
    scores.set("coins", "bob", 1)
    update = scores.submit("coins", "charlie", 3)
    assert (update.rank, update.trimmed) == (2, False)
    assert ids(ranking.top("coins", 10)) == ["alice", "charlie"]


def test_board_is_never_over_the_limit(services_store):
    make_board(max_entries=5)
    for place in range(30):
        scores.submit("coins", f"p{place}", (place * 7) % 30)
        assert ranking.size("coins") == stored_entries(services_store) == min(place + 1, 5)
    assert [row.score for row in ranking.top("coins", 10)] == [29, 28, 27, 26, 25]


def test_batch_is_trimmed_as_one(services_store):
    make_board(max_entries=5)
    assert scores.submit_many("coins", crowd(700)) == 700
    assert ids(ranking.top("coins", 10)) == ["p0001", "p0002", "p0003", "p0004", "p0005"]
    assert stored_entries(services_store) == 5


def test_batch_with_a_refused_entry_is_trimmed_too(services_store):
    make_board(max_entries=3, entries={"alice": 2**53 - 1})
    with pytest.raises(ValidationError) as refusal:
        scores.submit_many("coins", [("alice", 1), *crowd(20).items()])
    assert refusal.value.message_dict == {"score": ["The result would leave ±9,007,199,254,740,991; left out: alice."]}
    assert stored_entries(services_store) == 3
    assert ids(ranking.top("coins", 10)) == ["alice", "p0001", "p0002"]


@pytest.mark.parametrize("order", ["desc", "asc"])
def test_last_in_the_boards_order_falls_off_among_equals(order):
    make_board(max_entries=2, order=order, entries={"alice": 5, "bob": 5, "charlie": 5})
    assert brief(ranking.top("coins", 5)) == [(1, "charlie", 5), (1, "bob", 5)]


def test_latest_falls_off_among_equals_under_earliest(clock):
    make_board(max_entries=2, ties="earliest")
    for player in ("charlie", "alice", "bob"):
        scores.submit("coins", player, 5)
        clock.advance(seconds=1)
    assert brief(ranking.top("coins", 5)) == [(1, "charlie", 5), (2, "alice", 5)]


def test_dense_ranks_stay_right_on_a_limited_board():
    make_board(max_entries=4, ties="dense", entries={"alice": 9, "bob": 7, "charlie": 7, "dora": 5})
    scores.submit_many("coins", {"erik": 8, "frida": 8})
    assert brief(ranking.top("coins", 9)) == [(1, "alice", 9), (2, "frida", 8), (2, "erik", 8), (3, "charlie", 7)]
    scores.remove("coins", "alice")
    scores.submit("coins", "gustav", 1)
    assert brief(ranking.top("coins", 9)) == [(1, "frida", 8), (1, "erik", 8), (2, "charlie", 7), (3, "gustav", 1)]


def test_trimmed_player_keeps_the_profile_and_starts_anew():
    make_board(max_entries=2)
    make_player("alice", name="Alice")
    scores.submit_many("coins", {"bob": 20, "charlie": 30})
    assert scores.submit("coins", "alice", 15).trimmed
    assert scores.submit("coins", "alice", 15).trimmed  # not 30: nothing was kept
    assert scores.submit("coins", "alice", 25).score == 25
    assert [(row.player, row.name) for row in ranking.top("coins", 5)] == [("charlie", "charlie"), ("alice", "Alice")]


def test_each_window_is_trimmed_by_itself(services_store, clock):
    make_board(max_entries=2, windows=("all", "day"), entries={"alice": 9, "bob": 8})
    clock.advance(days=1)
    update = scores.submit("coins", "charlie", 1)
    assert update.trimmed
    assert ids(ranking.top("coins", 5)) == ["alice", "bob"]
    assert ids(ranking.top("coins", 5, window="day")) == ["charlie"]
    scores.submit_many("coins", {"dora": 3, "erik": 2})
    assert ids(ranking.top("coins", 5, window="day")) == ["dora", "erik"]
    assert stored_entries(services_store) == 2


def test_lower_limit_holds_at_once(services_store):
    make_board(entries=crowd(20))
    make_board(max_entries=6)
    assert ranking.size("coins") == stored_entries(services_store) == 6
    assert ids(ranking.top("coins", 10)) == [f"p{rank:04}" for rank in range(1, 7)]


def test_lower_limit_holds_in_past_periods_too(clock):
    make_board(windows=("all", "day"), entries=crowd(20))
    yesterday = clock.now().date().isoformat()
    clock.advance(days=1)
    make_board(windows=("all", "day"), max_entries=6)
    assert ranking.size("coins", window="day", period=yesterday) == 6


def test_limit_taken_away_leaves_room():
    make_board(max_entries=2, entries=crowd(5))
    make_board(max_entries=None)
    scores.submit_many("coins", {"alice": 0, "bob": 0})
    assert ranking.size("coins") == 4


def test_reads_go_by_the_limit():
    make_board(max_entries=4, entries=crowd(30))
    assert ids(ranking.around_rank("coins", 30, 1)) == ["p0002", "p0003", "p0004"]
    assert ids(ranking.around_player("coins", "p0004", 1)) == ["p0002", "p0003", "p0004"]
    assert ranking.standing("coins", "p0005") is None
    assert ids(ranking.page("coins", limit=10)[0]) == ["p0001", "p0002", "p0003", "p0004"]
    assert ranking.page("coins", limit=4)[1] is None


def test_spending_may_let_a_player_fall_off(services_store):
    """The one who spends stays: nobody else is added, so the board is not over its limit."""
    make_board(max_entries=2, entries={"alice": 9, "bob": 8})
    assert scores.spend("coins", "alice", 9) == 0
    assert brief(ranking.top("coins", 5)) == [(1, "bob", 8), (2, "alice", 0)]
    assert stored_entries(services_store) == 2


# Two writers at once. Over several shards a write and its trimming are steps; here another writer comes between them.


@pytest.fixture
def before_script(monkeypatch):
    """Lets another writer work just before the first one's next call of a script, as far as it is let through."""
    threads: list[Thread] = []

    def wait() -> None:
        for thread in threads:
            thread.join()

    def interrupt(script: str, other_writer):
        original = scripts.run

        def interrupted(name, *args, **kwargs):
            if name == script and not threads:
                threads.append(Thread(target=other_writer))
                threads[0].start()
                threads[0].join(0.3)  # who waits for us must not make us wait for ever
            return original(name, *args, **kwargs)

        monkeypatch.setattr(scripts, "run", interrupted)
        return wait

    yield interrupt
    wait()


def test_writer_trimmed_by_somebody_else_is_told(services_store, before_script):
    make_board(max_entries=3, entries=crowd(3))
    wait = before_script("leaderboards/lowest_entries", lambda: scores.submit("coins", "bob", 100))
    update = scores.submit("coins", "alice", 0)
    wait()
    assert (update.rank, update.trimmed) == (None, True)
    assert stored_entries(services_store) == 3


@pytest.mark.parametrize("player", ["p0001", "p0002", "p0003", "p0004"])
def test_board_stays_full_when_a_score_falls_meanwhile(services_store, before_script, player):
    """The first writer has found whom to remove; then somebody falls below that one and is removed instead."""
    make_board(max_entries=4, combine="last", entries=crowd(4))
    wait = before_script("leaderboards/remove_entries", lambda: scores.set("coins", player, -50))
    scores.set("coins", "alice", 10)
    wait()
    assert ranking.size("coins") == stored_entries(services_store) == 4


def test_board_is_trimmed_when_a_score_rises_meanwhile(services_store, before_script):
    make_board(max_entries=4, combine="last", entries=crowd(4))
    wait = before_script("leaderboards/remove_entries", lambda: scores.set("coins", "p0004", 50))
    scores.set("coins", "alice", 10)
    wait()
    assert ranking.size("coins") == stored_entries(services_store) == 4
