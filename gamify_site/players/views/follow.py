"""Following a player, and no longer."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from gamify_site.asking import player_of, private
from gamify_site.players import services
from gamify_site.texts import shortened

Change = Callable[[str, str], None]
View = Callable[[HttpRequest, str], HttpResponse]


def for_players(view: View) -> View:
    """Anonymous visitors log in first, and come back to the page with the button."""

    @wraps(view)
    def checked(request: HttpRequest, player: str) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, player)
        answer = redirect_to_login(_page_behind(request))
        return HttpResponseClientRedirect(answer.url) if request.htmx else answer  # type: ignore[attr-defined]

    return checked


@require_POST
@for_players
def follow(request: HttpRequest, player: str) -> HttpResponse:
    """The visitor follows a player from now on. Redirects to `next`; for htmx the new button."""
    return _change(request, player, services.follow, is_followed=True)


@require_POST
@for_players
def unfollow(request: HttpRequest, player: str) -> HttpResponse:
    """The visitor does not follow a player any more. Redirects to `next`; for htmx the new button."""
    return _change(request, player, services.unfollow, is_followed=False)


def _change(request: HttpRequest, other: str, change: Change, *, is_followed: bool) -> HttpResponse:
    me, problem = str(player_of(request)), ""
    try:
        change(me, other)
    except services.UnknownPlayer as error:
        if error.player != me:
            raise Http404 from error
        problem = _("Save your profile in the settings first.")
    except ValidationError as error:
        problem = _problem(error)
    if not request.htmx:  # type: ignore[attr-defined]
        if problem:
            messages.error(request, problem)
        return redirect(_page_behind(request))
    context = {
        "player": other,
        "name": shortened(request.POST.get("name", other), services.LONGEST["name"]),
        "is_followed": is_followed and not problem,
        "next": _page_behind(request),
        "problem": problem,
    }
    return private(render(request, "players/_follow.html", context))


def _problem(error: ValidationError) -> str:
    """What to tell the visitor; an id that nobody can have is a page that is not there."""
    codes = {found.code for errors in error.error_dict.values() for found in errors}
    if "oneself" in codes:
        return _("You cannot follow yourself.")
    if "full" in codes:
        return _("You follow %(most)s players, and no more can be followed.") % {"most": services.MOST_FOLLOWED}
    raise Http404 from error


def _page_behind(request: HttpRequest) -> str:
    """The page on this site that the button stood on."""
    given = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(given, {request.get_host()}, require_https=request.is_secure())
    return given if is_ours else reverse("find_players")
