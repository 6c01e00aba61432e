"""The pages for when the data store does not answer, or the program has a bug: they ask nobody, not even who you are.

The pages for what visitors get wrong (400, 403, 404) are Django's own views with our templates.
"""

import logging
import sys

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.encoding import escape_uri_path

from gamify_site.api import problems
from gamify_site.store.connection import UNANSWERED
from gamify_site.store.errors import Resetting, StoreUnavailable

logger = logging.getLogger("gamify")


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """Return 503 with `Retry-After`: a page, its notice alone for htmx, a problem for the API. Logs one line."""
    retry_after = error.retry_after if isinstance(error, StoreUnavailable) else StoreUnavailable().retry_after
    address = request.get_full_path()
    # Without the query, which may hold what nobody else should read.
    logger.warning("503 %s %s: %s", request.method, escape_uri_path(request.path), error.__cause__ or error)
    if problems.is_for_program(request.path_info):
        with translation.override("en"):
            return problems.of_unavailable(error)
    context = {
        "resetting": isinstance(error, Resetting),
        "retry_after": retry_after,
        "again": address if request.method == "GET" else "",
    }
    return HttpResponse(
        render_to_string(_template(request, "503.html"), context),
        status=503,
        headers={"Retry-After": str(retry_after), "Cache-Control": "no-store"},
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's last resort for every exception, also of middleware, where a lost data store is none of our bugs."""
    error = sys.exception()
    if isinstance(error, UNANSWERED):
        response = unavailable(request, error)
        response._has_been_logged = True  # type: ignore[attr-defined]  # or Django adds the traceback
        return response
    if problems.is_for_program(request.path_info):
        return problems.of_bug()
    return HttpResponseServerError(render_to_string(_template(request, "500.html")))


def _template(request: HttpRequest, page: str) -> str:
    return f"{page}#notice" if request.headers.get("HX-Request") == "true" else page
