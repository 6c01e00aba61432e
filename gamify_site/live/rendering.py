"""What streams carry: rows of boards and notices of news, as HTML, each made once for all who get the same."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils import translation

from achievements.errors import UnknownAchievement
from achievements.services import catalog, feed
from achievements.services.feed import News
from gamify_site.live.stream import Watched, event
from leaderboards.definitions import BoardView
from leaderboards.errors import UnknownBoard
from leaderboards.services import boards, ranking
from leaderboards.views import rendered
from leaderboards.views.query import AROUND, TOP

GONE = (UnknownBoard, ValidationError)  # the board, or its window, since somebody began to look at it


def rows(watched: Iterable[Watched]) -> dict[Watched, bytes]:
    """The events with the top rows; what is gone has none. One round trip for each board and window."""
    made: dict[Watched, bytes] = {}
    views: dict[tuple[str, str], BoardView | None] = {}
    for it in watched:
        asked = (it.board, it.window)
        if asked not in views:
            views[asked] = _view(*asked)
        view = views[asked]
        if view is not None:
            with translation.override(it.language):
                podium, top = rendered.top(view.top, None)
                context = {"view": view, "podium": podium, "top": top}
                made[it] = event("rows", render_to_string("live/rows.html", context))
    return made


def _view(slug: str, window: str) -> BoardView | None:
    try:
        return ranking.view(slug, window=window, top=TOP, around=0)
    except GONE:
        return None


def around(board: str, window: str, players: Mapping[str, str]) -> dict[str, bytes]:
    """For each player (id → language) the event with the rows around. One round trip for all with one shard."""
    try:
        views = ranking.around_players(board, list(players), AROUND, window=window)
    except GONE:
        return {}
    made = {}
    for player, view in views.items():
        with translation.override(players[player]):
            shown = rendered.rows(view.around, player, mine=view.standing)
            context = {"view": view, "around": shown, "standing": view.standing}
            made[player] = event("around", render_to_string("live/around.html", context))
    return made


class Notice(NamedTuple):
    """News as an event: its id and bytes."""

    id: str
    data: bytes


def notices(wanted: Mapping[str, str], languages: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], list[Notice]]:
    """For each player and language the news behind an id (player → id), oldest first. One round trip for all."""
    made = {}
    for player, news in feed.since(wanted).items():
        for language in languages[player]:
            with translation.override(language):
                made[player, language] = [Notice(it.id, _notice(it)) for it in news]
    return made


def _notice(news: News) -> bytes:
    context = {"news": news, **_subject(news)}
    return event(news.kind, render_to_string("live/notice.html", context), news.id)


def _subject(news: News) -> dict[str, object]:
    """The achievement, tier or board that the news are of; nothing where it is gone."""
    try:
        if news.kind == "unlock":
            slug = news.fields["achievement"]
            achievement = catalog.find(slug)
            release = next(it for it in achievement.releases() if it.slug == slug)
            level = slug.removeprefix(f"{achievement.slug}_") if achievement.tiers else ""
            return {"achievement": achievement, "release": release, "level": level}
        if news.kind == "rank":
            return {"board": boards.get(news.fields["board"])}
    except (UnknownAchievement, UnknownBoard):
        return {}
    return {}
