"""What a profile may be set to: countries and timezones from the `tzdata` package, and our own avatars."""

from functools import cache
from importlib.resources import files

from django.utils.translation import gettext_lazy as _

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


@cache
def countries() -> list[tuple[str, str]]:
    """ISO 3166-1 alpha-2 codes with English names, by name; an empty one first."""
    return [("", "—"), *sorted(((code, name) for code, name in _rows("iso3166.tab")), key=lambda pair: pair[1])]


@cache
def timezones() -> list[tuple[str, str]]:
    """The canonical timezones, UTC first; historical aliases are legal but not offered."""
    names = sorted(row[2] for row in _rows("zone.tab"))
    return [(name, name.replace("_", " ")) for name in ["UTC", *names]]


def _rows(name: str) -> list[list[str]]:
    text = (files("tzdata") / "zoneinfo" / name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
