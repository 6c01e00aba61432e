"""Contracts of the scripts of `achievements`: events and the state of players."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError

from achievements.definitions import Event, Outcome, Tier, Unlock
from achievements.services import (
    active_players,
    activity,
    backfill,
    catalog,
    compiled,
    events,
    feed,
    impact,
    insights,
    integrity,
    progress,
    states,
    unlocks,
)
from achievements.services.feed import News
from achievements.services.impact import Impact
from achievements.services.insights import Holder, Rarity
from achievements.services.states import Run, State
from gamify_site.integrity import Breach
from gamify_site.players import services as players
from gamify_site.players.services import Player, UnknownPlayer
from gamify_site.store import keys, shards
from leaderboards.services import away, boards, ranking, seasons
from tests.achievements.builders import assert_consistent, do, make, on_days, unlocked
from tests.builders import brief, make_board, make_player
from tests.contract.contracts import contract

pytestmark = [pytest.mark.every_store, pytest.mark.usefixtures("services_store")]

TIERS = (Tier("bronze", "Bronze", 5, 1), Tier("gold", "Gold", 10, 2))


def make_all() -> None:
    """Define one achievement of each type."""
    make("ten", points=5)
    make("first", type="milestone", target=1, points=1)
    make("slayer", type="tiered", action="boss", tiers=TIERS, target=10, points=0)
    make("relics", type="collection", action="relic", items=("cup", "ring"), target=2)
    make("three", type="streak", action="login", target=3, freezes=1)
    make("two", type="meta", action=None, target=2)


def unlocks_of(outcome: Outcome) -> list[tuple[str, str, int]]:
    """Return player, achievement and points of each unlock of a batch, sorted."""
    return sorted((it.player, it.achievement, it.points) for it in outcome.unlocked)


@contract("achievements/apply_events")
def test_repeated_batch_is_applied_once_and_gets_the_same_answer(services_store, clock, settings):
    make_all()
    make_player("charlie", timezone="Pacific/Auckland")
    make_board(action="coin", windows=("all", "day"), ties="earliest", entries={"charlie": 12})
    clock.advance(seconds=1)
    now = clock.now()
    batch = [
        *(Event("alice", "coin", 12, id="a") for _ in range(2)),
        *(Event("bob", "coin", amount) for amount in (2**22 - 1, 1)),
        *(Event("bob", "relic", item=item) for item in ("cup", "cup", "ring")),
        *(Event("charlie", "login", at=now - timedelta(days=ago)) for ago in (3, 1, 0)),
        Event("alice", "boss", 5),
        Event("bob", "jump"),
    ]
    found = events.record(batch, idempotency_key="once")
    rejected = {3: "It would leave the range of exact numbers."}
    assert found == Outcome(10, 1, rejected, {}, found.unlocked, ["jump"], repeated=(1,))
    assert unlocks_of(found) == [
        ("alice", "first", 1), ("alice", "slayer_bronze", 1), ("alice", "ten", 5), ("alice", "two", 5),
        ("bob", "first", 1), ("bob", "relics", 5), ("bob", "ten", 5), ("bob", "two", 5),
        ("charlie", "three", 5),
    ]  # fmt: skip
    assert {unlock.at for unlock in found.unlocked} == {now}
    assert events.record(batch, idempotency_key="once") == found
    assert do("alice", "coin", amount=12, id="a").duplicates == 1
    for window in ("all", "day"):
        assert brief(ranking.top("coins", window=window)) == [
            (1, "bob", 2**22 - 1), (2, "charlie", 12), (3, "alice", 12),
        ]  # fmt: skip
    assert brief(ranking.top(boards.POINTS)) == [(1, "bob", 16), (2, "alice", 12), (3, "charlie", 5)]
    assert activity.by_day(1) == [activity.Day(now.date(), active=3, new=3, events=10, unlocks=9, points=33)]
    assert states.read("charlie", days=["login"]).days == {"login": (22967, 22969, 22970)}  # a day ahead of UTC
    assert active_players.by_day(1) == [active_players.Active(now.date(), 3, 3, 3)]
    assert_consistent(services_store, "alice", "bob", "charlie")
    shard, life = shards.of("alice"), settings.GAMIFY_EVENT_TTL
    assert 0 < services_store.redis.ttl(keys.active(shard, "2082-11-20")) <= 100 * 86400
    (ids,) = services_store.redis.scan_iter(match="*event_ids*")
    assert 2 * life < services_store.redis.ttl(ids) <= 3 * life
    assert 0 < services_store.redis.ttl(keys.batch(shard, "once:0")) <= life


@contract("achievements/apply_events")
def test_grants_revocations_and_backfills_change_unlocks_and_points(services_store):
    make_all()
    make("six", target=50, points=3)
    for player, amount in {"alice": 9, "bob": 12, "charlie": 30}.items():
        do(player, "coin", amount=amount)
    granted = [unlocks.grant("alice", "ten", "a prize", by="root") for _ in range(2)]
    assert [[unlock.achievement for unlock in found] for found in granted] == [["ten", "two"], []]
    assert [unlocks.revoke("bob", "ten", "a mistake", by="root") for _ in range(2)] == [True, False]
    assert {holder.player for holder in insights.story("ten", insights.rarity("ten")).holders} == {"alice", "charlie"}
    assert progress.set("charlie", "slayer", 5).progress == progress.set("charlie", "slayer", 3).progress == 5
    added = [progress.change("charlie", "slayer", "add", 1, id="p-1") for _ in range(2)]
    assert [(update.progress.progress, update.duplicate) for update in added] == [(6, False), (6, True)]
    with pytest.raises(ValidationError) as refusal:
        progress.increment("charlie", "slayer", 2**53 - 1)
    assert refusal.value.message_dict == {
        "amount": ["The result would leave the range of exact numbers; nothing was changed."]
    }
    catalog.define(replace(catalog.get("ten"), points=8))
    catalog.define(replace(catalog.get("six"), target=9))
    assert backfill.recompute() == 4  # a revoked achievement stays revoked; the meta unlocks with another one
    assert brief(ranking.top(boards.POINTS)) == [(1, "charlie", 18), (2, "alice", 17), (3, "bob", 9)]
    catalog.define(replace(catalog.get("six"), target=20))
    assert backfill.recompute("six", strict=True) == 0
    assert brief(ranking.top(boards.POINTS)) == [(1, "charlie", 18), (2, "alice", 14), (3, "bob", 1)]
    assert_consistent(services_store, "alice", "bob", "charlie")


@contract("achievements/apply_events")
def test_final_periods_take_nothing_of_an_event(clock):
    """Neither by the clock nor, once closed, by a clock that is behind."""
    make("ten", points=5)
    make_board(action="coin", windows=("day", "all"), entries={"alice": 3})
    make_board("daily", action="coin", windows=("day",), entries={"alice": 3})
    happened = clock.now()
    clock.advance(hours=13)
    for advance in (lambda: None, seasons.close_due, lambda: clock.advance(minutes=-30)):
        advance()
        assert do("alice", "coin", amount=5, at=happened).skipped == {0: ["daily"]}
    for slug in ("coins", "daily"):
        assert brief(ranking.top(slug, window="day", period="2082-11-20")) == [(1, "alice", 3)]
    assert brief(ranking.top("coins", window="all")) == [(1, "alice", 18)]
    assert progress.get("alice", "ten").unlocked


@contract("achievements/apply_events")
def test_event_brings_an_inactive_player_back(clock):
    make("ten", points=5)
    make_board(action="coin", max_entries=2, entries={"alice": 3, "bob": 2})
    clock.advance(days=31)
    assert away.leave_due() == 2
    do("charlie", "coin")
    assert brief(ranking.top("coins")) == [(1, "charlie", 1)]
    assert [unlocked(do(player, "coin", amount=10)) for player in ("alice", "bob")] == [["ten"], ["ten"]]
    assert brief(ranking.top("coins")) == [(1, "alice", 13), (2, "bob", 12)]


@contract("achievements/apply_events")
def test_days_around_a_move_keep_when_they_began_and_what_is_covered(services_store, clock):
    make("three", type="streak", action="login", target=3)
    shard, redis = shards.of("alice"), services_store.redis
    players.upsert("alice", timezone="Pacific/Honolulu")
    do("alice", "login")  # on the 20th, at 2
    clock.advance(hours=1)
    players.upsert("alice", timezone="Pacific/Auckland")
    do("alice", "login")  # on the 21st, which began an hour after the 20th there: too near
    clock.advance(days=1)
    do("alice", "login")
    began = 3_562_401_600 // 900 + 92  # the 22nd in Auckland, 23 hours after the clock's first noon
    assert redis.hgetall(keys.moved_days(shard, "alice", "login")) == {
        b"22969": b"perhaps", b"22970": b"covered", b"22971": str(began).encode(),
    }  # fmt: skip
    state = states.read("alice", days=["login"])
    assert state.days == {"login": (22969, 22971)}
    assert state.covered == {"login": {22970}}
    assert state.runs["three"] == Run(2, 22971, 0, began + 8)
    do("alice", "login", at=clock.now() - timedelta(days=2))
    assert states.read("alice").progress == {"three": 3}
    assert list(integrity.check()) == []


@contract("achievements/read_player")
def test_state_of_a_player_is_complete(services_store, clock):
    make_all()
    make_player("bob")
    make_player("alice", name="Zoë")
    players.follow("alice", "bob")
    do("alice", "coin", amount=12)
    do("alice", "relic", item="ring")
    on_days(clock, "alice", "login", 3, 1, 0)
    services_store.redis.hset(keys.final_ranks(shards.of("alice"), "alice"), "coins:2082-11", "1:9:2")
    (found,) = states.read_many(["alice"], days=["login", "jump"], items=["relics"], final_ranks=True)
    points = {"ten": 5, "first": 1, "two": 5, "three": 5}
    assert found == State(
        player="alice",
        progress={"ten": 12, "first": 1, "relics": 1, "three": 3},
        unlocked={slug: Unlock("alice", slug, points[slug], clock.now()) for slug in points},
        profile=Player("alice", "Zoë", joined=clock.now(), points=16, unlocked=4),
        runs={"three": Run(current=3, last=22969, freezes=0, quarter=clock.now().timestamp() // 900)},
        holders=dict.fromkeys(points, 1),
        players=2,
        counted=Counter(coins=3),
        is_known=True,
        days={"login": (22966, 22968, 22969), "jump": ()},
        items={"relics": (1,)},
        following=frozenset({"bob"}),
        pinned=(),
        final_ranks={b"coins:2082-11": b"1:9:2"},
    )
    nobody = replace(states.nobody(), player="nobody", profile=Player("nobody", "nobody"), days={"login": ()})
    assert states.read("nobody", days=["login"]) == nobody


@contract("achievements/read_feed")
def test_feed_is_read_after_an_entry(clock):
    make("ten", points=5)
    make("six", target=6, points=3)
    ms = f"{clock.now().timestamp() * 1000:.0f}"
    for player in ("alice", "charlie"):
        do(player, "coin", amount=6)
    first = feed.last_id("alice")
    do("alice", "coin", amount=6)
    news = [
        News(f"{ms}-0", "unlock", {"achievement": "six", "points": "3", "at": ms}),
        News(f"{ms}-1", "rank", {"board": boards.POINTS, "rank": "1", "at": ms}),
        News(f"{ms}-2", "unlock", {"achievement": "ten", "points": "5", "at": ms}),
    ]
    start = dict.fromkeys(("alice", "bob", "charlie"), feed.START)
    assert feed.since(start) == {"alice": news, "bob": [], "charlie": news[:2]}
    assert feed.since({"alice": first, "charlie": first}) == {"alice": news[2:], "charlie": []}


@contract("achievements/read_activity")
def test_latest_unlocks_of_all_shards_are_listed_with_names(clock):
    make_player("alice", name="Zoë", avatar="red")
    make("ten", points=5)
    for player in ("alice", "bob", "charlie"):
        do(player, "coin", amount=10)
        clock.advance(seconds=1)
    found = [(it.unlock.player, it.unlock.achievement, it.name, it.avatar) for it in unlocks.recent()]
    assert found == [("charlie", "ten", "charlie", ""), ("bob", "ten", "bob", ""), ("alice", "ten", "Zoë", "red")]
    assert [it.unlock.points for it in unlocks.recent(1)] == [5]
    assert unlocks.recent(1)[0].unlock.at == clock.now() - timedelta(seconds=1)


@contract("achievements/read_release")
def test_history_of_an_achievement_is_counted_by_day(clock):
    make_player("alice", name="Zoë", avatar="red")
    make("ten")
    first = clock.now()
    for player in ("alice", "charlie"):
        do(player, "coin", amount=10)
        do("bob", "coin")
        clock.advance(days=1)
    found = insights.story("ten", insights.rarity("ten"), days=4)
    assert found.holders == [
        Holder("charlie", "charlie", "", first + timedelta(days=1)),
        Holder("alice", "Zoë", "red", first),
    ]
    assert found.history == [
        Rarity(date(2082, 11, 19), 0, 0),
        Rarity(date(2082, 11, 20), 1, 2),
        Rarity(date(2082, 11, 21), 2, 3),
        Rarity(date(2082, 11, 22), 2, 3),
    ]
    assert insights.story("ten", (2, 3), holders=1, days=0).holders == found.holders[:1]


@contract("achievements/write_rules")
def test_rules_of_a_new_version_replace_those_of_the_last(services_store):
    make_all()
    do("alice", "coin", amount=12)
    shard, redis = shards.of("alice"), services_store.redis
    before = redis.hgetall(keys.rules(shard))
    catalog.define(replace(catalog.get("first"), status="archived"))
    do("alice", "relic", item="cup")
    after = redis.hgetall(keys.rules(shard))
    assert json.loads(before[b"action:coin"])["slugs"] == ["first", "ten"]
    assert json.loads(after[b"action:coin"])["slugs"] == ["ten"]
    assert after[b"version"].decode() == compiled.version() != before[b"version"].decode()
    with patch.object(compiled, "MAX_WRITTEN_A_CALL", 3):
        redis.hset(keys.rules(shard), mapping={"version": "0", "action:relic": "{}"})
        assert do("alice", "relic", item="ring").unlocked  # several calls, and nothing of another version is left
    assert redis.hgetall(keys.rules(shard)) == after


@contract("achievements/pin_badges")
def test_pinned_achievements_keep_their_order():
    make_all()
    make_player("alice")
    do("alice", "coin", amount=12)
    for slug in ("ten", "first", "ten"):
        unlocks.pin("alice", slug)
    assert states.read("alice").pinned == ("first", "ten")
    for slug in ("ten", "first"):
        unlocks.unpin("alice", slug)
    assert states.read("alice").pinned == ()
    with pytest.raises(UnknownPlayer):
        unlocks.unpin("nobody", "ten")


@contract("achievements/weigh_edit")
def test_impact_of_an_edit_is_counted_over_all_shards(clock):
    weigh = partial(impact.of, patience=60)
    make_all()
    for player, amount in {"alice": 9, "bob": 12, "charlie": 30}.items():
        do(player, "coin", amount=amount)
    on_days(clock, "alice", "login", 5, 2, 0)
    assert weigh(replace(catalog.get("ten"), target=9)) == Impact(3, 3, gain=1, follow=1)
    assert weigh(replace(catalog.get("ten"), target=20)) == Impact(3, 3, short=1, newly_short=1)
    assert weigh(replace(catalog.get("ten"), points=8)) == Impact(3, 3, repriced=2, points=6)
    assert weigh(replace(catalog.get("three"), freezes=5)) == Impact(3, 3, gain=1, follow=1)


@contract("achievements/audit_players")
def test_breaches_of_players_are_reported_and_repaired(services_store, clock):
    make_all()
    for player in ("alice", "charlie"):
        do(player, "coin", amount=12)
        do(player, "relic", item="cup")
        on_days(clock, player, "login", 2, 1, 0)
    assert list(integrity.check()) == []
    shard, redis = shards.of("alice"), services_store.redis
    redis.hincrby(keys.player(shard, "alice"), "points", 5)
    redis.zrem(keys.board(shard, boards.POINTS, "all"), "alice")
    redis.hset(keys.progress(shard, "alice"), mapping={"relics": 2, "ten": "1.5"})
    redis.hset(keys.streak(shard, "alice", "three"), "current", 9)
    redis.hset(keys.counted(shard, "alice"), "", 2)
    assert list(integrity.check()) == [
        Breach("points", "alice", "the profile has 21 points of 4, the unlocks are 16 of 4"),
        Breach("points board", "alice", "the order value is absent, the unlocks make 65540"),
        Breach("progress", "alice", "ten is 1.5"),
        Breach("collection", "alice", "relics has 1 items and a progress of 2"),
        Breach("streak", "alice", "three is 9 days to day 22969, the days make 3 to day 22969"),
        Breach("counted awards", "alice", "those that metas count are not those unlocked"),
        Breach("due", "alice", "relics is reached and not unlocked"),
    ]
    redis.hset(keys.progress(shard, "alice"), "ten", 12)
    assert len(list(integrity.check(repair=True))) == 6
    assert list(integrity.check()) == []
    assert brief(ranking.top(boards.POINTS)) == [(1, "charlie", 16), (1, "alice", 16)]
    assert states.read("alice").progress == states.read("charlie").progress
