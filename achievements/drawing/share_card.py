"""The picture that goes with a shared profile: 1200 × 630, as Open Graph has it, drawn as SVG and turned into PNG."""

from dataclasses import dataclass
from xml.sax.saxutils import escape

import font_source_sans_pro as font
import resvg_py

from achievements.drawing import glyphs
from achievements.drawing.badges import GRADIENTS, Look
from achievements.drawing.shapes import SHAPES
from gamify_site.players.avatars import TONES, pattern
from gamify_site.texts import shortened

WIDTH, HEIGHT = 1200, 630
DUSK = "#312e81"  # one colour: a gradient makes the file four times as large, and drawing it takes as much longer
LAST_LETTER = "\u052f"
LONGEST_NAME = 24  # characters that fit
FONTS = [font.SourceSansProBold, font.SourceSansPro]
FACES = (245, 205, 165, 340, 285, 20, 100, 225)  # hues, as in pictures.css
TONE_HUES = (20, 60, 80, 150, 190, 225, 270, 330)


@dataclass(frozen=True, slots=True)
class Card:
    """What the picture shows. `facts` are (number, what it is), `badges` the looks of up to six badges."""

    product: str
    player: str
    name: str
    tone: str
    facts: tuple[tuple[str, str], ...]
    badges: tuple[Look, ...]


def png(card: Card) -> bytes:
    """The picture as PNG. Emoji and other signs that the font lacks are left out. About 0.1 s."""
    return resvg_py.svg_to_bytes(
        svg_string=svg(card),
        font_files=FONTS,
        skip_system_fonts=True,
        font_family="Source Sans Pro",
        sans_serif_family="Source Sans Pro",
    )


def svg(card: Card) -> str:
    """The picture as SVG; names are escaped."""
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">',
            f"<defs>{GRADIENTS}</defs>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{DUSK}"/>',
            '<path d="M0 520Q150 480 300 520T600 520T900 520T1200 520V630H0Z" fill="#ffffff" opacity="0.06"/>',
            _avatar(card),
            _text(300, 190, 76, shortened(legible(card.name, card.player), LONGEST_NAME), weight=700),
            _text(302, 240, 30, card.product, fill="#c7c4fb"),
            *(_fact(number, index, fact) for index, (number, fact) in enumerate(card.facts)),
            *(_badge(look, index) for index, look in enumerate(card.badges)),
            "</svg>",
        )
    )


def legible(name: str, player: str) -> str:
    """The name, or the player id where the font lacks letters of the name: it ends with the Cyrillic ones."""
    return player if any(letter.isalpha() and letter > LAST_LETTER for letter in name) else name


def _text(x: int, y: int, size: int, text: str, *, weight: int = 400, fill: str = "#ffffff") -> str:
    return (
        f'<text x="{x}" y="{y}" font-family="Source Sans Pro" font-size="{size}" font-weight="{weight}" fill="{fill}">'
        f"{escape(text)}</text>"
    )


def _avatar(card: Card) -> str:
    hue = TONE_HUES[TONES.index(card.tone)]
    return (
        f'<circle cx="170" cy="180" r="96" fill="hsl({hue}, 70%, 85%)"/>'
        f'<path transform="translate(110 120) scale(24)" d="{pattern(card.player)}" fill="hsl({hue}, 60%, 28%)"/>'
    )


def _fact(number: str, index: int, fact: str) -> str:
    x = 76 + index * 300
    return _text(x, 372, 64, number, weight=700) + _text(x, 412, 28, fact, fill="#c7c4fb")


def _badge(look: Look, index: int) -> str:
    path, hue = SHAPES[look.shape], FACES[look.hue]
    return (
        f'<g transform="translate({76 + index * 168} 452) scale(2)"><path d="{path}" fill="url(#metal-{look.metal})"/>'
        f'<path transform="translate(6.4 6.4) scale(0.8)" d="{path}" fill="hsl({hue}, 45%, 38%)"/>'
        '<g transform="translate(19 19) scale(1.083)" fill="none" stroke="#ffffff" stroke-width="1.6" '
        f'stroke-linecap="round" stroke-linejoin="round">{glyphs.paths(look.glyph)}</g></g>'
    )
