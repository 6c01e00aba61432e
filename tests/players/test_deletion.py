"""Deleting a player works in short steps, can be broken off anywhere, and never reaches into what comes afterwards."""

import json
from typing import Any

import pytest

from achievements.definitions import Event
from achievements.services import events, states
from achievements.services import integrity as achievement_integrity
from gamify_site import audit
from gamify_site.ops import ticking
from gamify_site.players import removal, services
from gamify_site.store import catalog, keys, scripts, shards
from leaderboards.services import integrity, moderation, ranking, scores, seasons
from tests.achievements.builders import do, make
from tests.builders import brief, make_board, make_player

pytestmark = pytest.mark.usefixtures("services_store")


def play(clock) -> None:
    """Alice and bob on boards with past and closed periods, with unlocks, a streak and news."""
    make("ten", type="streak", target=1, points=5)
    make("first", action="coin", type="milestone", target=1, points=10)
    make_board(action="coin", windows=("all", "day", "week"), segment_by="country")
    make_board("laps", windows=("day",), ties="dense")
    for player in ("alice", "bob"):
        make_player(player, name="Zoë", country="SE")
        do(player, "coin")
        scores.submit("laps", player, 7)
    clock.advance(days=9)
    seasons.close_due()
    for player in ("alice", "bob"):
        do(player, "coin")
    moderation.hide("bob", "two aces", by="root")
    moderation.show("bob", "a mistake", by="root")


def traces(store) -> set[str]:
    """Where anything tells of alice, but for the log of who asked to delete her."""
    found = set()
    for name in sorted(store.keys()):
        kind = store.redis.type(name)
        if kind == b"stream":
            content = [fields for _, fields in store.redis.xrange(name)]
        elif kind == b"zset":
            content = store.redis.zrange(name, 0, -1)
        elif kind == b"set":
            content = store.redis.smembers(name)
        elif kind == b"hash":
            content = store.redis.hgetall(name)
        else:
            content = []
        if "alice" in name or "alice" in str(content):
            found.add(name)
    return found


def break_off(monkeypatch: pytest.MonkeyPatch, step: int) -> list[str]:
    """Lets the process be killed at this script call of a deletion; gives the scripts that have run."""
    run, calls = scripts.run, []

    def die(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("players/"):
            calls.append(name)
            if len(calls) == step:
                raise KeyboardInterrupt
        return run(name, *arguments, **options)

    monkeypatch.setattr(scripts, "run", die)
    return calls


def finish_by_deleting_again() -> None:
    assert services.delete("alice", by="root", reason="asked again")


def finish_by_tick() -> None:
    assert "Deleted to the end: 1 player." in list(ticking.run())


@pytest.mark.parametrize("finish", [finish_by_deleting_again, finish_by_tick])
def test_deletion_that_was_broken_off_is_gone_on_with(clock, services_store, monkeypatch, finish):
    play(clock)
    monkeypatch.setattr(removal, "MOST_SETS", 2)
    monkeypatch.setattr(removal, "MOST_CALLS", 1)
    monkeypatch.setattr(removal, "MOST_KEYS", 3)
    monkeypatch.setattr(removal, "MOST_UNLOCKS", 1)
    step = 1
    while True:
        step += 1
        with monkeypatch.context() as patched:
            break_off(patched, step)
            try:
                services.delete("alice", by="root", reason="asked by mail")
            except KeyboardInterrupt:
                pass
            else:
                break
        finish()
        assert traces(services_store) == set()
        assert brief(ranking.top("coins")) == [(1, "bob", 2)]
        assert states.counts() == ({"ten": 1, "first": 1}, 1)
        assert next(audit.walk(lambda it: it.what == "player_deleted")).reason == "asked by mail"
        do("alice", "coin")
        scores.submit("laps", "alice", 7)
    assert step > 8
    assert sound() == []


def sound() -> list[object]:
    return [*integrity.check(), *achievement_integrity.check()]


@pytest.mark.parametrize("again", ["event", "score", "profile"])
def test_whatever_is_written_meanwhile_is_the_first_of_a_new_player(clock, services_store, monkeypatch, again):
    play(clock)
    monkeypatch.setattr(removal, "MOST_SETS", 1)
    monkeypatch.setattr(removal, "MOST_CALLS", 1)
    with monkeypatch.context() as patched:
        break_off(patched, 4)
        with pytest.raises(KeyboardInterrupt):
            services.delete("alice")
    if again == "event":
        do("alice", "coin")
        assert brief(ranking.top("coins")) == [(1, "bob", 2), (2, "alice", 1)]
        assert services.get("alice").points == 15
    elif again == "score":
        scores.submit("laps", "alice", 3)
        assert states.counts()[1] == 2
    else:
        assert services.upsert("alice", team="red").country == ""
    assert services.get("alice").name == "alice"
    assert sound() == []
    assert not services_store.redis.exists(keys.deletions(shards.of("alice")))


def test_slow_deletion_leaves_alone_what_came_after_another_has_ended_it(clock, monkeypatch):
    play(clock)
    leave_news = removal.leave_news

    def be_overtaken(player: str) -> None:
        leave_news(player)
        monkeypatch.setattr(removal, "leave_news", leave_news)
        services.finish_deletions()
        do("alice", "coin")

    monkeypatch.setattr(removal, "leave_news", be_overtaken)
    assert services.delete("alice")
    assert brief(ranking.top("coins")) == [(1, "bob", 2), (2, "alice", 1)]
    assert services.get("alice").points == 15
    assert sound() == []


def test_staff_put_nobody_back_who_is_being_deleted(clock, services_store, monkeypatch):
    play(clock)
    moderation.hide("alice", "two aces", by="root")
    with monkeypatch.context() as patched:
        break_off(patched, 3)
        with pytest.raises(KeyboardInterrupt):
            services.delete("alice")
    assert not moderation.show("alice", "a mistake", by="root")
    assert services.delete("alice")
    assert {name for name in traces(services_store) if not name.endswith(":audit")} == set()


def test_thousands_of_achievements_do_not_stop_it(services_store):
    make("first", action="coin", type="milestone", target=1)
    fields = services_store.redis.hgetall(keys.definition("achievement", "first"))
    slugs = [f"a{number}" for number in range(3000)]
    pipeline = services_store.redis.pipeline(transaction=False)
    pipeline.sadd(keys.definitions("achievement"), *slugs)
    for slug in slugs:
        pipeline.hset(keys.definition("achievement", slug), mapping=fields | {b"action": slug.encode()})
    pipeline.execute()
    catalog.forget()
    do("alice", "coin")
    services_store.redis.setbit(keys.collection(shards.of("alice"), "alice", "a2999"), 3, 1)
    assert services.delete("alice")
    assert "alice" not in str(services_store.keys())


def test_no_step_goes_through_more_than_it_says(services_store, monkeypatch):
    """However many periods there were, and however many of them are archived."""
    for slug in ("coins", "laps", "jumps"):
        make_board(slug, windows=("all", "day"), entries={"alice": 1})
        closed = {f"20{year}-01-{day:02}": '{"at": 1, "size": 1}' for year in range(10, 60) for day in range(1, 29)}
        services_store.redis.hset(keys.closed_periods(slug), mapping=closed)
        services_store.redis.zadd(keys.final_top(shards.of("alice"), slug, "2059-01-28"), {"alice": 1})
    run, steps = scripts.run, []

    def note(name: str, calls: Any, **options: Any) -> Any:
        if name == "players/delete_entries":
            steps.extend(sum(len(board["sets"]) for board in json.loads(words[-1])) for _, words in calls)
        return run(name, calls, **options)

    monkeypatch.setattr(scripts, "run", note)
    assert services.delete("alice")
    assert (max(steps), sum(steps)) == (removal.MOST_SETS, 3 * 1402)
    assert traces(services_store) == set()


def test_who_was_never_there_leaves_no_note(services_store):
    make_board(entries={"bob": 1})
    assert not services.delete("alice", by="root")
    assert traces(services_store) == set()
    assert services.finish_deletions() == 0


def test_ids_and_answers_do_not_remember_who_is_deleted(services_store):
    make_board("coins", action="coin")
    events.record([Event(player, "coin", id="match-77") for player in ("alice", "alice2")], idempotency_key="once")
    services.delete("alice")
    for key in services_store.redis.scan_iter("*:event_ids:*"):
        assert all(name.startswith(b"alice2 ") for name in services_store.redis.hkeys(key))
    assert events.record([Event("alice2", "coin", id="match-77")]).duplicates == 1
    assert events.record([Event("alice", "coin", id="match-77")]).accepted == 1
