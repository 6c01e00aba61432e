"""What things are called on pages: types, states, rarity, categories, ways of sorting."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Literal

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from achievements.definitions import StreakStatus
from achievements.services.exchange import Finding
from achievements.services.explaining import Explanation
from leaderboards.wording import number

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
MEASURES = {
    "sum": gettext_lazy("The amounts, added up"),
    "count": gettext_lazy("How often it happens"),
    "max": gettext_lazy("The greatest value"),
}
LIVES = {
    "draft": gettext_lazy("Draft"),
    "published": gettext_lazy("Published"),
    "archived": gettext_lazy("Archived"),
}
FIELDS = {
    "name": gettext_lazy("Name"),
    "description": gettext_lazy("Description"),
    "type": gettext_lazy("Type"),
    "action": gettext_lazy("Action"),
    "target": gettext_lazy("Target"),
    "points": gettext_lazy("Points"),
    "category": gettext_lazy("Category"),
    "measure": gettext_lazy("What counts"),
    "icon": gettext_lazy("Icon"),
    "hidden": gettext_lazy("Secret"),
    "prerequisites": gettext_lazy("Prerequisites"),
    "items": gettext_lazy("Items"),
    "tiers": gettext_lazy("Tiers"),
    "freezes": gettext_lazy("Freezes"),
    "metadata": gettext_lazy("Metadata"),
    "status": gettext_lazy("State"),
    "counts": gettext_lazy("Counts"),
    "position": gettext_lazy("Place"),
    "slug": gettext_lazy("Slug"),
}
STEPS = {
    "players": gettext_lazy("Players"),
    "started": gettext_lazy("Started"),
    "quarter": gettext_lazy("A quarter"),
    "half": gettext_lazy("Half"),
    "three_quarters": gettext_lazy("Three quarters"),
    "unlocked": gettext_lazy("Unlocked"),
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
    """A share in percent, with a decimal where it is small; 0 only where nobody has it, 100 only where all do."""
    percent = 100 * holders / players if players else 0
    if holders < players:
        percent = min(percent, 99)
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


def field(name: str) -> str:
    """What a field of a definition is called; its own name where it has no other."""
    return str(FIELDS.get(name, name))


def stored_value(name: str, text: str | None) -> str:
    """A field of a stored definition in words; a dash where there is none."""
    if text in (None, "", "[]", "{}"):
        return "-"
    assert text is not None  # noqa: S101  (for the type checker)
    if name == "hidden":
        return _("yes") if text == "1" else _("no")
    if name in ("items", "prerequisites"):
        return ", ".join(json.loads(text))
    if name == "tiers":
        return "; ".join(
            _("%(name)s (%(level)s): %(target)s for %(points)s points")
            % {"level": level, "name": title, "target": number_format(target), "points": points}
            for level, title, target, points in json.loads(text)
        )
    return str({"type": TYPES, "measure": MEASURES, "status": LIVES}.get(name, {}).get(text, text))


MOST_NAMED = 12  # items that are named one by one


def gap(told: Explanation) -> list[str]:
    """What a player is missing for an achievement, sentence by sentence; what there is to say where nothing is."""
    if told.next is None:
        return [_("Unlocked.")]
    said = []
    if told.achievement.status == "archived":
        said.append(_("It is archived: nobody new unlocks it."))
    if told.was_revoked:
        said.append(_("Staff took it away. New events may earn it again; looking through all players does not."))
    if told.left:
        said.append(_progress_gap(told))
    if told.waits_for:
        said.append(_("It waits for %(others)s.") % {"others": ", ".join(told.waits_for)})
    if told.is_due and not said:
        said.append(_("All of it is reached. Look through all players again, and it is given."))
    return said


def _progress_gap(told: Explanation) -> str:
    item, left = told.achievement, told.left
    assert told.next is not None  # noqa: S101  (for the type checker)
    said = {"left": number(left), "target": number(told.next.target), "category": item.counts or ""}
    if told.items:
        names = ", ".join(told.items[:MOST_NAMED]) + (", …" if len(told.items) > MOST_NAMED else "")
        text = ngettext("%(left)s item is missing: %(names)s.", "%(left)s items are missing: %(names)s.", left)
        return text % (said | {"names": names})
    if told.streak is not None:
        return _streak_gap(told.streak, told.next.target)
    if item.type == "meta" and item.counts:
        return (
            ngettext(
                "%(left)s more achievement of %(category)s is missing.",
                "%(left)s more achievements of %(category)s are missing.",
                left,
            )
            % said
        )
    if item.type == "meta":
        return ngettext("%(left)s more achievement is missing.", "%(left)s more achievements are missing.", left) % said
    if item.type == "milestone":
        return _("It has not happened yet: %(action)s.") % {"action": item.action}
    if item.measure == "max":
        return _("The best so far is %(best)s; it takes %(target)s at once.") % (
            said | {"best": number(told.next.progress)}
        )
    return _("%(left)s of %(target)s are missing.") % said


def _streak_gap(streak: StreakStatus, target: int) -> str:
    if not streak.active:
        return _("No streak runs; the best was %(best)s of %(target)s days.") % {"best": streak.best, "target": target}
    if streak.recorded_today:
        return _("The streak is at %(days)s of %(target)s days; today is done.") % {
            "days": streak.current,
            "target": target,
        }
    return _("The streak is at %(days)s of %(target)s days; today is still missing.") % {
        "days": streak.current,
        "target": target,
    }
