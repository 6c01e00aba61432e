"""Clean and validate the texts that people type (names, descriptions, reasons) by Unicode properties."""

import unicodedata

import regex  # its tables are newer than Python's, and it knows grapheme clusters
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST_MARKS = 3  # on one letter; more of them run into the lines above and below
MAX_QUOTED = 64  # of what somebody sent, in a message; a slug or player id is no longer
MOST_PARTS = 32  # code points of one character; the longest emoji and conjuncts have about ten

CHARACTER = regex.compile(r"\X")  # what people take for one: a grapheme cluster
SPACE = regex.compile(r"\p{Zs}")
LINE_BREAK = regex.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
# Control characters, halves of characters, private use, what is none, and what overrides or isolates directions.
REFUSED = regex.compile(r"[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u202A-\u202E\u2066-\u2069]")
# Marks that take no room of their own and so pile up; what is invisible between them does not part them.
PILE = regex.compile(rf"(?:[\p{{Mn}}\p{{Me}}]\p{{Cf}}*+){{{MOST_MARKS}}}\K(?:[\p{{Mn}}\p{{Me}}]\p{{Cf}}*+)+")
# A letter, number, sign or something newer than the tables. The four are drawn as nothing, which no property says.
VISIBLE = regex.compile(
    r"[[\p{L}\p{N}\p{P}\p{S}\p{Cn}]--\p{Default_Ignorable_Code_Point}--[\u2800\U00013441\U00013442\U0001D159]]",
    regex.VERSION1,
)
INVISIBLE = regex.compile(r"\p{Default_Ignorable_Code_Point}+")


def clean(field: str, value: object, least: int, most: int, *, lines: bool = False) -> str:
    """Return the text as it is stored, or raise `ValidationError` at the field. Line breaks are allowed with `lines`.

    `least` (0 or 1) and `most` count characters as people see them.
    """
    if not isinstance(value, str):
        raise ValidationError({field: _("Enter a text.")})
    if len(value) > most * MOST_PARTS:  # before anything looks at each character
        raise ValidationError({field: _length(least, most)})
    text = normal(value, lines=lines)
    if not (text.isascii() and text.isprintable()):  # most are, and then nothing can be wrong
        _check_characters(field, text, lines=lines)
    size = len(text)
    if size > min(most, MOST_PARTS) and not text.isascii():  # finding the characters is most of the work
        parts = characters(text)
        if any(len(part) > MOST_PARTS for part in parts):
            raise ValidationError({field: _("The text holds a character that is made of too many parts.")})
        size = len(parts)
    if not least <= size <= most:
        raise ValidationError({field: _length(least, most)})
    return text


def normal(text: str, *, lines: bool = False) -> str:
    """Return the text in the form that is stored and compared: NFC, every space a blank, none around it."""
    if lines:
        text = LINE_BREAK.sub("\n", text)
    if not text.isascii():
        text = SPACE.sub(" ", unicodedata.normalize("NFC", text))
    return text.strip()


def characters(text: str) -> list[str]:
    """Split the text into grapheme clusters: what people see as one character."""
    return CHARACTER.findall(text)


def shortened(text: str, most: int) -> str:
    """Return the text, cut to `most` characters with an ellipsis if it is longer."""
    text = text[: (most + 1) * MOST_PARTS]  # nobody waits for the characters of what is not shown
    parts = characters(text)
    return text if len(parts) <= most else "".join(parts[: most - 1]).rstrip() + "…"


def quoted(text: object) -> str:
    """Return what somebody sent, of any length, as a message quotes it."""
    return shortened(str(text), MAX_QUOTED)


def mended(text: str, *, lines: bool = False) -> str:
    """Return a text stored under older rules in a form that these rules accept; it may be empty."""
    if text.isascii():
        return text
    text = normal(PILE.sub("", unicodedata.normalize("NFD", text)), lines=lines)
    if len(text) > MOST_PARTS:
        text = "".join(part[:MOST_PARTS] for part in characters(text))
    return text if VISIBLE.search(text) else ""


def _check_characters(field: str, text: str, *, lines: bool) -> None:
    for found in REFUSED.findall(text):
        if not (lines and found == "\n"):
            raise ValidationError({field: _refusal(found, lines=lines)})
    if text and not VISIBLE.search(text):
        raise ValidationError({field: _("The text must hold at least one visible character.")})
    if PILE.search(unicodedata.normalize("NFD", text)):
        raise ValidationError({field: _("At most %(most)s marks may stand on one letter.") % {"most": MOST_MARKS}})


def _refusal(character: str, *, lines: bool) -> str:
    if unicodedata.category(character) not in ("Cc", "Zl", "Zp"):
        return _("A text must not hold this character: %(code)s.") % {"code": f"U+{ord(character):04X}"}
    if lines:
        return _("The text must not hold control characters.")
    return _("The text must not hold control characters or line breaks.")


def _length(least: int, most: int) -> str:
    if not least:
        return _("At most %(most)s characters.") % {"most": most}
    return _("Enter a text of %(least)s to %(most)s characters.") % {"least": least, "most": most}
