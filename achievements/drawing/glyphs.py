"""The signs on badges: outline icons of the `heroicons` package (MIT), by name."""

from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from xml.etree import ElementTree
from zipfile import ZipFile

from heroicons import IconDoesNotExist
from heroicons.templatetags.heroicons import heroicon_outline

FALLBACK = "trophy"


@cache
def is_known(name: str) -> bool:
    """Whether the package has an icon of this name."""
    try:
        heroicon_outline(name)
    except IconDoesNotExist:
        return False
    return True


@cache
def paths(name: str) -> str:
    """What an icon is drawn with, as SVG elements without colours for a view box of 24 × 24."""
    svg = ElementTree.fromstring(heroicon_outline(name))  # noqa: S314  (from the package, not from users)
    kept = ("d", "cx", "cy", "r", "x", "y", "width", "height", "points")
    for node in svg:
        for attribute in [found for found in node.attrib if found not in kept]:
            del node.attrib[attribute]
    return "".join(ElementTree.tostring(node, encoding="unicode").strip() for node in svg)


def named(icon: str) -> str:
    """The name of the icon that is drawn for an achievement's `icon`: itself, or a trophy where it is none."""
    return icon if icon and is_known(icon) else FALLBACK


@cache
def names() -> tuple[str, ...]:
    """The names of all icons of the package."""
    with (files("heroicons") / "heroicons.zip").open("rb") as archive, ZipFile(archive) as package:
        found = [PurePosixPath(name) for name in package.namelist()]
    return tuple(sorted(path.stem for path in found if path.parts[0] == "outline" and path.suffix == ".svg"))
