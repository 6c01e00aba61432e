"""Who asks for a page, and which part of it."""

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers


def player_of(request: HttpRequest) -> str | None:
    """The player who asks; None for anonymous visitors."""
    return request.user.player_id if request.user.is_authenticated else None


def wants(request: HttpRequest, part: str) -> bool:
    """Whether htmx asks for the part of the page with this id alone."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request and htmx.target == part


def private(response: HttpResponse) -> HttpResponse:
    """Marks what depends on who asks, and for which part: kept by the browser alone, and asked for again each time."""
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ("HX-Request", "HX-Target", "Cookie"))
    return response
