"""A definition refuses what breaks a rule, with the field, and comes back from Redis as it went."""

import pytest
from django.core.exceptions import ValidationError

from achievements.definitions import EXACT, Achievement, Tier
from achievements.services import catalog
from tests.achievements.builders import make

TIERS = (Tier("bronze", "Bronze", 1, 1), Tier("silver", "Silver", 3, 2))
COLLECTION = {"type": "collection", "items": ("cup", "ring"), "target": 2}
TIERED = {"type": "tiered", "tiers": TIERS, "target": 3, "points": 0}
META = {"type": "meta", "action": None}
LADDER = {"type": "tiered", "tiers": (*TIERS, Tier("gold", "Gold", 5, 3)), "target": 5, "points": 0}


def achievement(**fields) -> Achievement:
    base = {"slug": "ten", "name": "Ten", "description": "", "type": "counter", "action": "coin"}
    return Achievement(**(base | {"target": 10, "points": 5, "category": "coins"} | fields))


def test_what_breaks_a_rule_is_refused_at_the_field(subtests):
    for field, fields in [
        ("slug", {"slug": ""}),
        ("slug", {"slug": "Ten"}),
        ("slug", {"slug": "t" * 65}),
        ("slug", {"slug": None}),
        ("name", {"name": ""}),
        ("name", {"name": "x" * 101}),
        ("name", {"name": "a\x00b"}),
        ("description", {"description": "x" * 501}),
        ("category", {"category": "No Category"}),
        ("type", {"type": "quest"}),
        ("measure", {"measure": "average"}),
        ("status", {"status": "live"}),
        ("action", {"action": None}),
        ("action", {"action": "Coin Collected"}),
        ("target", {"target": 0}),
        ("target", {"target": -1}),
        ("target", {"target": 1.5}),
        ("target", {"target": True}),
        ("target", {"target": EXACT + 1}),
        ("points", {"points": -1}),
        ("points", {"points": 1001}),
        ("points", {"points": "5"}),
        ("position", {"position": -1}),
        ("icon", {"icon": "two words"}),
        ("icon", {"icon": "javascript:alert(1)"}),
        ("freezes", {"freezes": 1}),
        ("freezes", {"type": "streak", "freezes": 6}),
        ("items", {"items": ("cup",)}),
        ("items", {"type": "collection", "target": 1}),
        ("items", COLLECTION | {"items": ("cup", "cup")}),
        ("items", COLLECTION | {"items": ("cup", "")}),
        ("items", COLLECTION | {"items": tuple(map(str, range(501))), "target": 501}),
        ("target", COLLECTION | {"target": 3}),
        ("target", {"type": "milestone", "target": 2}),
        ("tiers", {"tiers": TIERS}),
        ("tiers", {"type": "tiered"}),
        ("tiers", TIERED | {"tiers": TIERS[::-1], "target": 1}),
        ("tiers", TIERED | {"tiers": (TIERS[0], TIERS[0])}),
        ("tiers", TIERED | {"tiers": (Tier("a", "A", 1, 0), Tier("a", "B", 2, 0)), "target": 2}),
        ("tiers", TIERED | {"tiers": (Tier("not a slug", "A", 1, 0),), "target": 1}),
        ("tiers", TIERED | {"tiers": (Tier("a", "A", 1, 1001),), "target": 1}),
        ("tiers", TIERED | {"tiers": tuple(Tier(f"t{n}", "T", n, 0) for n in range(1, 12)), "target": 11}),
        ("target", TIERED | {"target": 4}),
        ("action", {"type": "meta"}),
        ("counts", {"counts": "coins"}),
        ("counts", META | {"counts": "No Category"}),
        ("prerequisites", {"prerequisites": ("ten",)}),
        ("prerequisites", {"prerequisites": ("a", "a")}),
        ("prerequisites", {"prerequisites": ("Not a slug",)}),
        ("prerequisites", TIERED | {"prerequisites": ("ten_bronze",)}),
        ("metadata", {"metadata": ["a list"]}),
        ("metadata", {"metadata": {"a": object()}}),
        ("metadata", {"metadata": {"a": float("nan")}}),
        ("metadata", {"metadata": {"a": "x" * 10_000}}),
    ]:
        with subtests.test(field=field, fields=fields):
            with pytest.raises(ValidationError) as refused:
                achievement(**fields)
            assert list(refused.value.message_dict) == [field]


def test_comes_back_from_redis_as_it_went(store, subtests):
    for fields in [
        {},
        {"measure": "max", "hidden": True, "icon": "fire", "position": 3, "metadata": {"asset": ["a", 1, None]}},
        {"icon": "https://example.org/icon.svg", "description": "ünï <b>", "status": "archived"},
        {"type": "milestone", "target": 1},
        {"type": "streak", "freezes": 5},
        COLLECTION,
        TIERED,
        META | {"counts": "coins"},
    ]:
        with subtests.test(fields=fields):
            store.empty()
            given = achievement(**fields)
            assert Achievement.from_fields(given.to_fields()) == given
            catalog.define(given)
            assert catalog.get("ten") == given


def test_says_itself_in_a_sentence(subtests):
    for fields, sentence in [
        ({}, "10 in total: coin."),
        ({"measure": "max"}, "10 at once: coin."),
        ({"type": "milestone", "target": 1}, "The first time counts: coin."),
        ({"type": "streak"}, "10 days in a row: coin."),
        (COLLECTION, "Collect all 2 items: coin."),
        (TIERED, "3 in total: coin."),
        (META | {"counts": "war"}, "Unlock 10 achievements of war."),
    ]:
        with subtests.test(fields=fields, sentence=sentence):
            assert achievement(**fields).sentence() == sentence


@pytest.mark.usefixtures("store")
def test_slug_cannot_be_that_of_another_ones_tier():
    make("slayer", **TIERED)
    with pytest.raises(ValidationError, match="slayer_bronze is taken by slayer"):
        make("slayer_bronze")
    make("boss_gold")
    with pytest.raises(ValidationError, match="boss_gold is taken by boss_gold"):
        make("boss", **(TIERED | {"tiers": (Tier("gold", "Gold", 3, 0),)}))


@pytest.mark.usefixtures("store")
def test_prerequisite_must_be_there_and_name_a_tier():
    make("slayer", **TIERED)
    for slug, reason in (("nope", "There is no achievement nope"), ("slayer", "has tiers; name one of them")):
        with pytest.raises(ValidationError, match=reason):
            make("later", prerequisites=(slug,))
    assert make("later", prerequisites=("slayer_silver",)).prerequisites == ("slayer_silver",)


@pytest.mark.usefixtures("store")
def test_cycle_of_prerequisites_is_refused_and_named():
    make("a")
    make("b", prerequisites=("a",))
    make("c", prerequisites=("b",))
    with pytest.raises(ValidationError) as refused:
        make("a", prerequisites=("c",))
    assert "a → c → b → a" in str(refused.value)


def test_published_keeps_what_progress_is_stored_by(store, subtests):
    for fields, changes, field in [
        ({}, {"type": "milestone", "target": 1}, "type"),
        ({"type": "streak"}, {"action": "other"}, "action"),
        (
            {"type": "collection", "items": ("cup", "ring"), "target": 2},
            {"items": ("ring", "cup", "hat"), "target": 3},
            "items",
        ),
        (LADDER, {"tiers": LADDER["tiers"][1:]}, "tiers"),
    ]:
        with subtests.test(fields=fields, changes=changes, field=field):
            store.empty()
            make("draft", **fields, status="draft")
            make("draft", **(fields | changes), status="draft")
            make("kept", **fields)
            with pytest.raises(ValidationError) as refused:
                make("kept", **(fields | changes))
            assert list(refused.value.message_dict) == [field]
