"""The staff's pages: boards and the scores on them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gamify_site.players.access import staff_only
from leaderboards import wording
from leaderboards.definitions import ScoreUpdate
from leaderboards.errors import EditedMeanwhile
from leaderboards.forms import BoardForm, DeleteForm, IncrementForm, RemoveForm, ScoreForm
from leaderboards.services import boards, ranking
from leaderboards.views import rendered
from leaderboards.views.asking import clear_errors

SCORE_FORMS = {"score": ScoreForm, "increment": IncrementForm, "remove": RemoveForm}
form_methods = require_http_methods(["GET", "HEAD", "POST"])


@staff_only
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The ways to what staff can do."""
    return render(request, "manage/home.html")


@staff_only
@require_safe
def board_list(request: HttpRequest) -> HttpResponse:
    """All boards with their size."""
    rows = [(board, ranking.size(board.slug)) for board in boards.all()]
    return render(request, "manage/boards/list.html", {"rows": rows})


@staff_only
@form_methods
def board_create(request: HttpRequest) -> HttpResponse:
    """Makes a board."""
    return _board_form(request, BoardForm(request.POST or None))


@staff_only
@form_methods
@clear_errors
def board_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Changes a board."""
    return _board_form(request, BoardForm(request.POST or None, board=boards.get(slug)))


def _board_form(request: HttpRequest, form: BoardForm) -> HttpResponse:
    context = {"form": form, "board": form.before, "known": form["known"].value()}
    try:
        if request.method == "POST" and form.is_valid() and form.save(request.user.get_username()):
            messages.success(request, _("The board “%(name)s” is saved.") % {"name": form.board.name})
            return redirect("manage_board_list")
    except EditedMeanwhile:
        return _conflict(request, context, form.board.slug, form.cleaned_data["known"])
    return render(request, "manage/boards/form.html", context, status=422 if form.is_bound else 200)


def _conflict(request: HttpRequest, context: dict[str, Any], slug: str, known: str) -> HttpResponse:
    """Shows what others have changed above what was typed, which takes its place when it is saved once more."""
    edits = [
        (entry.by, [wording.change(name, before, after) for name, before, after in entry.changes])
        for entry in boards.changes_since(slug, known)
    ]
    context |= {"known": boards.digest(boards.find(slug)), "is_conflict": True, "edits": edits}
    return render(request, "manage/boards/form.html", context, status=409)


@staff_only
@form_methods
@clear_errors
def board_delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Deletes a board once its slug is typed."""
    board = boards.get(slug)
    form = DeleteForm(request.POST or None, board=board)
    if request.method == "POST" and form.is_valid():
        boards.delete(slug, by=request.user.get_username())
        messages.success(request, _("The board “%(name)s” is deleted.") % {"name": board.name})
        return redirect("manage_board_list")
    context = {"form": form, "board": board, "size": ranking.size(slug)}
    return render(request, "manage/boards/delete.html", context, status=422 if form.is_bound else 200)


@staff_only
@form_methods
@clear_errors
def board_scores(request: HttpRequest, slug: str) -> HttpResponse:
    """Adds, updates, increments and removes a player's score, and shows where that leaves the player."""
    board = boards.get(slug)
    player = request.GET.get("player", "")
    do = request.POST.get("do", "")
    forms = {
        name: form(request.POST if name == do else None, board=board, player=player)
        for name, form in SCORE_FORMS.items()
    }
    if do in forms and (done := forms[do].apply(request.user.get_username())) is not None:
        return _tell(request, slug, forms[do].cleaned_data["player"], done)
    view = ranking.view(slug, top=10, around=3, player=player or None)
    context = {
        "board": board,
        "view": view,
        "player": player,
        "forms": forms,
        "top": rendered.rows(view.top, None, marked=player),
        "around": rendered.rows(view.around, None, marked=player),
    }
    return render(request, "manage/boards/scores.html", context, status=422 if do in forms else 200)


def _tell(request: HttpRequest, slug: str, player: str, done: ScoreUpdate | bool) -> HttpResponseRedirect:
    """Says what a write did, on the page that then shows the player's place."""
    if isinstance(done, ScoreUpdate):
        level = messages.WARNING if done.trimmed else messages.SUCCESS
        messages.add_message(request, level, wording.update(boards.get(slug), player, done))
    else:
        messages.success(request, _("%(player)s is off the board.") % {"player": player})
    return redirect(reverse("manage_board_scores", args=[slug]) + "?" + urlencode({"player": player}))
