"""The boards for players: the list, a board, its full list."""

from hashlib import blake2b
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from gamify_site.asking import player_of, private, wants
from leaderboards import wording
from leaderboards.services import boards, friends, ranking, spread
from leaderboards.services.ranking import Choices
from leaderboards.views import rendered
from leaderboards.views.asking import clear_errors
from leaderboards.views.query import BoardQuery

PAGE_ROWS = 50
ROWS = "rows"  # the part of the board page that is polled; also the id of its element


@require_safe
def board_list(request: HttpRequest) -> HttpResponse:
    """All boards, each with its leader and the visitor's place."""
    player = player_of(request)
    views = ranking.views([board.slug for board in boards.all()], player=player)
    return private(render(request, "leaderboards/list.html", {"views": views}))


@require_safe
@clear_errors
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """One board: the whole page, the part that is polled, or with `after` a page of the full list."""
    query = BoardQuery.read(request.GET, boards.get(slug))
    player = player_of(request)
    if query.after is not None:
        return private(_full_list(request, query, player))
    if not wants(request, ROWS):
        shown = _shown(query, player)
        choices = ranking.choices(slug, query.window, query.period, query.segment)
        distribution = None if query.friends else spread.read(shown["view"], choices.lowest)
        context = _controls(query, choices) | shown | {"distribution": distribution}
        return private(render(request, "leaderboards/board.html", context))
    etag = _etag(_version(query, player), query, player)
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = render(request, f"leaderboards/board.html#{ROWS}", _shown(query, player))
    response["ETag"] = etag
    return private(response)


def _etag(version: str, query: BoardQuery, player: str | None) -> str:
    """Changes whenever the part may have: with the data, the question, the calendar, the visitor, the language."""
    parts = (version, query.url(), query.period, query.current, player, get_language())
    return f'"{blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'


def _version(query: BoardQuery, player: str | None) -> str:
    slug = query.board.slug
    return friends.version(slug, player) if query.friends and player else ranking.version(slug)


def _shown(query: BoardQuery, player: str | None) -> dict[str, Any]:
    """What the polled part shows."""
    return _friends(query, player) if query.friends else _rows(query, player)


def _friends(query: BoardQuery, player: str | None) -> dict[str, Any]:
    """The visitor and those whom the visitor follows; nobody for an anonymous visitor."""
    found = friends.board(query.board.slug, player, window=query.window, period=query.period) if player else []
    mine = next((row for row in found if row.player == player), None)
    return {
        "board": query.board,
        "query": query,
        "player": player,
        "mine": mine,
        "friends": rendered.rows(found, player, mine=mine),
        "size": len(found),
        "others": len(found) - (mine is not None),
        "poll_url": query.url(),
    }


def _rows(query: BoardQuery, player: str | None) -> dict[str, Any]:
    """The board: its top, the visitor's place, the rows around it."""
    view = ranking.view(
        query.board.slug,
        window=query.window,
        period=query.period,
        segment=query.segment,
        top=query.top,
        around=query.around,
        player=player,
        rank=query.rank,
    )
    podium, top = rendered.top(view.top, player)
    mine = view.standing if query.rank is None else None
    return {
        "board": query.board,
        "query": query,
        "view": view,
        "player": player,
        "podium": podium,
        "top": top,
        "around": rendered.rows(view.around, player, marked=query.rank, mine=mine),
        "has_gap": mine is not None,
        "shown_rank": min(query.rank or 0, view.size),
        "poll_url": query.url(),
        "list_url": query.url(rank=None, after=""),
        "me_url": query.url(rank=None),
    }


def _full_list(request: HttpRequest, query: BoardQuery, player: str | None) -> HttpResponse:
    slug, window, period, segment = query.board.slug, query.window, query.period, query.segment
    rows, cursor = ranking.page(
        slug, after=query.after or None, limit=PAGE_ROWS, window=window, period=period, segment=segment
    )
    view = ranking.view(slug, window=window, period=period, segment=segment, top=0, around=0, player=player)
    context = {
        "board": query.board,
        "query": query,
        "view": view,
        "rows": rendered.rows(rows, player),
        "period": wording.period(query.board, window, period),
        "segment": wording.segment(query.board, segment) if segment else "",
        "board_url": query.url(),
        "first_url": query.url(after="") if query.after else None,
        "next_url": query.url(after=cursor) if cursor else None,
    }
    return render(request, "leaderboards/full_list.html", context)


def _controls(query: BoardQuery, choices: Choices) -> dict[str, Any]:
    """The choices around the rows: windows, periods, segments."""
    board, periods = query.board, _periods(query, choices)
    index = periods.index(query.period)
    return {
        "tabs": [
            (window, query.url(window=window if window != board.main_window else None, period=None, rank=None))
            for window in board.windows
        ],
        "everybody_url": query.url(friends=None, rank=None),
        "friends_url": query.url(friends="1", rank=None, segment=None),
        "periods": [_period_choice(query, name) for name in periods],
        "period": "" if query.is_current else query.period,
        "newer_url": _period_url(query, periods[index - 1]) if index else None,
        "older_url": _period_url(query, periods[index + 1]) if index + 1 < len(periods) else None,
        "segments": _segments(query, choices),
    }


def _period_choice(query: BoardQuery, name: str) -> tuple[str, str]:
    """A period as a choice; the current one is chosen by naming none, so that the page follows the calendar."""
    label = wording.period(query.board, query.window, name)
    return ("", _("%(period)s, now") % {"period": label}) if name == query.current else (name, label)


def _periods(query: BoardQuery, choices: Choices) -> list[str]:
    """The periods to choose from, newest first: those with scores, the current one and the one that is shown."""
    if query.window == "all":
        return ["all"]
    found = {*choices.periods, query.current, query.period}
    if query.window == "season":
        starts = {season.slug: season.starts for season in query.board.seasons}
        return sorted(found, key=lambda name: starts[name], reverse=True)
    return sorted(found, reverse=True)


def _period_url(query: BoardQuery, period: str) -> str:
    return query.url(period=period if period != query.current else None, rank=None)


def _segments(query: BoardQuery, choices: Choices) -> list[tuple[str, str]]:
    """The segments to choose from, with what they are called; the one that is shown is always among them."""
    if not query.board.segment_by or query.friends:
        return []
    found = {*choices.segments, *([query.segment] if query.segment else [])}
    return sorted(((name, wording.segment(query.board, name)) for name in found), key=lambda pair: pair[1])
