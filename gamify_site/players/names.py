"""Names as they are searched for: without case, accents and punctuation between words."""

import re
import unicodedata

from gamify_site.texts import INVISIBLE

LONGEST = 60  # characters of a name that are searched
BETWEEN_WORDS = re.compile(r"[\s\-_.]+")
# Letters that look like another one with a stroke, but are letters of their own to Unicode; and what ends a name.
LOOKALIKES = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
    | {"\0": ""}
)


def fold(text: str) -> str:
    """The text as it is searched for: `Zoë-Łucja  Ångström` becomes `zoe lucja angstrom`."""
    seen = INVISIBLE.sub("", text)  # nobody types what cannot be seen
    plain = unicodedata.normalize("NFKD", seen.casefold()).casefold().translate(LOOKALIKES)
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return BETWEEN_WORDS.sub(" ", letters).strip()[:LONGEST].strip()
