"""Entering the top of a board is news, once an hour, in the player's feed and in the stream of rank events."""

from collections.abc import Iterable
from contextlib import suppress
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from achievements.definitions import Event
from achievements.services import events
from gamify_site.store import keys, shards
from gamify_site.store.errors import StoreUnavailable
from leaderboards.services import away, rank_news, ranking, scores
from tests.builders import crowd, make_board, make_player

pytestmark = pytest.mark.usefixtures("services_store")


def feed(store, player: str) -> list[dict[str, str]]:
    """What a player's own feed holds, oldest first."""
    found = store.redis.xrange(keys.feed(shards.of(player), player))
    return [{name.decode(): value.decode() for name, value in fields.items()} for _, fields in found]


def rank_events(store) -> list[tuple[str, str, int]]:
    """(player, board, rank) of every rank event, shard by shard."""
    found = [fields for shard in shards.everyone() for _, fields in store.redis.xrange(keys.rank_events(shard))]
    return [(fields[b"player"].decode(), fields[b"board"].decode(), int(fields[b"rank"])) for fields in found]


def test_entering_the_top_is_news(services_store, clock):
    make_board(news_top=3, entries=crowd(3))
    services_store.redis.delete(*(keys.rank_events(shard) for shard in shards.everyone()))
    scores.submit("coins", "alice", 10)
    assert rank_events(services_store) == [("alice", "coins", 1)]
    (news,) = feed(services_store, "alice")
    assert (news["type"], news["board"], news["rank"]) == ("rank", "coins", "1")
    assert int(news["at"]) == int(clock.now().timestamp() * 1000)


def test_place_below_the_top_is_no_news(services_store):
    make_board(news_top=3, entries=crowd(3))
    scores.submit("coins", "alice", 0)
    assert feed(services_store, "alice") == []


def test_moving_within_the_top_is_no_news(services_store):
    make_board(news_top=3, entries=crowd(3))
    scores.submit("coins", "p0003", 100)
    assert len(feed(services_store, "p0003")) == 1


def test_everybody_enters_a_top_that_is_not_full(services_store):
    make_board(news_top=3, entries={"alice": 5, "bob": 1})
    assert sorted(rank_events(services_store)) == [("alice", "coins", 1), ("bob", "coins", 2)]


def test_climbing_into_the_top_from_below_is_news(services_store):
    make_board(news_top=2, entries={"alice": 5, "bob": 4, "charlie": 1})
    assert feed(services_store, "charlie") == []
    scores.submit("coins", "charlie", 1)
    assert feed(services_store, "charlie") == []
    scores.submit("coins", "charlie", 5)
    assert [news["rank"] for news in feed(services_store, "charlie")] == ["1"]


def test_coming_back_within_the_hour_is_not_news_again(services_store):
    make_board(news_top=1, combine="last", entries={"alice": 5})
    scores.set("coins", "bob", 6)
    scores.set("coins", "alice", 7)
    scores.set("coins", "bob", 8)
    assert len(feed(services_store, "alice")) == len(feed(services_store, "bob")) == 1


def test_coming_back_after_the_hour_is_news(services_store):
    make_board(news_top=1, combine="last", entries={"alice": 5})
    scores.set("coins", "bob", 6)
    sent = keys.rank_news_sent(shards.of("alice"), "alice", "coins")
    assert 3590 <= services_store.redis.ttl(sent) <= 3600
    services_store.redis.delete(sent)  # the hour is over
    scores.set("coins", "alice", 7)
    assert len(feed(services_store, "alice")) == 2


def test_news_is_told_for_each_board(services_store):
    make_board(entries={"alice": 5})
    make_board("gems", entries={"alice": 5})
    assert {news["board"] for news in feed(services_store, "alice")} == {"coins", "gems"}


def test_board_with_news_switched_off_is_silent(services_store):
    make_board(news_top=0, entries={"alice": 5})
    scores.submit("coins", "bob", 9)
    assert feed(services_store, "alice") == feed(services_store, "bob") == rank_events(services_store) == []


def test_top_is_a_hundred_unless_set(services_store):
    make_board(entries=crowd(120))
    assert len(rank_events(services_store)) == 100
    assert len(feed(services_store, "p0100")) == 1
    assert feed(services_store, "p0101") == []


def test_who_falls_off_at_once_is_no_news(services_store):
    make_board(max_entries=2, entries={"alice": 5, "bob": 4})
    assert scores.submit("coins", "charlie", 1).trimmed
    assert feed(services_store, "charlie") == []


@pytest.mark.parametrize("order", ["desc", "asc"])
def test_equal_score_at_the_boundary_shares_the_rank_and_is_news(services_store, order):
    make_board(news_top=1, order=order, entries={"bob": 5})
    scores.submit("coins", "alice", 5)
    assert ranking.standing("coins", "alice").rank == 1
    assert [news["rank"] for news in feed(services_store, "alice")] == ["1"]


def test_feed_and_events_are_bounded(services_store):
    make_player("alice", name="Alice")
    for number in range(55):
        make_board(f"board-{number}", entries={"alice": 1})
    assert 50 <= len(feed(services_store, "alice")) <= 52
    assert feed(services_store, "alice")[-1]["board"] == "board-54"


TOP = 40  # great enough for more order values than are looked up one by one


def told_at_once(store, before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """Player → rank of those who are news after some scores that are reported together."""
    make_board(news_top=TOP, combine="last", entries=before)
    store.redis.delete(*(keys.rank_events(shard) for shard in shards.everyone()))
    scores.submit_many("coins", after)
    return {player: rank for player, _, rank in rank_events(store)}


def in_top(entries: dict[str, int], players: Iterable[str]) -> dict[str, int]:
    """Player → rank of those players who are in the top, by a plain list."""
    ranks = {player: 1 + sum(other > entries[player] for other in entries.values()) for player in players}
    return {player: rank for player, rank in ranks.items() if rank <= TOP}


@pytest.mark.parametrize("size", [4, 60, 400])
def test_all_who_enter_at_once_are_told(services_store, size):
    """New ones and some from below, with ties at the end of the top."""
    before = {f"p{number:03}": number % 50 for number in range(200)}
    after = {f"p{number:03}": 50 + number % 7 for number in range(0, 200, 50)}
    after |= {f"q{number:03}": 30 + number % 37 for number in range(size)}
    expected = in_top(before | after, after)
    assert told_at_once(services_store, before, after) == expected
    assert expected


def test_one_shard_may_have_all_of_the_top(services_store):
    others = {f"p{number:03}": number for number in range(200)}
    neighbours = [name for name in (f"q{number:04}" for number in range(2000)) if shards.of(name) == 0][:60]
    after = {name: 1000 + place for place, name in enumerate(neighbours)}
    told = told_at_once(services_store, others, after)
    assert told == in_top(others | after, after)
    assert len(told) == TOP


def test_news_of_a_batch_are_told_when_its_answer_is_asked_for_again(services_store, monkeypatch):
    """Whoever reported it died before the news were told; somebody has come to the top since."""
    make_board(action="coin", news_top=TOP, entries=crowd(9))
    batch = [Event(f"q{number:03}", "coin", 1000 - number) for number in range(300)]
    with monkeypatch.context() as patch, suppress(StoreUnavailable):
        patch.setattr(rank_news, "announce", Mock(side_effect=StoreUnavailable("gone")))
        events.record(batch, idempotency_key="monday")
    scores.submit("coins", "charlie", 2000)
    events.record(batch, idempotency_key="monday")
    told = {player: rank for player, _, rank in rank_events(services_store) if player.startswith("q")}
    since = 0 if shards.count() == 1 else 1  # one shard tells it as it counts the event
    assert told == {f"q{number:03}": 1 + number + since for number in range(TOP - since)}


def test_ranks_are_those_after_the_last_of_several_script_calls(services_store, clock):
    """Of one shard's two calls the first is sent again, after the second: somebody in it was away."""
    make_board(action="coin", news_top=TOP, entries={"old": 1})
    clock.advance(days=31)
    assert away.leave_due() == 1
    scores.submit_many("coins", {f"q{number:02}": 2000 if number < 30 else 895 for number in range(60)})
    names = [name for name in (f"p{number}" for number in range(3000)) if shards.of(name) == shards.of("old")]
    batch = [Event(name, "coin", 1000 - place) for place, name in enumerate(["old", *names[:150]])]
    services_store.redis.delete(*(keys.rank_events(shard) for shard in shards.everyone()))
    events.record(batch)
    told = {player: rank for player, _, rank in rank_events(services_store)}
    expected = {name: place for place, name in enumerate(["old", *names[:9]], 31)}
    assert told.items() >= expected.items()
    assert told == expected or shards.count() == 1  # one shard tells each call's news as it counts


def test_last_script_call_of_a_shard_may_be_short(services_store):
    """The best come last, so few of each shard that they alone do not tell what comes first there."""
    names: dict[int, list[str]] = {shard: [] for shard in shards.everyone()}
    for name in (f"p{number:05}" for number in range(5000)):
        names[shards.of(name)].append(name)
    order = [its[place] for place in range(104) for its in names.values()]
    amounts = {name: place for place, name in enumerate(order, 1)}
    make_board(action="coin", news_top=TOP)
    events.record([Event(name, "coin", amount) for name, amount in amounts.items()])
    told = {player: rank for player, _, rank in rank_events(services_store)}
    expected = in_top(amounts, amounts)
    assert told == expected or shards.count() == 1  # one shard tells each call's news as it counts
    assert told.items() >= {name: rank for name, rank in expected.items() if rank < 5}.items()


def test_who_was_on_a_full_board_does_not_enter_its_top_when_others_fall_off(services_store):
    make_board(news_top=TOP, max_entries=TOP, combine="last", entries=crowd(TOP))
    services_store.redis.delete(keys.rank_news_sent(shards.of("p0038"), "p0038", "coins"))  # the hour is over
    better = {f"q{number:03}": 2000 + number for number in range(400)}
    scores.submit_many("coins", better | {"p0038": 5000})
    assert ranking.standing("coins", "p0038").rank == 1
    assert len(feed(services_store, "p0038")) == 1  # that of the beginning


def test_ranks_are_right_where_the_top_was_made_greater_meanwhile(services_store, monkeypatch):
    make_board(news_top=1, combine="last", entries=crowd(200))
    after = {f"q{number:03}": 1000 + number for number in range(300)}
    neighbours = [name for name in after if shards.of(name) == 0]
    after |= {name: after[name] + 1000 for name in neighbours[:30]}
    announce = rank_news.announce

    def change_and_announce(_board, suffix, rises) -> None:
        announce(make_board(news_top=TOP, combine="last"), suffix, rises)

    monkeypatch.setattr(rank_news, "announce", change_and_announce)
    scores.submit_many("coins", after)
    told = {(player, rank) for player, _, rank in rank_events(services_store) if player in after}
    assert told <= in_top(after, after).items()
    assert told


@given(writes=st.lists(st.tuples(st.integers(0, 9), st.one_of(st.none(), st.integers(0, 20))), max_size=40))
def test_news_are_told_as_a_list_of_all_entries_says(services_store, writes):
    """Tops that fill, rise, tie and shrink again, whatever was remembered of them."""
    services_store.empty()
    board = make_board(news_top=2, combine="last")
    entries: dict[str, int] = {}
    told: dict[str, int] = {}  # player → rank; once an hour
    for number, score in writes:
        player = f"p{number}"
        before = entries.pop(player, None)
        if score is None:
            scores.remove("coins", player)
            continue
        others = sorted(entries.values(), reverse=True)
        entries[player] = score
        scores.set("coins", player, score)
        was_in = before is not None and sum(other > before for other in others) < board.news_top
        rank = 1 + sum(other > score for other in others)
        if rank <= board.news_top and not was_in and (before is None or score > before):
            told.setdefault(player, rank)
    assert sorted(rank_events(services_store)) == sorted((player, "coins", rank) for player, rank in told.items())
