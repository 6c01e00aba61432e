"""Who asks for a stream: the session cookie decides, as on every page."""

from dataclasses import dataclass
from http.cookies import CookieError

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.http.cookie import parse_cookie
from django.utils.translation import get_language_from_request
from starlette.datastructures import Headers

from gamify_site import proxies
from gamify_site.players.sessions import SessionStore
from gamify_site.players.throttle import network_of


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who looks at a page: the player, if logged in, the session that says so, and the page's language."""

    player: str | None
    session_key: str | None
    language: str


def identify(headers: Headers) -> Viewer:
    """Who sent these headers. Raises `StoreUnavailable`. Two round trips where there is a session."""
    request = HttpRequest()
    try:
        request.COOKIES = parse_cookie(headers.get("cookie", ""))
    except CookieError:
        request.COOKIES = {}
    request.META["HTTP_ACCEPT_LANGUAGE"] = headers.get("accept-language", "")
    session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    player = player_of(session_key) if session_key else None
    return Viewer(player, session_key if player else None, get_language_from_request(request))


def player_of(session_key: str) -> str | None:
    """The player of a session; None where it has ended. Raises `StoreUnavailable`. Two round trips."""
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = get_user(request)
    return user.player_id if user.is_authenticated else None


def address_of(peer: str, headers: Headers) -> str:
    """Where a request comes from, as pages count it."""
    return network_of(proxies.client_of(peer, ",".join(headers.getlist("x-forwarded-for"))))
