"""Badges: a medallion per achievement, its shape and colour by category, its rim by tier or rarity.

A badge on a page only names its parts. Shapes and signs stand once in a sprite that browsers keep for good under an
address that changes with it (`sprite`); a hidden achievement's sign is not in there, because everybody can read it, but
in the badge itself, for those who have it.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from achievements.definitions import Achievement
from achievements.drawing import glyphs
from achievements.drawing.shapes import SHAPES
from achievements.services import catalog
from gamify_site.store import catalog as stored

TONES = 8
METALS = ("bronze", "silver", "gold", "platinum")
RARE_METALS = {"legendary": "platinum", "epic": "gold", "rare": "silver"}
_BADGE = (
    '<svg class="medallion {status} {metal} hue-{hue}" width="{size}" height="{size}" viewBox="0 0 64 64" '
    'aria-hidden="true"><use class="rim" href="{sprite}#shape-{shape}"/>'
    '<use class="face" href="{sprite}#shape-{shape}"/>'
    "{glyph}</svg>"
)
_USE = '<use class="glyph" href="{}#sign-{}" x="19" y="19" width="26" height="26"/>'
_INLINE = '<svg class="glyph" x="19" y="19" width="26" height="26" viewBox="0 0 24 24">{}</svg>'


class Look(NamedTuple):
    """How the badge of an achievement looks: its rim, its shape, the number of its colour, its sign."""

    metal: str
    shape: str
    hue: int
    glyph: str


def look_of(achievement: Achievement, level: str = "", rarity: str = "") -> Look:
    """The look of an achievement's badge, or of that of one of its tiers."""
    category = crc32(achievement.category.encode())
    shapes = list(SHAPES)
    return Look(
        _metal(achievement, level, rarity),
        shapes[category % len(shapes)],
        category // len(shapes) % TONES,
        glyphs.named(achievement.icon),
    )


def badge(
    achievement: Achievement | None, status: str = "unlocked", *, level: str = "", rarity: str = "", size: int = 64
) -> SafeString:
    """The badge of an achievement, or of one tier of it; a silhouette for one that must not be known (None).

    `rarity` is a band of `wording.band`. It is decoration: the name stands beside it.
    """
    if achievement is None or status == "hidden":
        return _draw("hidden", Look("", "circle", 0, "question-mark-circle"), "", size)
    look = look_of(achievement, level, rarity)
    is_in_sprite = not achievement.hidden and achievement.status != "draft"
    return _draw(status, look, sprite_url() if is_in_sprite else "", size)


def _metal(achievement: Achievement, level: str, rarity: str) -> str:
    levels = [tier.level for tier in achievement.tiers]
    if level in levels:
        return METALS[min(levels.index(level), len(METALS) - 1)]
    return RARE_METALS.get(rarity, METALS[0])


@lru_cache(maxsize=4096)
def _draw(status: str, look: Look, sprite: str, size: int) -> SafeString:
    drawn = _USE.format(sprite, look.glyph) if sprite else _INLINE.format(glyphs.paths(look.glyph))
    return mark_safe(  # noqa: S308  (all parts are names of our own)
        _BADGE.format(
            status=status,
            metal=look.metal,
            hue=look.hue,
            size=size,
            sprite=sprite or sprite_url(),
            shape=look.shape,
            glyph=drawn,
        )
    )


def sprite() -> str:
    """All shapes, and the signs of the achievements that everybody may know, as an SVG of symbols."""
    return stored.derived("badge sprite", _make_sprite)


def sprite_url() -> str:
    """Where the sprite is; it changes whenever the sprite does."""
    return stored.derived("badge sprite url", lambda: reverse("badge_sprite", args=[_digest(sprite())]))


def _make_sprite() -> str:
    shapes = [
        f'<symbol id="shape-{name}" viewBox="0 0 64 64"><path d="{path}"/></symbol>' for name, path in SHAPES.items()
    ]
    names = {glyphs.named(item.icon) for item in catalog.all() if item.status != "draft" and not item.hidden}
    signs = [f'<symbol id="sign-{name}" viewBox="0 0 24 24">{glyphs.paths(name)}</symbol>' for name in sorted(names)]
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(shapes + signs)}</svg>'


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=6).hexdigest()


GRADIENTS = format_html_join(
    "",
    '<linearGradient id="metal-{}" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="{}"/>'
    '<stop offset=".5" stop-color="{}"/><stop offset="1" stop-color="{}"/></linearGradient>',
    (
        ("bronze", "#f0c9a4", "#c98b57", "#8a5426"),
        ("silver", "#ffffff", "#bcc6d4", "#7d8999"),
        ("gold", "#fff0b3", "#f0bd3a", "#a8730c"),
        ("platinum", "#f2fffd", "#8fd6e8", "#6a6ee0"),
    ),
)


def metals() -> SafeString:
    """The colours of the rims; stands once on each page."""
    return format_html('<svg class="picture-parts" aria-hidden="true" focusable="false">{}</svg>', GRADIENTS)
