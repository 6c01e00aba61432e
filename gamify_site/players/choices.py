"""What a profile may be set to: countries, timezones, and our own avatars.

Codes and timezones are those of the `tzdata` package, names of countries those of Unicode CLDR, out of `babel`.
"""

from functools import cache
from importlib.resources import files

from babel import Locale
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from gamify_site.players.names import fold

# An avatar is a pattern that follows from the id, on one of eight tones; the key is the class in the style sheet.
AVATARS = [
    ("", _("Let Gamify choose")),
    ("tone-0", _("Coral")),
    ("tone-1", _("Amber")),
    ("tone-2", _("Olive")),
    ("tone-3", _("Green")),
    ("tone-4", _("Teal")),
    ("tone-5", _("Blue")),
    ("tone-6", _("Violet")),
    ("tone-7", _("Pink")),
]


def countries() -> list[tuple[str, str]]:
    """ISO 3166-1 alpha-2 codes with their names in the active language, by name; an empty one first."""
    return [("", "—"), *country_names(get_language()).items()]


@cache
def country_names(language: str | None) -> dict[str, str]:
    """Code → name in a language, by name."""
    known = Locale.parse(language or "en", sep="-").territories
    names = {code: known.get(code, name) for code, name in _rows("iso3166.tab")}
    return dict(sorted(names.items(), key=lambda pair: fold(pair[1])))


@cache
def timezones() -> list[tuple[str, str]]:
    """The canonical timezones, UTC first; historical aliases are legal but not offered."""
    names = sorted(row[2] for row in _rows("zone.tab"))
    return [(name, name.replace("_", " ")) for name in ["UTC", *names]]


def _rows(name: str) -> list[list[str]]:
    text = (files("tzdata") / "zoneinfo" / name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
