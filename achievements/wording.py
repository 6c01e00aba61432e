"""What things are called on pages: types, states, rarity, categories, ways of sorting."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from achievements.services.exchange import Finding

Band = Literal["unknown", "common", "uncommon", "rare", "epic", "legendary"]

FEWEST_PLAYERS = 20  # below this a share says nothing
BANDS: tuple[tuple[float, Band], ...] = ((0.01, "legendary"), (0.05, "epic"), (0.2, "rare"), (0.5, "uncommon"))
RARITY = {
    "common": gettext_lazy("Common"),
    "uncommon": gettext_lazy("Uncommon"),
    "rare": gettext_lazy("Rare"),
    "epic": gettext_lazy("Epic"),
    "legendary": gettext_lazy("Legendary"),
    "unknown": gettext_lazy("Not enough data"),
}
TYPES = {
    "counter": gettext_lazy("Counter"),
    "milestone": gettext_lazy("Milestone"),
    "collection": gettext_lazy("Collection"),
    "streak": gettext_lazy("Streak"),
    "tiered": gettext_lazy("Tiers"),
    "meta": gettext_lazy("Meta"),
}
STATUSES = {
    "unlocked": gettext_lazy("Unlocked"),
    "started": gettext_lazy("In progress"),
    "locked": gettext_lazy("Locked"),
    "hidden": gettext_lazy("Secret"),
}
FACETS = {
    "category": gettext_lazy("Category"),
    "type": gettext_lazy("Type"),
    "status": gettext_lazy("State"),
    "rarity": gettext_lazy("Rarity"),
}
FINDINGS = {
    "new": gettext_lazy("New"),
    "changed": gettext_lazy("Changed"),
    "same": gettext_lazy("The same"),
    "refused": gettext_lazy("Refused"),
}
KINDS = {"board": gettext_lazy("Board"), "achievement": gettext_lazy("Achievement")}
SORTS = {
    "": gettext_lazy("By category"),
    "nearest": gettext_lazy("Nearest first"),
    "rarest": gettext_lazy("Rarest first"),
    "newest": gettext_lazy("Latest unlocks first"),
    "points": gettext_lazy("Most points first"),
    "name": gettext_lazy("By name"),
}


def band(holders: int, players: int) -> Band:
    """How rare something is that `holders` of `players` have, as one word."""
    if players < FEWEST_PLAYERS:
        return "unknown"
    return next((name for limit, name in BANDS if holders < limit * players), "common")


def rarity(holders: int, players: int) -> str:
    """The rarity in words: Rare, 12.4 % of players."""
    name = band(holders, players)
    if name == "unknown":
        return str(RARITY[name])
    return _("%(rarity)s: %(share)s %% of players") % {"rarity": RARITY[name], "share": share(holders, players)}


def share(holders: int, players: int) -> str:
    """A share in percent, with a decimal where it is small; never 0 where somebody has it."""
    percent = 100 * holders / players if players else 0
    if 0 < percent < 0.1:
        return "<" + number_format(0.1, 1)
    decimals = 1 if percent < 10 and holders else 0
    return number_format(f"{percent:.{decimals}f}", decimals)  # which would cut off a float instead of rounding it


def summary(findings: Iterable[Finding]) -> str:
    """What a file does, in one line: 12 new, 3 changed, 40 the same, 1 refused."""
    counts = Counter(finding.what for finding in findings)
    said = {what: number_format(counts[what], force_grouping=True) for what in ("new", "changed", "same", "refused")}
    return _("%(new)s new, %(changed)s changed, %(same)s the same, %(refused)s refused") % said


def category(slug: str) -> str:
    """What a category is called: the words of its slug."""
    return slug.replace("-", " ").replace("_", " ").capitalize()
