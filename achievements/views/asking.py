"""Plain answers to questions about what is not there."""

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from achievements.errors import UnknownAchievement
from gamify_site.players.services import UnknownPlayer
from gamify_site.texts import quoted

View = Callable[..., HttpResponse]


def clear_errors(view: View) -> View:
    """An unknown achievement or player is a 404 page that says so; a hidden achievement is as unknown as any."""

    @wraps(view)
    def checked(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except UnknownAchievement as error:
            title = _("There is no achievement “%(slug)s”") % {"slug": quoted(error.slug)}
            return _not_found(request, title, _("The address is wrong, or the achievement is gone."))
        except UnknownPlayer as error:
            title = _("There is no player “%(player)s”") % {"player": quoted(error.player)}
            return _not_found(request, title, _("The address is wrong, or the player is gone."))
        except ValidationError:
            return _not_found(request, _("There is nothing here"), _("No player can be called that."))

    return checked


def _not_found(request: HttpRequest, title: str, reason: str) -> HttpResponse:
    return render(request, "achievements/not_found.html", {"title": title, "reason": reason}, status=404)
