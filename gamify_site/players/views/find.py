"""The page on which players are found."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from gamify_site.asking import player_of, private, wants
from gamify_site.players import names, services

RESULTS = "results"  # the part of the page that changes while one types; also the id of its element
MOST = 20


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Players by name or id; without a text those whom the visitor follows, and who was seen lately."""
    text = request.GET.get("q", "").strip()[: names.LONGEST]
    player = player_of(request)
    followed = services.followed_ids(player) if player else frozenset()
    here = f"{request.path}?{urlencode({'q': text})}" if text else request.path
    context: dict[str, Any] = {"q": text, "followed": followed, "here": here}
    if text:
        found = services.find(text, MOST + 1)
        context |= {"found": found[:MOST], "has_more": len(found) > MOST, "most": MOST}
    else:
        context |= {"friends": _by_name(services.get_many(followed).values()), "lately": _lately(player, followed)}
    part = f"players/find.html#{RESULTS}" if wants(request, RESULTS) else "players/find.html"
    return private(render(request, part, context))


def _by_name(players: Iterable[services.Player]) -> list[services.Player]:
    return sorted(players, key=lambda it: (names.fold(it.name), it.id))


def _lately(player: str | None, followed: frozenset[str]) -> list[services.Player]:
    """Who was seen last, but for the visitor and those who stand above anyway."""
    return [it for it in services.seen_lately(MOST) if it.id != player and it.id not in followed]
