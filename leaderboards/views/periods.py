"""The staff's pages of a board's past: who won which period, and recounting what follows from the entries."""

from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from gamify_site import clock, work
from gamify_site.asking import wants
from gamify_site.players.access import staff_only
from leaderboards.services import boards, integrity, seasons
from leaderboards.views.asking import clear_errors


@staff_only
@require_safe
@clear_errors
def board_archive(request: HttpRequest, slug: str) -> HttpResponse:
    """The periods that are over, with their winners."""
    context = {"board": boards.get(slug), "periods": seasons.past(slug), "now": clock.now()}
    return render(request, "manage/boards/archive.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
@clear_errors
def board_recount(request: HttpRequest, slug: str) -> HttpResponse:
    """Begins a recount by POST, and shows how far it is."""
    name, board = f"recount:{slug}", boards.get(slug)
    if request.method == "POST":
        by = request.user.get_username()
        with suppress(work.AlreadyRunning):
            work.start(name, lambda _progress: integrity.recount(slug, by=by))
        return redirect("manage_board_recount", slug)
    context = {
        "board": board,
        "work": work.find(name),
        "here": request.path,
        "next": reverse("manage_board_list"),
    }
    return render(request, "manage/_work.html" if wants(request, "work") else "manage/boards/recount.html", context)
