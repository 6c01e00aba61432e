"""A cheater is off all boards at once; everything is kept and counted on; and all comes back."""

import pytest
from django.core.exceptions import ValidationError

from achievements.services import unlocks
from gamify_site import audit
from gamify_site.ops import integrity
from gamify_site.players import services as players
from gamify_site.players.services import UnknownPlayer
from gamify_site.store import catalog
from leaderboards.errors import InsufficientBalance
from leaderboards.services import boards, friends, moderation, ranking, scores
from leaderboards.services import integrity as board_integrity
from tests.achievements.builders import do, make
from tests.builders import brief, ids, make_board, make_player

pytestmark = pytest.mark.usefixtures("services_store")


def hide(player: str = "alice") -> None:
    assert moderation.hide(player, "two aces", by="root")


def show(player: str = "alice") -> None:
    assert moderation.show(player, "it was a mistake", by="root")


def clean() -> None:
    assert list(board_integrity.check()) == []
    assert list(integrity.check()) == []


def test_hidden_player_is_off_every_window_and_segment(clock):  # noqa: ARG001
    make_player("alice", country="SE")
    make_board(windows=("all", "day", "week"), segment_by="country", entries={"alice": 9, "bob": 5})
    make_board("laps", order="asc", ties="dense", entries={"alice": 9, "bob": 5})
    hide()
    for window in ("all", "day", "week"):
        assert ids(ranking.top("coins", 9, window=window)) == ["bob"]
    assert ranking.top("coins", 9, segment="SE") == []
    assert brief(ranking.top("laps", 9)) == [(1, "bob", 5)]
    assert ranking.standing("coins", "alice") is None
    assert moderation.is_hidden("alice")
    clean()


def test_everything_comes_back_with_what_was_done_meanwhile(clock):  # noqa: ARG001
    make_player("alice", country="SE")
    make_board(windows=("all", "day"), segment_by="country", entries={"alice": 9, "bob": 5})
    hide()
    update = scores.submit("coins", "alice", 3)
    assert (update.score, update.rank, update.trimmed) == (12, None, True)
    scores.submit_many("coins", {"alice": 1, "bob": 1})
    assert brief(ranking.top("coins", 9)) == [(1, "bob", 6)]
    show()
    assert (
        brief(ranking.top("coins", 9))
        == brief(ranking.top("coins", 9, window="day"))
        == [
            (1, "alice", 13),
            (2, "bob", 6),
        ]
    )
    assert ids(ranking.top("coins", 9, segment="SE")) == ["alice"]
    clean()


def test_player_who_moved_while_hidden_comes_back_into_the_new_segment():
    make_player("alice", country="SE")
    make_board(segment_by="country", entries={"alice": 9})
    hide()
    players.upsert("alice", country="NO")
    show()
    assert ranking.top("coins", 9, segment="SE") == []
    assert ids(ranking.top("coins", 9, segment="NO")) == ["alice"]
    clean()


def test_past_period_that_has_expired_does_not_come_back(clock):
    make_board(windows=("day", "all"), retention_days=2, entries={"alice": 9})
    past = clock.now().date().isoformat()
    hide()
    clock.advance(days=30)
    scores.submit("coins", "alice", 1)
    show()
    assert ranking.standing("coins", "alice", window="all").score == 10
    assert ranking.standing("coins", "alice", window="day", period=past) is None
    clean()


def test_points_and_events_count_on():
    make("ten", points=5)
    make_board("purse", action="coin")
    do("alice", "coin", amount=4)
    hide()
    do("alice", "coin", amount=6)
    unlocks.grant("alice", "ten", "again", by="root")
    assert players.get("alice").points == 5
    assert ranking.top("purse", 9) == ranking.top(boards.POINTS, 9) == []
    show()
    assert ranking.standing("purse", "alice").score == 10
    assert ranking.standing(boards.POINTS, "alice").score == 5
    clean()


def test_spending_counts_on():
    make_board(entries={"alice": 9})
    hide()
    assert scores.spend("coins", "alice", 4) == 5
    with pytest.raises(InsufficientBalance):
        scores.spend("coins", "alice", 6)
    show()
    assert ranking.standing("coins", "alice").score == 5


def test_limit_holds_when_somebody_comes_back():
    make_board(max_entries=2, entries={"alice": 9, "bob": 5})
    hide()
    scores.submit("coins", "charlie", 3)
    show()
    assert ids(ranking.top("coins", 9)) == ["alice", "bob"]
    clean()


def test_hidden_player_makes_no_news_and_is_on_no_board_of_friends():
    make_board(entries={"bob": 5})
    make_player("alice")
    make_player("bob")
    hide()
    scores.submit("coins", "alice", 99)
    players.follow("bob", "alice")
    assert ids(friends.board("coins", "bob")) == ["bob"]


def test_deleted_while_hidden_leaves_no_trace(services_store):
    make_board(entries={"alice": 9})
    hide()
    assert players.delete("alice")
    assert not [key for key in services_store.redis.scan_iter() if b"alice" in key]
    scores.submit("coins", "alice", 1)
    assert ids(ranking.top("coins", 9)) == ["alice"]


def test_score_that_is_removed_while_hidden_stays_away():
    make_board(entries={"alice": 9})
    make_board("laps", entries={"alice": 7})
    hide()
    assert scores.remove("coins", "alice")
    show()
    assert ranking.standing("coins", "alice") is None
    assert ranking.standing("laps", "alice").score == 7


def test_board_that_was_deleted_meanwhile_does_not_come_back():
    make_board(entries={"alice": 9})
    hide()
    boards.delete("coins")
    make_board()
    show()
    assert ranking.standing("coins", "alice") is None
    clean()


def test_reason_is_needed_and_both_are_audited():
    make_player("alice")
    with pytest.raises(ValidationError) as refusal:
        moderation.hide("alice", " ", by="root")
    assert refusal.value.message_dict == {"reason": ["Enter a text of 1 to 500 characters."]}
    hide()
    assert not moderation.hide("alice", "again", by="root")
    show()
    assert not moderation.show("alice", "again", by="root")
    with pytest.raises(UnknownPlayer):
        moderation.hide("nobody", "a ghost", by="root")
    assert [(it.what, it.reason) for it in audit.walk(lambda _entry: True)] == [
        ("player_shown", "it was a mistake"),
        ("player_hidden", "two aces"),
    ]


def test_many_periods_are_left_in_steps_and_nothing_is_lost_meanwhile(clock, monkeypatch):
    """What the player does between two steps counts on top of what is still on the board."""
    make_board(windows=("all", "day", "week"), segment_by="country", entries={"bob": 1})
    make_player("alice", country="SE")
    for _ in range(5):
        scores.submit("coins", "alice", 2)
        clock.advance(days=1)
    scores.submit("coins", "alice", 2)
    monkeypatch.setattr(moderation, "MOST_SETS", 1)
    monkeypatch.setattr(moderation, "MOST_CALLS", 1)
    run, calls = catalog.run, []

    def go_on_playing(script, work, *arguments, **options):
        replies = run(script, work, *arguments, **options)
        if script == "leaderboards/hide_player":
            calls.append(1)
            scores.submit("coins", "alice", 1)
        return replies

    with monkeypatch.context() as patched:
        patched.setattr(catalog, "run", go_on_playing)
        hide()
    assert len(calls) == 1 + 9
    for window in ("all", "day", "week"):
        assert "alice" not in ids(ranking.top("coins", window=window))
    assert ranking.top("coins", segment="SE") == []
    moderation.show("alice", "a mistake", by="root")
    scored = {window: ranking.top("coins", window=window)[0].score for window in ("all", "day", "week")}
    assert scored == {"all": 22, "day": 12, "week": 16}
    assert list(integrity.check()) == []


def test_hiding_that_broke_off_is_gone_on_with(monkeypatch):
    make_board(windows=("all", "day"), entries={"alice": 9, "bob": 1})
    with monkeypatch.context() as patched:
        patched.setattr(moderation, "_take_off", stop)
        with pytest.raises(KeyboardInterrupt):
            hide()
    assert not moderation.hide("alice", "two aces", by="root")
    assert ids(ranking.top("coins")) == ids(ranking.top("coins", window="day")) == ["bob"]


def stop(_player: str) -> None:
    raise KeyboardInterrupt
