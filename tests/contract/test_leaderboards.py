"""Contracts of the scripts of `leaderboards`: writing and reading ranked sets, hidden and inactive players."""

from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError

from achievements.services import feed
from gamify_site.integrity import Breach
from gamify_site.players.services import UnknownPlayer
from gamify_site.store import keys, shards
from leaderboards.definitions import Board, ScoreUpdate, Standing
from leaderboards.errors import InsufficientBalance
from leaderboards.services import (
    away,
    boards,
    integrity,
    limits,
    moderation,
    places,
    rank_news,
    ranking,
    scores,
    searching,
    seasons,
)
from leaderboards.services.rank_news import Climber, Rise
from tests.builders import brief, crowd, make_board, make_player
from tests.contract.contracts import contract, expires_at

pytestmark = [pytest.mark.every_store, pytest.mark.usefixtures("services_store")]

ENTRIES = {"alice": 30, "bob": 20, "charlie": 20, "dora": 10}
RANKED = [(1, "alice", 30), (2, "charlie", 20), (2, "bob", 20), (4, "dora", 10)]
DAY = "2082-11-20"
DAY_EXPIRES = 3_570_220_800  # 90 days after it
MOST = 2**53 - 1


def climb(board: Board, entries: dict[str, int]) -> None:
    """Announce that these players have entered the top of a board with these scores."""
    rises = [Rise(shards.of(player), [Climber(player, None, score)]) for player, score in entries.items()]
    rank_news.announce(board, "all", rises)


def announced_ranks() -> dict[str, list[str]]:
    """Return the ranks in the feed of each player."""
    found = feed.since(dict.fromkeys(ENTRIES, feed.START))
    return {player: [news.fields["rank"] for news in entries] for player, entries in found.items()}


@contract("leaderboards/submit_scores")
def test_scores_are_written_to_every_set_of_the_board(services_store, clock):  # noqa: ARG001
    make_player("alice", country="SE")
    make_board(windows=("all", "day"), ties="dense", segment_by="country", entries={"alice": MOST - 1, "bob": 5})
    assert scores.submit("coins", "charlie", 5) == ScoreUpdate(5, rank=2, previous_rank=None, trimmed=False)
    with pytest.raises(ValidationError) as refusal:
        scores.submit_many("coins", [("alice", 2), ("bob", 1), ("alice", 1)])
    assert refusal.value.message_dict == {"score": ["The result would leave ±9,007,199,254,740,991; left out: alice."]}
    for window in ("all", "day"):
        assert brief(ranking.top("coins", window=window)) == [(1, "alice", MOST), (2, "bob", 6), (3, "charlie", 5)]
        assert brief(ranking.top("coins", window=window, segment="SE")) == [(1, "alice", MOST)]
    assert scores.spend("coins", "bob", 1) == 5
    with pytest.raises(InsufficientBalance) as refusal:
        scores.spend("coins", "bob", 6)
    assert refusal.value.balance == 5
    assert brief(ranking.top("coins")) == [(1, "alice", MOST), (2, "charlie", 5), (2, "bob", 5)]
    shard, redis = shards.of("alice"), services_store.redis
    for suffix in (DAY, f"{DAY}:country=SE"):
        assert expires_at(redis, keys.board(shard, "coins", suffix), DAY_EXPIRES)
        assert expires_at(redis, keys.board_levels(shard, "coins", suffix), DAY_EXPIRES)
    assert expires_at(redis, keys.board_segments(shard, "coins", DAY), DAY_EXPIRES)
    assert redis.zrange(keys.board_levels(shard, "coins", "all:country=SE"), 0, -1) == [b"9007199254740991"]


@contract("leaderboards/submit_scores")
def test_final_periods_take_no_scores(clock):
    """Neither by the clock nor, once closed, by a clock that is behind."""
    make_board(windows=("day", "week"), entries={"alice": 3})
    make_board("daily", windows=("day",), entries={"alice": 3})
    reached = clock.now()
    clock.advance(hours=13)
    for advance in (lambda: None, seasons.close_due, lambda: clock.advance(minutes=-30)):
        advance()
        assert scores.submit("coins", "alice", 1, at=reached).rank == 1
        with pytest.raises(ValidationError):
            scores.submit("daily", "alice", 1, at=reached)
    found = {
        (it, window): brief(ranking.top(it, window=window, period=period))
        for it, window, period in [
            ("coins", "day", DAY),
            ("daily", "day", DAY),
            ("coins", "week", "2082-W47"),
        ]
    }
    assert found == {
        ("coins", "day"): [(1, "alice", 3)],
        ("daily", "day"): [(1, "alice", 3)],
        ("coins", "week"): [(1, "alice", 6)],
    }


@contract("leaderboards/remove_player")
def test_player_is_removed_from_every_set(services_store, clock):  # noqa: ARG001
    make_player("alice", country="SE")
    make_board(windows=("all", "day"), ties="dense", segment_by="country", entries=ENTRIES)
    moderation.hide("bob", "cheats", by="root")
    assert [scores.remove("coins", player) for player in ("alice", "bob", "nobody")] == [True, True, False]
    for window in ("all", "day"):
        assert brief(ranking.top("coins", window=window)) == [(1, "charlie", 20), (2, "dora", 10)]
        assert ranking.top("coins", window=window, segment="SE") == []
    assert services_store.redis.zscore(keys.board_levels(shards.of("alice"), "coins", "all"), "30") is None
    assert not services_store.redis.exists(keys.hidden_entries(shards.of("bob"), "bob"))


@contract("leaderboards/read_board")
def test_view_holds_the_top_the_rows_around_a_player_and_chosen_players():
    make_player("alice", name="Zoë", avatar="red")
    make_board(entries=ENTRIES)
    make_board("laps", ties="dense", order="asc", decimals=1, entries=ENTRIES)
    found = ranking.view("coins", top=2, around=1, player="dora")
    assert brief(found.top) == RANKED[:2]
    assert brief(found.around) == RANKED[1:]
    assert (found.size, found.standing) == (4, Standing(4, 10, 4, 25.0))
    assert (found.top[0].name, found.top[0].avatar) == ("Zoë", "red")
    (laps,) = ranking.views(["laps"], top=3, among={"laps": ("alice", "dora", "nobody")})
    assert brief(laps.top) == [(1, "dora", 10), (2, "charlie", 20), (2, "bob", 20)]
    assert brief(laps.among) == [(1, "dora", 10), (2, "alice", 30)]
    assert brief(ranking.around_rank("coins", 9, 1)) == RANKED[1:]
    rows, cursor = ranking.page("coins", limit=2)
    assert brief(rows + ranking.page("coins", after=cursor, limit=2)[0]) == RANKED
    assert ranking.around_player("coins", "nobody") == []


@contract("leaderboards/read_place")
def test_standing_counts_the_players_who_are_better():
    make_board(entries=ENTRIES)
    make_board("laps", ties="dense", entries=ENTRIES)
    assert ranking.standing("coins", "dora") == Standing(4, 10, 4, 25.0)
    assert ranking.standing("laps", "dora") == Standing(3, 10, 4, 25.0)
    assert ranking.standing("coins", "charlie").rank == ranking.standing("coins", "bob").rank == 2
    assert ranking.standing("coins", "nobody") is None


@contract("leaderboards/count_better")
def test_better_entries_and_levels_are_counted_on_all_shards():
    board = make_board(ties="dense", entries=ENTRIES)
    assert places.count_better(board, "all", [31, 30, 25, 20, 10, -1]) == [0, 0, 1, 1, 3, 4]
    assert [places.count_levels(board, "all", order) for order in (30, 20, 10)] == [0, 1, 2]


@contract("leaderboards/sample_board")
def test_search_finds_the_entry_at_every_index(monkeypatch):
    monkeypatch.setattr(searching, "GUESSES", 0)
    monkeypatch.setattr(searching, "SAMPLES", 3)
    board = make_board(entries=crowd(6) | {"alice": 6, "bob": 3})
    found = [searching.at_index(board, "all", index).player for index in range(9)]
    assert found == ["p0001", "alice", "p0002", "p0003", "p0004", "bob", "p0005", "p0006", "p0006"]
    assert searching.at_index(make_board("laps"), "all", 0) is None


@contract("leaderboards/announce_ranks")
def test_rank_in_the_top_of_all_shards_is_announced_once_an_hour(services_store, clock):
    board = replace(make_board(news_top=0, entries=ENTRIES), news_top=2)
    climb(board, {"alice": 30, "bob": 20, "charlie": 25, "dora": 10})  # charlie has 20 again by now
    climb(board, {"alice": 30})
    assert announced_ranks() == {"alice": ["1"], "bob": ["2"], "charlie": [], "dora": []}
    ms, shard, redis = b"%.0f" % (clock.now().timestamp() * 1000), shards.of("alice"), services_store.redis
    fields = {b"board": b"coins", b"rank": b"1", b"at": ms}
    assert redis.xrange(keys.feed(shard, "alice")) == [(ms + b"-0", fields | {b"type": b"rank"})]
    assert redis.xrange(keys.rank_events(shard))[0] == (ms + b"-0", fields | {b"player": b"alice"})
    assert 0 < redis.ttl(keys.rank_news_sent(shard, "alice", "coins")) <= 3600
    redis.delete(keys.rank_news_sent(shard, "alice", "coins"))
    redis.xdel(keys.feed(shard, "alice"), ms + b"-0")
    climb(board, {"alice": 30})
    assert [news_id for news_id, _ in redis.xrange(keys.feed(shard, "alice"))] == [ms + b"-1"]


@contract("leaderboards/first_orders")
def test_ranks_of_many_announcements_come_from_the_first_entries_of_all_shards(monkeypatch):
    monkeypatch.setattr(rank_news, "FEW_ORDERS", 0)
    board = replace(make_board(news_top=0, entries=ENTRIES), news_top=2)
    climb(board, ENTRIES)
    assert announced_ranks() == {"alice": ["1"], "bob": ["2"], "charlie": ["2"], "dora": []}


@contract("leaderboards/lowest_entries")
def test_excess_over_a_limit_is_dropped_lowest_first(monkeypatch):
    monkeypatch.setattr(limits, "STEP", 1)
    board = make_board(entries=ENTRIES)
    assert [limits.excess(replace(board, max_entries=most), "all") for most in (1, 4, 9)] == [3, 0, -5]
    limits.enforce(replace(board, max_entries=2), "all")
    assert brief(ranking.top("coins")) == RANKED[:2]


@contract("leaderboards/remove_entries")
def test_removed_entries_leave_no_segment_and_no_level(services_store):
    make_player("dora", country="SE")
    board = make_board(ties="dense", segment_by="country", entries=ENTRIES)
    limits.enforce(replace(board, max_entries=3), "all")
    assert brief(ranking.top("coins")) == RANKED[:3]
    shard, redis = shards.of("dora"), services_store.redis
    assert redis.zscore(keys.board_levels(shard, "coins", "all"), "10") is None
    assert redis.smembers(keys.board_segments(shard, "coins", "all")) == set()
    assert not redis.exists(keys.board(shard, "coins", "all:country=SE"))


@contract("leaderboards/derive_entries")
def test_segments_and_levels_are_derived_from_the_entries(services_store, clock):  # noqa: ARG001
    for player in ("alice", "charlie"):
        make_player(player, country="SE")
    board = make_board(windows=("all", "day"), entries=ENTRIES)
    boards.define(replace(board, ties="dense", segment_by="country"))
    for window in ("all", "day"):
        assert brief(ranking.top("coins", window=window, segment="SE")) == [(1, "alice", 30), (2, "charlie", 20)]
    assert ranking.standing("coins", "dora").rank == 3
    shard, redis = shards.of("alice"), services_store.redis
    assert expires_at(redis, keys.board_levels(shard, "coins", f"{DAY}:country=SE"), DAY_EXPIRES)


@contract("leaderboards/audit_entries")
def test_every_breach_of_an_entry_is_reported(services_store):
    for player in ("alice", "charlie"):
        make_player(player, country="SE")
    make_board(ties="dense", segment_by="country", entries=ENTRIES)
    assert list(integrity.check()) == []
    redis, shard, other = services_store.redis, shards.of("alice"), shards.of("charlie")
    redis.zadd(keys.board(shard, "coins", "all"), {"alice": "30.5"})
    redis.zadd(keys.board(other, "coins", "all:country=SE"), {"ghost": 20})
    redis.sadd(keys.hidden(shards.of("dora")), "dora")
    assert sorted((breach.subject, breach.detail) for breach in integrity.check() if breach.rule == "board entry") == [
        ("coins all", "alice: 30.5 is no level"),
        ("coins all", "alice: 30.5 is out of range"),
        ("coins all", "alice: is not the same in all:country=SE"),
        ("coins all", "dora: is hidden and on the board"),
        ("coins all:country=SE", "alice: the whole board has another entry"),
        ("coins all:country=SE", "ghost: belongs to another segment than country=SE"),
        ("coins all:country=SE", "ghost: nobody knows this player"),
        ("coins all:country=SE", "ghost: the whole board has another entry"),
    ]
    redis.zadd(keys.board_levels(shard, "coins", "all"), {"77": 77})
    assert Breach("board level", "coins all", "nobody holds 77") in list(integrity.check())


@contract("leaderboards/hide_player")
def test_entries_of_a_hidden_player_are_kept_off_the_board(services_store, clock):  # noqa: ARG001
    make_player("alice", country="SE")
    make_board(windows=("all", "day"), ties="dense", segment_by="country", entries=ENTRIES)
    assert [moderation.hide("alice", "cheats", by="root") for _ in range(2)] == [True, False]
    with pytest.raises(UnknownPlayer):
        moderation.hide("nobody", "cheats", by="root")
    scores.submit("coins", "alice", 1)
    for window in ("all", "day"):
        assert brief(ranking.top("coins", window=window)) == [(1, "charlie", 20), (1, "bob", 20), (2, "dora", 10)]
        assert ranking.top("coins", window=window, segment="SE") == []
    assert services_store.redis.hgetall(keys.hidden_entries(shards.of("alice"), "alice")) == {
        b"coins:all": b"31:0",
        b"coins:2082-11-20": b"31:3570220800",
    }


@contract("leaderboards/show_player")
def test_shown_player_returns_without_expired_entries(services_store, clock):
    make_player("alice", country="SE")
    board = make_board(windows=("all", "day"), segment_by="country", entries=ENTRIES)
    moderation.hide("alice", "cheats", by="root")
    clock.advance(days=board.kept_days + 2)
    assert [moderation.show("alice", "a mistake", by="root") for _ in range(2)] == [True, False]
    assert brief(ranking.top("coins")) == RANKED
    assert brief(ranking.top("coins", segment="SE")) == [(1, "alice", 30)]
    assert len(ranking.top("coins", window="day", period=DAY)) == 3
    assert not services_store.redis.exists(keys.hidden_entries(shards.of("alice"), "alice"))


@contract("leaderboards/leave_boards")
def test_inactive_players_leave_the_periods_that_are_not_over(clock):
    make_board(windows=("all", "day"), entries=ENTRIES)
    seen = clock.now().replace(microsecond=0)
    clock.advance(days=31)
    scores.submit("coins", "charlie", 1)
    assert [away.leave_due() for _ in range(2)] == [3, 0]
    assert brief(ranking.top("coins")) == [(1, "charlie", 21)]
    assert brief(ranking.top("coins", window="day", period=DAY)) == RANKED
    assert moderation.absence("alice") == (False, seen)
    scores.submit("coins", "alice", 1)
    assert moderation.absence("alice") == (False, None)
    assert brief(ranking.top("coins")) == [(1, "alice", 31), (2, "charlie", 21)]
