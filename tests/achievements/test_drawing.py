"""Badges: they say nothing that must not be known, are small, and well-formed."""

import re
from xml.etree import ElementTree

import pytest

from achievements.definitions import Tier
from achievements.drawing import glyphs
from achievements.drawing.badges import badge, sprite, sprite_url
from achievements.drawing.shapes import SHAPES
from tests.achievements.builders import make

pytestmark = pytest.mark.usefixtures("store")


def test_badge_is_small_and_well_formed():
    drawn = badge(make("ten", icon="fire"), "unlocked", rarity="epic", size=64)
    svg = ElementTree.fromstring(drawn)
    assert svg.get("aria-hidden") == "true"
    assert "gold" in svg.get("class", "").split()
    assert "style=" not in drawn
    assert len(drawn) < 450


def test_metal_follows_the_tier():
    levels = ("a", "b", "c", "d", "e")
    tiers = tuple(Tier(level, level, index + 1, 0) for index, level in enumerate(levels))
    item = make("ladder", type="tiered", tiers=tiers, target=5, points=0)
    metals = [badge(item, level=level).split('class="medallion unlocked ')[1].split()[0] for level in levels]
    assert metals == ["bronze", "silver", "gold", "platinum", "platinum"]


def test_silhouette_of_what_must_not_be_known():
    assert badge(None, "hidden") == badge(None, "unlocked")
    assert "medallion hidden" in badge(None)
    assert badge(make("hush", icon="beaker", hidden=True), "hidden") == badge(None)


def test_sign_of_a_hidden_one_is_in_its_badge_and_not_in_the_sprite():
    open_one, hidden = make("ten", icon="fire"), make("hush", icon="beaker", hidden=True)
    assert 'id="sign-fire"' in sprite()
    assert "beaker" not in sprite()
    assert "#sign-fire" in badge(open_one)
    assert glyphs.paths("beaker") in badge(hidden)


def test_unknown_icons_are_trophies():
    for icon in ("", "no-such-icon", "https://example.org/x.svg"):
        assert "#sign-trophy" in badge(make("ten", icon=icon))


def test_sprite_has_all_shapes_and_a_new_address_when_it_changes():
    before = sprite_url()
    svg = ElementTree.fromstring(sprite())
    assert {node.get("id") for node in svg} >= {f"shape-{name}" for name in SHAPES}
    make("ten", icon="fire")
    assert sprite_url() != before


def test_all_parts_of_a_badge_are_in_the_sprite_once():
    drawn = [badge(make(slug, icon=slug, category=slug)) for slug in ("star", "fire", "trophy", "nothing")]
    ids = [node.get("id") for node in ElementTree.fromstring(sprite())]
    assert len(ids) == len(set(ids))
    assert {name for one in drawn for name in re.findall(r"#([\w-]+)\"", one)} <= set(ids)


def test_browsers_keep_the_sprite_for_good_under_its_own_address_alone(client):
    assert "immutable" in client.get(sprite_url())["Cache-Control"]
    assert client.get("/badges/other.svg")["Cache-Control"] == "no-cache"
