"""The designers' pages: the list of achievements, the form of each, its history."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from achievements import wording
from achievements.definitions import STATUSES, TYPES, Achievement
from achievements.drawing import glyphs
from achievements.errors import EditedMeanwhile, UnknownAchievement
from achievements.forms import AchievementForm
from achievements.services import backfill, catalog, impact, revisions, states
from achievements.services.impact import Impact
from achievements.views.asking import clear_errors
from gamify_site import texts, work
from gamify_site.asking import wants
from gamify_site.players.access import staff_only

ROWS, PREVIEW, RULE = "rows", "preview", "rule"  # parts that htmx asks for; also the ids of their elements
GIVE, LATER, STRICT = "give", "later", "strict"  # what becomes of players when a rule changes
form_methods = require_http_methods(["GET", "HEAD", "POST"])


class Query(NamedTuple):
    """What the list shows, as its address says."""

    q: str
    category: str
    type: str
    status: str

    @classmethod
    def read(cls, given: QueryDict) -> "Query":
        """The query; what makes no sense is left out."""
        return cls(
            texts.normal(given.get("q", "")),
            given.get("category", ""),
            given.get("type", "") if given.get("type") in TYPES else "",
            given.get("status", "") if given.get("status") in STATUSES else "",
        )

    def finds(self, item: Achievement) -> bool:
        """Whether an achievement is one of those asked for."""
        text = f"{item.slug} {item.name} {item.description} {item.action}".casefold()
        chosen = {"category": item.category, "type": item.type, "status": item.status}
        return self.q.casefold() in text and all(getattr(self, name) in ("", value) for name, value in chosen.items())

    @property
    def shows_order(self) -> bool:
        """Whether the rows stand as players see them, so that they can be moved."""
        return not (self.q or self.type or self.status)


class Line(NamedTuple):
    """One row of the list; `holders` have it, or the last tier of it."""

    item: Achievement
    type: str
    life: str
    category: str
    points: int
    holders: int


@staff_only
@form_methods
def achievement_list(request: HttpRequest) -> HttpResponse:
    """All achievements with search and filters; what is done to the chosen ones comes here by POST."""
    if request.method == "POST":
        _do(request)
        if not wants(request, ROWS):
            return redirect(request.get_full_path())
    query = Query.read(request.GET)
    everything = catalog.all()
    holders, players = states.counts()
    context = {
        "query": query,
        "lines": [_line(item, holders) for item in everything if query.finds(item)],
        "total": len(everything),
        "players": players,
        "categories": [(slug, wording.category(slug)) for slug in sorted({item.category for item in everything})],
        "types": wording.TYPES.items(),
        "lives": wording.LIVES.items(),
    }
    name = "manage/achievements/list.html" + (f"#{ROWS}" if wants(request, ROWS) else "")
    return render(request, name, context)


def _line(item: Achievement, holders: "states.Counts") -> Line:
    releases = item.releases()
    return Line(
        item,
        str(wording.TYPES[item.type]),
        str(wording.LIVES[item.status]),
        wording.category(item.category),
        sum(release.points for release in releases),
        holders.get(releases[-1].slug, 0),
    )


def _do(request: HttpRequest) -> None:
    """Does what a button says to the chosen achievements, one by one; says what could not be done and why."""
    what, _colon, slug = request.POST.get("do", "").partition(":")
    by = request.user.get_username()
    if what in ("up", "down"):
        _each(request, [slug], lambda it: revisions.move(it, -1 if what == "up" else 1, by=by))
        return
    chosen = request.POST.getlist("chosen")
    category = request.POST.get("category", "").strip()
    changes: dict[str, Callable[[Achievement], Achievement]] = {
        "publish": lambda it: replace(it, status="published"),
        "archive": lambda it: replace(it, status="archived"),
        "category": lambda it: replace(it, category=category),
    }
    if what not in changes or not chosen:
        messages.warning(request, _("Choose some achievements first."))
        return
    done = _each(request, chosen, lambda it: _save(changes[what](catalog.get(it)), by))
    if done:
        text = ngettext("%(n)s achievement is changed.", "%(n)s achievements are changed.", done) % {"n": done}
        messages.success(request, text)
    if what == "publish" and done:
        _start_backfill(None, strict=False)


def _save(item: Achievement, by: str) -> None:
    if item != catalog.get(item.slug):
        catalog.define(item, by=by, expected=item.revision)


def _each(request: HttpRequest, slugs: Sequence[str], change: Callable[[str], object]) -> int:
    """How many could be changed."""
    done = 0
    for slug in slugs:
        try:
            change(slug)
            done += 1
        except UnknownAchievement:
            messages.error(request, _("There is no achievement “%(slug)s”") % {"slug": texts.quoted(slug)})
        except EditedMeanwhile:
            messages.error(request, _("%(slug)s has just been changed by somebody else.") % {"slug": slug})
        except ValidationError as error:
            messages.error(request, f"{slug}: {' '.join(error.messages)}")
    return done


@staff_only
@form_methods
def achievement_create(request: HttpRequest) -> HttpResponse:
    """Makes an achievement, maybe as a copy of another one."""
    copied = next((it for it in catalog.all() if it.slug == request.GET.get("from")), None)
    return _edit(request, AchievementForm(request.POST or None, copied=copied))


@staff_only
@form_methods
@clear_errors
def achievement_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Changes an achievement, once what that would change for players has been seen."""
    return _edit(request, AchievementForm(request.POST or None, achievement=catalog.get(slug)))


def _edit(request: HttpRequest, form: AchievementForm) -> HttpResponse:
    do = request.POST.get("do", "")
    if request.method != "POST":
        return _page(request, form)
    if wants(request, PREVIEW):
        return render(request, f"manage/achievements/form.html#{PREVIEW}", _context(form))
    if do == "look":  # another type, or more rows: nothing is wrong yet
        return _page(request, form, part=RULE if wants(request, RULE) else "")
    if not form.is_valid():
        return _page(request, form, status=422)
    candidate = form.achievement
    policy = request.POST.get("policy", "") if request.POST.get("weighed") == _digest(candidate) else ""
    if candidate.status == "published" and policy not in (GIVE, LATER, STRICT):
        weighed = impact.of(candidate)
        if form.before is not None and not weighed.touches_nobody:
            return _page(request, form, impact=weighed, weighed=_digest(candidate), do=do)
        policy = GIVE
    return _save_form(request, form, candidate, policy)


def _digest(candidate: Achievement) -> str:
    """Tells whether what is saved is what was weighed."""
    return blake2b(json.dumps(candidate.to_fields(), sort_keys=True).encode(), digest_size=8).hexdigest()


def _save_form(request: HttpRequest, form: AchievementForm, candidate: Achievement, policy: str) -> HttpResponse:
    given = form.cleaned_data
    try:
        saved = catalog.define(
            candidate, by=request.user.get_username(), reason=given["reason"], expected=given["revision"]
        )
    except EditedMeanwhile:
        return _page(request, form, conflict=revisions.history(candidate.slug)[0], status=409)
    except ValidationError as error:
        form.add_errors(error)
        return _page(request, form, status=422)
    messages.success(request, _("“%(name)s” is saved.") % {"name": saved.name})
    if saved.status == "published" and policy != LATER:
        return _backfill(saved.slug, strict=policy == STRICT)
    return redirect("manage_achievement_list")


def _backfill(slug: str, *, strict: bool) -> HttpResponse:
    """Gives players what they have reached; leads to a page that waits where it takes longer."""
    begun = _start_backfill(slug, strict=strict)
    if begun and begun.state == "done":
        return redirect("manage_achievement_list")
    return redirect("manage_achievement_backfill", slug)


def _start_backfill(slug: str | None, *, strict: bool) -> work.Work | None:
    try:
        return work.start(f"backfill:{slug or '*'}", lambda progress: backfill.recompute(slug, progress, strict=strict))
    except work.AlreadyRunning:
        return None


@staff_only
@form_methods
@clear_errors
def achievement_backfill(request: HttpRequest, slug: str) -> HttpResponse:
    """How far giving players what they have reached has come; begins it by POST."""
    if request.method == "POST":
        return _backfill(slug, strict=False)
    context = {
        "item": catalog.get(slug),
        "work": work.find(f"backfill:{slug}"),
        "here": request.path,
        "next": reverse("manage_achievement_list"),
    }
    name = "manage/_work.html" if wants(request, "work") else "manage/achievements/backfill.html"
    return render(request, name, context)


def _page(
    request: HttpRequest,
    form: AchievementForm,
    *,
    impact: Impact | None = None,
    conflict: revisions.Revision | None = None,
    weighed: str = "",
    do: str = "save",
    part: str = "",
    status: int = 200,
) -> HttpResponse:
    context = _context(form) | {"impact": impact, "weighed": weighed, "conflict": conflict, "do": do}
    if conflict is not None:
        context["newest"] = conflict.number
        context["changes"] = _all_in_words(conflict.changes)
    return render(request, "manage/achievements/form.html" + (f"#{part}" if part else ""), context, status=status)


def _context(form: AchievementForm) -> dict[str, object]:
    is_valid = form.is_bound and form.is_valid()
    candidate = form.achievement if is_valid else form.before
    return {
        "form": form,
        "item": form.before,
        "life": wording.LIVES[form.before.status] if form.before else "",
        "shows": form.shows(),
        "sentence": candidate.sentence() if candidate else "",
        "is_valid": is_valid or not form.is_bound,
        "icons": glyphs.names(),
        "later_errors": [field for field in form if field.errors and field.value() not in (None, "", [])],
    }


@staff_only
@form_methods
@clear_errors
def achievement_delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Deletes a draft, once that has been confirmed."""
    item = catalog.get(slug)
    problem = ""
    if request.method == "POST":
        try:
            catalog.delete(slug, by=request.user.get_username())
        except ValidationError as error:
            problem = " ".join(error.messages)
        else:
            messages.success(request, _("The draft “%(name)s” is deleted.") % {"name": item.name})
            return redirect("manage_achievement_list")
    context = {"item": item, "problem": problem}
    return render(request, "manage/achievements/delete.html", context, status=422 if problem else 200)


@staff_only
@require_safe
@clear_errors
def achievement_history(request: HttpRequest, slug: str) -> HttpResponse:
    """Every revision with what it changed."""
    told = [(it, _all_in_words(it.changes)) for it in revisions.history(slug)]
    return render(request, "manage/achievements/history.html", {"item": catalog.get(slug), "revisions": told})


@staff_only
@require_POST
@clear_errors
def achievement_restore(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Puts an older revision into the form, where it is saved like any other edit."""
    older = revisions.as_it_was(slug, number)
    form = AchievementForm(achievement=older)
    messages.info(
        request, _("This is revision %(number)s. Nothing is saved yet: look at it, then save.") % {"number": number}
    )
    form.initial["reason"] = _("Restores revision %(number)s.") % {"number": number}
    return _page(request, form)


def _all_in_words(changes: Sequence[tuple[str, str | None, str | None]]) -> list[tuple[str, str, str]]:
    """What is different, in words; what is not set before and after is left out."""
    told = [
        (wording.field(name), wording.stored_value(name, before), wording.stored_value(name, after))
        for name, before, after in changes
    ]
    return [(name, before, after) for name, before, after in told if before != after]
