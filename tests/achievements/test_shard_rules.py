"""The rules of a shard, and what it keeps of how many awards metas count, are never others than the definitions say."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from achievements.services import catalog, compiled, impact, integrity, unlocks
from gamify_site.store import keys, scripts, shards
from tests.achievements.builders import do, make, unlocked

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("services_store")


def make_three(**fields: Any) -> None:
    """Define a meta of three, and what it counts: at 10, 11 and 12 coins."""
    for name, target in (("ten", 10), ("eleven", 11), ("twelve", 12)):
        make(name, target=target, category="x")
    make("meta", type="meta", action=None, target=3, counts="x", **fields)


def test_weighing_an_edit_puts_it_into_force_for_nobody():
    ten = make("ten", target=10)
    do("alice", "coin", amount=5)
    make("other", target=99)  # no event has come since, so that the shard has rules of an older version
    assert impact.of(replace(ten, target=2, points=700)).gain == 1
    assert unlocked(do("bob", "coin", amount=3)) == []


def test_definition_saved_while_the_rules_are_written_holds(monkeypatch):
    make("ten")
    parts, saved = compiled.parts, []

    def parts_of_before() -> Any:
        found = parts()
        if not saved:
            saved.append(make("ten", target=3))  # as another thread of this process
        return found

    monkeypatch.setattr(compiled, "parts", parts_of_before)
    do("alice", "whistle")
    assert unlocked(do("bob", "coin", amount=5)) == ["ten"]


def test_rules_that_were_lost_half_written_are_written_again(services_store, monkeypatch):
    """A fail-over to a replica that lacks the first parts, or an eviction."""
    monkeypatch.setattr(compiled, "MAX_WRITTEN_A_CALL", 4)
    for number in range(6):
        make(f"first-{number}", action=f"act-{number}", target=1)
    calls_of_all, done = -(-len(compiled.parts()) // 4), []
    run: Callable[..., Any] = scripts.run

    def run_and_lose(script: str, calls: Any, **options: Any) -> Any:
        if script == "achievements/write_rules":
            done.append(script)
            if len(done) == calls_of_all:
                for shard in shards.everyone():
                    services_store.redis.delete(keys.rules(shard))
        return run(script, calls, **options)

    monkeypatch.setattr(scripts, "run", run_and_lose)
    for number in range(6):
        assert unlocked(do("alice", f"act-{number}")) == [f"first-{number}"]
    assert len(done) > calls_of_all


def test_meta_that_comes_back_counts_what_was_unlocked_meanwhile():
    make_three()
    do("alice", "coin", amount=10)
    catalog.archive("meta")
    do("alice", "coin")
    make("meta", type="meta", action=None, target=3, counts="x")
    assert unlocked(do("alice", "coin")) == ["twelve", "meta"]


def test_category_that_comes_back_counts_what_was_unlocked_meanwhile():
    make_three()
    do("alice", "coin", amount=10)
    make("eleven", target=11, category="y")
    do("alice", "coin")
    make("eleven", target=11, category="x")
    assert unlocked(do("alice", "coin")) == ["twelve", "meta"]


def test_category_that_comes_back_does_not_count_what_was_revoked_meanwhile():
    make_three()
    do("alice", "coin", amount=11)
    make("eleven", target=11, category="y")
    unlocks.revoke("alice", "eleven", "a mistake", by="root")
    make("eleven", target=11_000, category="x")
    assert unlocked(do("alice", "coin")) == ["twelve"]
    assert list(integrity.check()) == []
