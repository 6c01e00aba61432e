"""What a player shows around: a page that everybody may see, and a picture for where it is linked."""

from base64 import b64decode, b64encode
from hashlib import blake2b

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from achievements.definitions import Unlock
from achievements.drawing import share_card
from achievements.drawing.badges import look_of
from achievements.drawing.share_card import Card
from achievements.services import catalog, states
from achievements.views.asking import clear_errors
from achievements.views.profile import badge_of, read_as_visitor
from gamify_site.asking import private
from gamify_site.players.avatars import tone
from gamify_site.players.services import Player
from leaderboards.definitions import Standing
from leaderboards.services import boards, ranking
from leaderboards.wording import number

SHOWN = 6
KEPT_FOR = 3600  # seconds that a picture is kept; it is made anew when anything on it changes


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
    """The picture of the page, as PNG; the same bytes as long as nothing on it changes."""
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
    digest = blake2b(repr(card).encode(), digest_size=12).hexdigest()
    response = get_conditional_response(request, etag=f'"{digest}"')
    if response is None:
        response = HttpResponse(_drawn(card, digest), content_type="image/png")
    response["ETag"] = f'"{digest}"'
    response["Cache-Control"] = "public, max-age=300"
    patch_vary_headers(response, ("Cookie",))  # which holds the language
    return response


def _drawn(card: Card, digest: str) -> bytes:
    """The picture, kept in the cache, which holds texts alone."""
    text = cache.get_or_set(f"share:{digest}", lambda: b64encode(share_card.png(card)).decode(), KEPT_FOR)
    return b64decode(text or "")


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
