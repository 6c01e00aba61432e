"""After an edit, those who now qualify receive it, and nobody loses anything."""

import pytest

from achievements.errors import UnknownAchievement
from achievements.services import backfill, progress
from gamify_site.store import keys, shards
from tests.achievements.builders import assert_consistent, do, make

pytestmark = pytest.mark.usefixtures("services_store")


def test_lower_target_is_given_to_those_who_reached_it(services_store):
    make("ten", target=10)
    make("first", type="milestone", target=1)
    for player, amount in (("alice", 7), ("bob", 3)):
        do(player, "coin", amount=amount)
    make("ten", target=5)
    assert backfill.recompute("ten") == 1
    assert progress.get("alice", "ten").unlocked
    assert not progress.get("bob", "ten").unlocked
    assert backfill.recompute() == 0
    assert_consistent(services_store, "alice", "bob")


def test_backfill_is_one_summary_in_the_feed(services_store):
    make("ten")
    make("twenty", target=20)
    do("alice", "coin", amount=5)
    make("ten", target=1)
    make("twenty", target=2)
    backfill.recompute()
    feed = services_store.redis.xrange(keys.feed(shards.of("alice"), "alice"))
    told = [fields for _, fields in feed if fields[b"type"] != b"rank"]
    assert [(fields[b"type"], fields[b"unlocked"]) for fields in told] == [(b"backfill", b"2")]


def test_progress_is_told_and_unknown_achievements_refused():
    make("ten")
    do("alice", "coin")
    told = []
    backfill.recompute(progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (1, 1)
    with pytest.raises(UnknownAchievement):
        backfill.recompute("nope")
