"""What a player shows around: a page that everybody may see, and a picture for where it is linked."""

from base64 import b64decode, b64encode
from hashlib import blake2b
from typing import TypedDict

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from achievements.definitions import Unlock
from achievements.drawing import share_card
from achievements.drawing.badges import look_of
from achievements.drawing.share_card import Card
from achievements.services import catalog, states
from achievements.views.asking import clear_errors
from achievements.views.profile import badge_of, read_as_visitor
from gamify_site import clock
from gamify_site.asking import private
from gamify_site.players import throttle
from gamify_site.players.avatars import tone
from gamify_site.players.services import Player
from gamify_site.players.throttle import TooManyAttempts
from leaderboards.definitions import Standing
from leaderboards.services import boards, ranking
from leaderboards.wording import number

SHOWN = 6
KEPT_FOR = 3600  # seconds that a picture is kept
SHOWN_FOR = 60  # seconds that it is shown whatever changes


@require_safe
@clear_errors
def page(request: HttpRequest, player: str) -> HttpResponse:
    """A player's points, place and rarest badges, with tags for other sites. Secret achievements are only counted."""
    state, known = read_as_visitor(player)
    open_ones = _open_unlocks(state)
    standing = _standing(player)
    context = {
        "profile": state.profile,
        "standing": standing,
        "badges": [badge_of(unlock, known) for unlock in open_ones[:SHOWN]],
        "secret": len(state.unlocked) - len(open_ones),
        "url": request.build_absolute_uri(request.path),
        "image": request.build_absolute_uri(request.path.removesuffix("/") + ".png"),
        "facts": _facts(state.profile, standing),
    }
    return private(render(request, "achievements/share.html", context))


@require_safe
@clear_errors
def picture(request: HttpRequest, player: str) -> HttpResponse:
    """The picture of the page, as PNG; the same bytes as long as nothing on it changes, and for a minute at least."""
    state, _known = read_as_visitor(player)
    shown = [catalog.find(unlock.achievement) for unlock in _open_unlocks(state)[:SHOWN]]
    card = Card(
        product=settings.PRODUCT,
        player=player,
        name=state.profile.name,
        tone=tone(player, state.profile.avatar),
        facts=_facts(state.profile, _standing(player)),
        badges=tuple(look_of(item) for item in shown),
    )
    try:
        kept = _kept(card, state.profile, request)
    except TooManyAttempts as error:
        headers = {"Retry-After": str(error.seconds)}
        return HttpResponse(*error.messages, content_type="text/plain; charset=utf-8", status=429, headers=headers)
    response = get_conditional_response(request, etag=f'"{kept["digest"]}"')
    if response is None:
        response = HttpResponse(b64decode(kept["png"]), content_type="image/png")
    response["ETag"] = f'"{kept["digest"]}"'
    response["Cache-Control"] = "public, max-age=300"
    patch_vary_headers(response, ("Cookie",))  # which holds the language
    return response


class Kept(TypedDict):
    """A picture in the cache, which holds texts alone: of which card, when it was drawn (s), the picture as base64."""

    digest: str
    at: float
    png: str


def _kept(card: Card, profile: Player, request: HttpRequest) -> Kept:
    """The picture of a player, of which one is kept in each language: drawn anew where anything on it has changed.

    Not twice in a minute, and not too often for one address: `TooManyAttempts`.
    """
    whose = _digest((profile.id, profile.joined, get_language()))
    digest, now = _digest(card), clock.now().timestamp()
    kept: Kept | None = cache.get(f"share:{whose}")
    if kept and (kept["digest"] == digest or abs(now - kept["at"]) < SHOWN_FOR):
        return kept
    throttle.count(throttle.draw_picture(throttle.address_of(request)))
    drawn = Kept(digest=digest, at=now, png=b64encode(share_card.png(card)).decode())
    cache.set(f"share:{whose}", drawn, KEPT_FOR)
    return drawn


def _digest(told: object) -> str:
    return blake2b(repr(told).encode(), digest_size=12).hexdigest()


def _open_unlocks(state: states.State) -> list[Unlock]:
    """What may be named to everybody, the rarest first."""
    found = [unlock for unlock in state.unlocked.values() if not catalog.find(unlock.achievement).hidden]
    return sorted(found, key=lambda it: (state.holders.get(it.achievement, 0), it.achievement))


def _standing(player: str) -> Standing | None:
    has_points = any(board.slug == boards.POINTS for board in boards.all())
    return ranking.standing(boards.POINTS, player) if has_points else None


def _facts(profile: Player, standing: Standing | None) -> tuple[tuple[str, str], ...]:
    facts = [(number(profile.points), ngettext("point", "points", profile.points))]
    facts.append((number(profile.unlocked), _("unlocked")))
    if standing:
        players = ngettext("of %(size)s player", "of %(size)s players", standing.size)
        facts.append((f"#{number(standing.rank)}", players % {"size": number(standing.size)}))
    return tuple(facts)
