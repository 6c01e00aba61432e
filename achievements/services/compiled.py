"""Definitions as the scripts of events need them, kept in each shard: see achievements/lua/rules.lua."""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from achievements.definitions import EXACT, Achievement, Event, Release
from achievements.services import catalog as achievements
from gamify_site.store import catalog, keys, scripts
from leaderboards.definitions import Board
from leaderboards.services import boards

MAX_WRITTEN_A_CALL = 300  # parts; a call takes about a millisecond then


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


def weight(event: Event) -> int:
    """Estimate what an event costs, in about 4 µs of server time. No round trip.

    It is 1, plus 2 for each achievement and ranked set, plus 10 for each award that one event may lead to: those whose
    targets it reaches from nothing, the metas that count so many, and all achievements that wait for the listeners.
    """
    known = catalog.derived("weights", _weights).get(event.action) if isinstance(event.action, str) else None
    if known is None:
        return 1
    base, targets, metas = known
    reached = bisect_right(targets, max(1, event.amount if isinstance(event.amount, int) else 1))
    return base + 10 * (reached + bisect_right(metas, reached) if reached else 0)


def _weights() -> dict[str, tuple[int, list[int], list[int]]]:
    """Return action → the weight without awards, the targets of its listeners, and of all metas, ascending."""
    waiting = _dependents()
    metas = sorted(item.target for item in achievements.all() if item.type == "meta" and item.status == "published")
    return {
        action: (
            1
            + 2 * (len(found) + sum(len(board.windows) for board in listening))
            + 10 * len(_following(found, waiting)),
            sorted(_target(item, release) for item in found for release in item.releases()),
            metas,
        )
        for action, (found, listening) in listeners().items()
    }


def _target(item: Achievement, release: Release) -> int:
    """Return the amount of one event that reaches a target from nothing, as far as an amount does."""
    grows_by_amount = item.type in ("counter", "tiered") and item.measure == "sum"
    return release.target if grows_by_amount or release.target == 1 else EXACT


def _following(found: Iterable[Achievement], waiting: Mapping[str, Sequence[str]]) -> Collection[str]:
    """Return the slugs of all achievements that wait for some, for those that wait for them, and so on."""
    following: set[str] = set()
    asked = list(found)
    while asked:
        new = {slug for release in asked.pop().releases() for slug in waiting.get(release.slug, ())} - following
        following |= new
        asked += [achievements.get(slug) for slug in new]
    return following


def version() -> str:
    """Return the version of the rules, a digest of them. No round trip; O(definitions) once they have changed.

    The catalog's version would not do: it stays as it is while all data are being replaced, whatever is defined, and
    when another version of the program compiles the same definitions.
    """
    return catalog.derived("rules version", lambda: _digest(parts()))


def _digest(value: Mapping[str, str]) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def parts() -> Mapping[str, str]:
    """Return the rules by parts: name → text, as achievements/lua/rules.lua says. No round trip; O(definitions)."""
    return catalog.derived("rules", lambda: dict(_parts()))


def written() -> set[int]:
    """Return the shards that are known to have the rules. No round trip."""
    return catalog.derived("shards with rules", set)


def write(numbers: Collection[int]) -> None:
    """Write the rules to some shards, and stop where somebody else is writing others.

    Raises `StoreUnavailable`. One round trip for each 300 parts.
    """
    rules, known = parts(), catalog.snapshot().version
    flat = [part for pair in rules.items() for part in pair]
    step = 2 * MAX_WRITTEN_A_CALL
    for start in range(0, len(flat), step):
        told = [known, _digest(rules), start // 2, len(rules)]
        calls = [(keys.shard(number), [*told, *flat[start : start + step]]) for number in numbers]
        if set(scripts.run("achievements/write_rules", calls, repeatable=True)) != {b"ok"}:
            return


def _parts() -> Iterator[tuple[str, str]]:
    metas = [item for item in achievements.all() if item.type == "meta" and item.status == "published"]
    categories = achievements.categories() if _is_counted() else {}
    dependents = _dependents()
    rules = {item.slug: _rule(item, categories, dependents) for item in achievements.all()}
    for slug, rule in rules.items():
        yield f"rule:{slug}", json.dumps(rule)
    for counted, found in _by_counted(metas).items():
        yield f"metas:{counted}", json.dumps(found)
    for release, category in categories.items():
        yield f"release:{release}", category
    yield "categories", json.dumps(_digest(categories))
    if points := boards.find(boards.POINTS):
        yield "points", points.for_scripts()
    for action, (items, listening) in listeners().items():
        heard = {
            "slugs": [item.slug for item in items],
            "rules": [rules[item.slug] for item in items],
            "boards": [json.loads(board.for_scripts()) for board in listening],
        }
        yield f"action:{action}", json.dumps(heard)


def _is_counted() -> bool:
    """Return whether it is kept how many awards players have by category.

    That is so for good once there is a meta: it may be archived and come back, when what is kept must still be right.
    """
    return any(item.type == "meta" and item.status != "draft" for item in achievements.all())


def _by_counted(metas: list[Achievement]) -> dict[str, list[tuple[str, int]]]:
    """Return category (or '' for all) → slug and target of the metas that count it, the least target first."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for item in sorted(metas, key=lambda it: (it.target, it.slug)):
        found[item.counts or ""].append((item.slug, item.target))
    return found


def _dependents() -> dict[str, list[str]]:
    """Return release → the published achievements that wait for it."""
    found: dict[str, list[str]] = defaultdict(list)
    for item in achievements.all():
        for slug in item.prerequisites if item.status == "published" else ():
            found[slug].append(item.slug)
    return found


def _rule(item: Achievement, categories: Mapping[str, str], dependents: Mapping[str, list[str]]) -> dict[str, Any]:
    return _filled({
        "slug": item.slug,
        "type": item.type,
        "action": item.action,
        "measure": item.measure,
        "freezes": item.freezes,
        "revision": item.revision,
        "live": item.status == "published",
        "counts": item.counts,
        "releases": [
            _filled({
                "slug": release.slug,
                "target": release.target,
                "points": release.points,
                "revision": item.revision,
                "category": categories.get(release.slug),
                "prerequisites": item.prerequisites,
                "dependents": dependents.get(release.slug),
            })
            for release in item.releases()
        ],
    })  # fmt: skip


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields without those that are empty; numbers stay."""
    return {name: value for name, value in fields.items() if value or (value == 0 and value is not False)}
