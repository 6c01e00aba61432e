"""How the catalogs of the demo are written down: a line for each achievement."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from achievements.definitions import Achievement, Tier

LADDER = ("bronze", "silver", "gold", "platinum")
UNPLACED = "unplaced"


def row(slug: str, name: str, description: str, points: int, icon: str, **rule: Any) -> Achievement:
    """A published achievement that has no place yet; a milestone unless the rule says otherwise."""
    rest: dict[str, Any] = {"type": "milestone", "action": None, "target": 1, "status": "published"} | rule
    return Achievement(
        slug=slug, name=name, description=description, points=points, icon=icon, category=UNPLACED, **rest
    )


def counter(action: str, target: int, measure: str = "sum") -> dict[str, Any]:
    """What makes a row a counter."""
    return {"type": "counter", "action": action, "target": target, "measure": measure}


def streak(action: str, target: int, freezes: int = 0) -> dict[str, Any]:
    """What makes a row a streak of `target` days."""
    return {"type": "streak", "action": action, "target": target, "freezes": freezes}


def collection(action: str, items: tuple[str, ...]) -> dict[str, Any]:
    """What makes a row a collection of all these items."""
    return {"type": "collection", "action": action, "items": items, "target": len(items)}


def tiered(action: str, measure: str, *steps: tuple[str, int, int]) -> dict[str, Any]:
    """What makes a row a tiered one: up to four tiers of (name, target, points), bronze first."""
    tiers = tuple(Tier(level, *step) for level, step in zip(LADDER, steps, strict=False))
    return {"type": "tiered", "action": action, "measure": measure, "tiers": tiers, "target": tiers[-1].target}


def meta(target: int, counts: str | None = None) -> dict[str, Any]:
    """What makes a row a meta, of one category where `counts` names it."""
    return {"type": "meta", "target": target, "counts": counts}


def placed(categories: Mapping[str, Sequence[Achievement]]) -> list[Achievement]:
    """The achievements of all categories, each in its place."""
    return [
        replace(item, category=category, position=10 * place)
        for category, rows in categories.items()
        for place, item in enumerate(rows, 1)
    ]
