"""Who asks for a page and which part of it, and plain answers to bad questions."""

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _

from leaderboards.errors import UnknownBoard

BoardPage = Callable[[HttpRequest, str], HttpResponse]


def player_of(request: HttpRequest) -> str | None:
    """The player who asks; None for anonymous visitors."""
    return request.user.player_id if request.user.is_authenticated else None


def wants(request: HttpRequest, part: str) -> bool:
    """Whether htmx asks for the part of the page with this id alone."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request and htmx.target == part


def clear_errors(view: BoardPage) -> BoardPage:
    """An unknown board is a 404 page that names it, a query that makes no sense a 400 page that says why."""

    @wraps(view)
    def checked(request: HttpRequest, slug: str) -> HttpResponse:
        try:
            return view(request, slug)
        except UnknownBoard as error:
            title = _("There is no board “%(slug)s”") % {"slug": error.slug}
            context = {"title": title, "reason": _("The address is wrong, or the board is gone.")}
            return render(request, "leaderboards/refused.html", context, status=404)
        except ValidationError as error:
            context = {"title": _("That cannot be shown"), "reason": " ".join(error.messages), "slug": slug}
            return render(request, "leaderboards/refused.html", context, status=400)

    return checked


def private(response: HttpResponse) -> HttpResponse:
    """Marks what depends on who asks, and for which part: kept by the browser alone, and asked for again each time."""
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ("HX-Request", "HX-Target", "Cookie"))
    return response
