"""Definitions as the script of events needs them: only what listens, waits or counts, as JSON."""

import json
from collections import defaultdict
from typing import Any

from achievements.definitions import Achievement
from achievements.services import catalog as achievements
from gamify_site.store import catalog
from leaderboards.definitions import Board
from leaderboards.services import boards

MOST_KEPT = 1000  # sets of actions whose rules are kept as JSON


def listeners() -> dict[str, tuple[list[Achievement], list[Board]]]:
    """Action → the published achievements and the boards that listen to it."""
    return catalog.derived("listeners", _listeners)


def _listeners() -> dict[str, tuple[list[Achievement], list[Board]]]:
    found: dict[str, tuple[list[Achievement], list[Board]]] = defaultdict(lambda: ([], []))
    for achievement in achievements.all():
        if achievement.action and achievement.status == "published":
            found[achievement.action][0].append(achievement)
    for board in boards.all():
        if board.action:
            found[board.action][1].append(board)
    return dict(found)


def weight(action: object) -> int:
    """Estimate the cost of an event of an action: 1, plus 2 for each achievement and ranked set. No round trip."""
    return catalog.derived("weights", _weights).get(action, 1) if isinstance(action, str) else 1


def _weights() -> dict[str, int]:
    return {
        action: 1 + 2 * (len(found) + sum(len(board.windows) for board in listening))
        for action, (found, listening) in listeners().items()
    }


def rules(actions: frozenset[str], slugs: frozenset[str] = frozenset()) -> str:
    """What events of some actions, or orders on some achievements, can touch, as JSON; see lua/releases.lua."""
    kept: dict[tuple[frozenset[str], frozenset[str]], str] = catalog.derived("compiled", dict)
    if (actions, slugs) not in kept:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[actions, slugs] = json.dumps(_compile(actions, slugs))
    return kept[actions, slugs]


def _compile(actions: frozenset[str], slugs: frozenset[str]) -> dict[str, Any]:
    heard = {action: listeners()[action] for action in actions if action in listeners()}
    touched = [item for items, _ in heard.values() for item in items] + [achievements.get(slug) for slug in slugs]
    metas = [item for item in achievements.all() if item.type == "meta" and item.status == "published"]
    dependents = _dependents()
    reachable = _reachable([*touched, *metas], dependents)
    used_boards = {board.slug: board for _, found in heard.values() for board in found}
    if touched:
        used_boards[boards.POINTS] = boards.get(boards.POINTS)
    return {
        "rules": {item.slug: _compile_rule(item) for item in reachable},
        "rule_of": {release.slug: item.slug for item in reachable for release in item.releases()},
        "dependents": {
            release.slug: [other.slug for other in dependents[release.slug]]
            for item in reachable
            for release in item.releases()
            if release.slug in dependents
        },
        "metas": _by_counted(metas),
        "categories": achievements.categories() if metas else {},
        "boards": {slug: json.loads(board.for_scripts()) for slug, board in used_boards.items()},
        "actions": {
            action: {"rules": [item.slug for item in items], "boards": [board.slug for board in found]}
            for action, (items, found) in heard.items()
        },
        "points": boards.POINTS,
    }


def _by_counted(metas: list[Achievement]) -> dict[str, list[str]]:
    """Return category (or '' for all) → slugs of the metas that count it, lowest target first."""
    found: dict[str, list[str]] = defaultdict(list)
    for item in sorted(metas, key=lambda it: (it.target, it.slug)):
        found[item.counts or ""].append(item.slug)
    return found


def _dependents() -> dict[str, list[Achievement]]:
    """Release → the published achievements that wait for it."""
    found: dict[str, list[Achievement]] = defaultdict(list)
    for item in achievements.all():
        for slug in item.prerequisites if item.status == "published" else ():
            found[slug].append(item)
    return found


def _reachable(touched: list[Achievement], dependents: dict[str, list[Achievement]]) -> list[Achievement]:
    """All that unlocks of some achievements can lead to."""
    found: dict[str, Achievement] = {}
    waiting = list(touched)
    while waiting:
        item = waiting.pop()
        if item.slug not in found:
            found[item.slug] = item
            waiting += [other for release in item.releases() for other in dependents.get(release.slug, [])]
    return [found[slug] for slug in sorted(found)]


def _compile_rule(item: Achievement) -> dict[str, Any]:
    return {
        "slug": item.slug,
        "type": item.type,
        "action": item.action or "",
        "measure": item.measure,
        "freezes": item.freezes,
        "revision": item.revision,
        "live": int(item.status == "published"),
        "counts": item.counts or "",
        "releases": [
            {
                "slug": release.slug,
                "target": release.target,
                "points": release.points,
                "prerequisites": item.prerequisites,
                "revision": item.revision,
            }
            for release in item.releases()
        ],
    }
