"""Support: a player is found, everything about them is seen, and what went wrong is put right."""

from itertools import islice

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from achievements import wording
from achievements.forms_players import DeletePlayerForm, GrantForm, HideForm, RenameForm, RevokeForm, ShowForm
from achievements.services import explaining, progress
from achievements.views.asking import clear_errors
from gamify_site import audit
from gamify_site.asking import wants
from gamify_site.ops import wording as audit_words
from gamify_site.players import accounts, names
from gamify_site.players import services as players
from gamify_site.players.access import staff_only
from gamify_site.players.services import UnknownPlayer
from leaderboards.services import boards, moderation, ranking

FORMS = {"grant": GrantForm, "revoke": RevokeForm, "hide": HideForm, "show": ShowForm, "rename": RenameForm}
MOST_FOUND = 50
MOST_ENTRIES = 10
FOUND = "found"  # the part that changes as one types; also the id of its element
form_methods = require_http_methods(["GET", "HEAD", "POST"])


@staff_only
@require_safe
def player_list(request: HttpRequest) -> HttpResponse:
    """Players by name or id; without a text those who were seen last."""
    text = request.GET.get("q", "").strip()[: names.LONGEST]
    found = players.find(text, MOST_FOUND) if text else players.seen_lately(MOST_FOUND)
    context = {"q": text, "found": found, "most": MOST_FOUND}
    return render(request, "manage/players/list.html" + (f"#{FOUND}" if wants(request, FOUND) else ""), context)


@staff_only
@form_methods
@clear_errors
def player(request: HttpRequest, player: str) -> HttpResponse:
    """Everything about a player; what is done to them comes here by POST."""
    do = request.POST.get("do", "")
    forms = {
        name: form(request.POST if name == do else None, player=player, initial=_initial(request))
        for name, form in FORMS.items()
    }
    profile = players.get(player)
    if do in forms and (told := forms[do].do(request.user.get_username())):
        messages.success(request, told)
        return redirect("manage_player", player)
    forms["rename"].initial.setdefault("name", profile.name)
    state, explanations = explaining.explain(player)
    entries = progress.entries(state)
    views = ranking.views([board.slug for board in boards.all()], player=player, top=0, around=0)
    context = {
        "profile": profile,
        "account": accounts.find(player),
        "absence": moderation.absence(player),
        "standings": [(view.board, view.standing) for view in views],
        "explanations": [(it, wording.gap(it)) for it in explanations],
        "done": sum(entry.status == "unlocked" for entry in entries),
        "total": len(entries),
        "unlocks": len(state.unlocked),
        "entries": [(audit_words.WHAT[entry.what], entry) for entry in _entries(player)],
        "forms": forms,
        "do": do,
    }
    return render(request, "manage/players/player.html", context, status=422 if do in forms else 200)


def _initial(request: HttpRequest) -> dict[str, str]:
    return {"achievement": request.GET.get("achievement", "")}


def _entries(player: str) -> list[audit.Entry]:
    """The latest that staff did to a player."""
    found = audit.walk(lambda entry: entry.subject == player and entry.what in audit.BY_STAFF)
    return list(islice(found, MOST_ENTRIES))


@staff_only
@form_methods
@clear_errors
def player_delete(request: HttpRequest, player: str) -> HttpResponse:
    """Deletes a player with every trace, once the id is typed."""
    if not players.exists(player):
        raise UnknownPlayer(player)
    form = DeletePlayerForm(request.POST or None, player=player)
    if request.method == "POST" and (told := form.do(request.user.get_username())):
        messages.success(request, told)
        return redirect("manage_player_list")
    context = {"form": form, "profile": players.get(player), "own": player == request.user.player_id}  # type: ignore[union-attr]
    return render(request, "manage/players/delete.html", context, status=422 if form.is_bound else 200)
