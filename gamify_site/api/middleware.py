"""The HTTP API passes by all that is for browsers: sessions, cookies, forms, languages.

It always speaks English, answers every error as a problem, and says how much of its rate a key has left.
"""

import logging
from collections.abc import Callable

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve
from django.utils import translation

from gamify_site.api.problems import CONTENT_TYPE, Refused, is_for_program, of_bug, problem
from gamify_site.middleware import check_host

logger = logging.getLogger("gamify")


class ApiMiddleware:
    """Answers what begins with /api/v1/ itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_for_program(request.path_info):
            return self.get_response(request)
        method = request.method
        if method == "HEAD":
            request.method = "GET"  # the server leaves out the body
        with translation.override("en"):
            response = self._answer(request)
        request.method = method
        for name, value in getattr(request, "rate_limit", {}).items():
            response.headers[name] = value
        return _as_problem(response)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        try:
            check_host(request)
            match = resolve(request.path_info)
            request.resolver_match = match
            return match.func(request, *match.args, **match.kwargs)
        except Http404:
            return problem(404, f"There is nothing at {request.path_info[:200]}.")
        except Refused as error:
            return error.response()
        except RequestDataTooBig:
            return problem(413, "The body is too long.")
        except (BadRequest, SuspiciousOperation) as error:
            return problem(400, str(error))
        except Exception:
            logger.exception("500 %s %s", request.method, request.path_info)
            return of_bug()


def _as_problem(response: HttpResponse) -> HttpResponse:
    """An error that Django or Ninja answered itself, said like the others."""
    if response.status_code < 400 or response.headers.get("Content-Type", "").startswith(CONTENT_TYPE):
        return response
    kept = {name: value for name, value in response.headers.items() if name in ("Allow", "Retry-After")}
    if "Allow" in kept:
        methods = set(kept["Allow"].split(", "))
        kept["Allow"] = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
    detail = "This method is not allowed here." if response.status_code == 405 else "The request is refused."
    return problem(response.status_code, detail, headers=kept)
