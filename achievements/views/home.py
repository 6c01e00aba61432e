"""The home page: where I stand and what is next for players, what this is for visitors."""

from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from achievements.definitions import Achievement, CatalogEntry, Progress, StreakStatus
from achievements.services import catalog, progress, states, streaks, unlocks
from achievements.views import rendered
from achievements.views.profile import LATEST, badge_of, points_by_day
from gamify_site import clock
from gamify_site.asking import player_of, private
from leaderboards.definitions import BoardView
from leaderboards.services import boards, ranking
from leaderboards.views import rendered as rows

MOST_BOARDS = 6
NEIGHBOURS = 2
TOP = 5
NEXT = 3
RANK_SEEN = "rank_seen"  # in the session: the day, and the rank on the board of points at its first visit


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """For players their place and what is next; for visitors the liveliest board, the latest unlocks, and a way in."""
    player = player_of(request)
    return private(_welcome(request) if player is None else _dashboard(request, player))


def _welcome(request: HttpRequest) -> HttpResponse:
    views = ranking.views([board.slug for board in boards.all()[:MOST_BOARDS]], top=TOP)
    view = max(views, key=lambda it: it.size, default=None)
    podium, table = rows.top(view.top, None) if view else ("", "")
    nobody = states.nobody()
    context = {
        "view": view,
        "podium": podium,
        "rows": table,
        "latest": [(badge_of(it.unlock, nobody), it) for it in unlocks.recent(TOP)],
        "achievements": sum(entry.achievement is not None for entry in progress.entries(nobody)),
    }
    return render(request, "achievements/welcome.html", context)


def _dashboard(request: HttpRequest, player: str) -> HttpResponse:
    state = states.read(player)
    circle = {boards.POINTS: {player, *state.following}} if state.following else {}
    views = ranking.views(
        [board.slug for board in boards.all()[:MOST_BOARDS]], around=NEIGHBOURS, player=player, among=circle
    )
    placed = [(view.standing.rank, view) for view in views if view.standing]
    entries = progress.entries(state)
    unlocked = sorted(state.unlocked.values(), key=unlocks.latest_first)
    context = {
        "profile": state.profile,
        "windows": sorted(map(_window(player), views), key=lambda window: window.view.standing is None),
        "placed": len(placed),
        "best": min(placed, key=lambda pair: pair[0])[1] if placed else None,
        "rank_change": _rank_change(request, views),
        "next_up": [_next(it, state) for it in progress.next_in(state, NEXT)],
        "streaks": _streaks(state),
        "friends": _friends(player, views),
        "has_friends": bool(state.following),
        "latest": [badge_of(unlock, state) for unlock in unlocked[:LATEST]],
        "done": sum(entry.status == "unlocked" for entry in entries),
        "total": len(entries),
        "points_by_day": points_by_day(unlocked, clock.now().date()),
    }
    return render(request, "achievements/dashboard.html", context)


class Window(NamedTuple):
    """A board, and the rows around the player on it."""

    view: BoardView
    rows: SafeString


def _window(player: str) -> Any:
    return lambda view: Window(view, rows.rows(view.around, player, mine=view.standing))


class Next(NamedTuple):
    """What is within reach: the entry, and the progress towards its next release."""

    entry: CatalogEntry
    progress: Progress
    bar: SafeString


def _next(found: Progress, state: states.State) -> Next:
    entry = progress.entry(catalog.find(found.achievement), state)
    name = entry.achievement.name if entry.achievement else ""
    return Next(entry, found, rendered.bar(found, name))


def _streaks(state: states.State) -> list[tuple[Achievement, StreakStatus]]:
    """The streaks that run, those in danger first; of each action the one that is to be unlocked next."""
    aims: dict[str | None, Achievement] = {}
    for item in sorted(catalog.all(), key=lambda it: (it.slug in state.unlocked, it.target)):
        if item.type == "streak" and item.status == "published" and progress.entry(item, state).status != "hidden":
            aims.setdefault(item.action, item)
    found = [(item, streaks.status_in(state, item)) for item in aims.values()]
    running = [pair for pair in found if pair[1].active]
    return sorted(running, key=lambda pair: (pair[1].recorded_today, -pair[1].current))[:NEXT]


def _friends(player: str, views: list[BoardView]) -> SafeString:
    """The rows around the player among friends, by points."""
    ranked = next((view.among for view in views if view.board.slug == boards.POINTS), ())
    mine = next((index for index, row in enumerate(ranked) if row.player == player), 0)
    first = max(0, min(mine - NEIGHBOURS, len(ranked) - 2 * NEIGHBOURS - 1))
    return rows.rows(ranked[first : first + 2 * NEIGHBOURS + 1], player)


def _rank_change(request: HttpRequest, views: list[BoardView]) -> int | None:
    """How many places up (or down) on the board of points since the last visit on an earlier day; None: not known."""
    standing = next((view.standing for view in views if view.board.slug == boards.POINTS), None)
    if standing is None:
        return None
    today = clock.now().date().isoformat()
    seen = request.session.get(RANK_SEEN, {})
    if seen.get("day") != today:
        seen = {"day": today, "rank": standing.rank, "before": seen.get("rank")}
        request.session[RANK_SEEN] = seen
    return seen["before"] - standing.rank if seen["before"] is not None else None
