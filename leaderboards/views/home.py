"""The home page: what this is for visitors, where I stand for players."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gamify_site.players import services as players
from leaderboards.services import boards, ranking
from leaderboards.views import rendered
from leaderboards.views.asking import player_of, private

MOST_BOARDS = 6
NEIGHBOURS = 2
TOP = 5


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """For players their place on each board; for visitors the liveliest board and a way in."""
    player = player_of(request)
    return private(_welcome(request) if player is None else _dashboard(request, player))


def _welcome(request: HttpRequest) -> HttpResponse:
    views = [ranking.view(board.slug, top=TOP, around=0) for board in boards.all()[:MOST_BOARDS]]
    view = max(views, key=lambda it: it.size, default=None)
    podium, rows = rendered.top(view.top, None) if view else ("", "")
    return render(request, "leaderboards/welcome.html", {"view": view, "podium": podium, "rows": rows})


def _dashboard(request: HttpRequest, player: str) -> HttpResponse:
    views = [ranking.view(it.slug, top=1, around=NEIGHBOURS, player=player) for it in boards.all()[:MOST_BOARDS]]
    windows = [(view, rendered.rows(view.around, player, mine=view.standing)) for view in views]
    placed = [(view.standing.rank, view) for view in views if view.standing]
    context = {
        "profile": _profile(player),
        "windows": sorted(windows, key=lambda pair: pair[0].standing is None),
        "placed": len(placed),
        "best": min(placed, key=lambda pair: pair[0])[1] if placed else None,
    }
    return render(request, "leaderboards/dashboard.html", context)


def _profile(player: str) -> players.Player:
    """The profile; a bare one for an account whose player has been removed, or has not played yet."""
    try:
        return players.get(player)
    except players.UnknownPlayer:
        return players.Player(id=player, name=player)
