"""Who asks for a board page and which part of it, and plain answers to bad questions."""

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from gamify_site.texts import quoted
from leaderboards.errors import UnknownBoard

BoardPage = Callable[[HttpRequest, str], HttpResponse]


def clear_errors(view: BoardPage) -> BoardPage:
    """An unknown board is a 404 page that names it, a query that makes no sense a 400 page that says why."""

    @wraps(view)
    def checked(request: HttpRequest, slug: str) -> HttpResponse:
        try:
            return view(request, slug)
        except UnknownBoard as error:
            title = _("There is no board “%(slug)s”") % {"slug": quoted(error.slug)}
            context = {"title": title, "reason": _("The address is wrong, or the board is gone.")}
            return render(request, "leaderboards/refused.html", context, status=404)
        except ValidationError as error:
            context = {"title": _("That cannot be shown"), "reason": " ".join(error.messages), "slug": slug}
            return render(request, "leaderboards/refused.html", context, status=400)

    return checked
