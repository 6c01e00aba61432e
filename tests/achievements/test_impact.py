"""What an edit would change is told before it is saved, and is what then happens."""

from dataclasses import replace

from achievements.definitions import Event, Tier
from achievements.services import backfill, catalog, events, impact, unlocks
from achievements.services.impact import Impact
from tests.achievements.builders import assert_consistent, do, make, on_days


def crowd():
    """alice has 5 coins, bob 10, charlie 20; ten for `base`, and a meta that counts one."""
    make("base")
    make("one", type="meta", action=None, target=1, points=7)
    for player, amount in {"alice": 5, "bob": 10, "charlie": 20}.items():
        do(player, "coin", amount=amount)


def held(player):
    return sorted(unlock.achievement for unlock in unlocks.for_player(player))


def test_lower_target_tells_who_would_gain_and_what_follows(services_store):
    crowd()
    easier = replace(catalog.get("base"), target=5)
    assert impact.of(easier) == Impact(players=3, looked_at=3, gain=1, follow=1)
    assert held("alice") == []
    catalog.define(easier)
    assert backfill.recompute("base") == 2
    assert impact.of(catalog.get("base")).touches_nobody
    assert_consistent(services_store, "alice", "bob", "charlie")


def test_higher_target_tells_who_has_it_without_reaching_it(services_store):
    crowd()
    harder = replace(catalog.get("base"), target=15)
    assert impact.of(harder) == Impact(players=3, looked_at=3, short=1, newly_short=1)
    catalog.define(harder)
    backfill.recompute("base")
    assert held("bob") == ["base", "one"]
    assert_consistent(services_store, "alice", "bob", "charlie")


def test_strict_backfill_takes_it_from_those_who_do_not_reach_it_and_they_may_earn_it_again(services_store):
    crowd()
    catalog.define(replace(catalog.get("base"), target=15))
    backfill.recompute("base", strict=True)
    assert (held("bob"), held("charlie")) == ([], ["base", "one"])
    assert_consistent(services_store, "alice", "bob", "charlie")
    catalog.define(replace(catalog.get("base"), target=10))
    backfill.recompute("base")
    assert held("bob") == ["base", "one"]
    assert_consistent(services_store, "alice", "bob", "charlie")


def test_other_points_tell_the_difference_for_holders(services_store):  # noqa: ARG001
    crowd()
    assert impact.of(replace(catalog.get("base"), points=8)) == Impact(3, 3, repriced=2, points=6)


def test_new_tier_is_gained_by_those_who_have_passed_it(services_store):  # noqa: ARG001
    tiers = (Tier("bronze", "Bronze", 5, 1), Tier("silver", "Silver", 50, 1))
    made = make("ladder", type="tiered", tiers=tiers, target=50, points=0)
    do("alice", "coin", amount=20)
    more = (tiers[0], Tier("middle", "Middle", 20, 1), tiers[1])
    assert impact.of(replace(made, tiers=more)) == Impact(1, 1, gain=1)


def test_more_freezes_mend_a_streak(services_store, clock):  # noqa: ARG001
    made = make("daily", type="streak", target=3)
    on_days(clock, "alice", "coin", 3, 1, 0)
    assert impact.of(replace(made, freezes=1)) == Impact(1, 1, gain=1)


def test_meta_that_becomes_easier(services_store):  # noqa: ARG001
    make("base")
    made = make("two", type="meta", action=None, target=2)
    do("alice", "coin", amount=10)
    assert impact.of(replace(made, target=1)) == Impact(1, 1, gain=1)


def test_without_patience_what_was_looked_at_is_told(services_store):  # noqa: ARG001
    make("base")
    events.record([Event(f"p{number}", "coin", 5) for number in range(300)])
    found = impact.of(replace(catalog.get("base"), target=5), patience=0)
    assert not found.is_exact
    assert 0 < found.gain == found.looked_at < found.players == 300


def test_what_was_given_by_hand_is_short_before_and_after(services_store):  # noqa: ARG001
    made = make("base")
    do("bob", "coin", amount=10)
    do("alice", "coin", amount=1)
    unlocks.grant("alice", "base", "a prize", by="root")
    assert impact.of(made) == Impact(2, 2, short=1)
    assert impact.of(made).touches_nobody
    assert impact.of(replace(made, target=11)) == Impact(2, 2, short=2, newly_short=1)
