"""The staff's page on which definitions come and go as files."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from achievements import play_console, wording
from achievements.forms_exchange import ExchangeForm
from achievements.services import exchange as service
from achievements.services.exchange import Finding
from gamify_site import work
from gamify_site.asking import wants
from gamify_site.players.access import staff_only

WORK = "import"
MOST_AT_ONCE = 200  # rows; more are imported while the page shows how far it is
ATTENTION = ("refused", "changed", "new", "same")
PAGE = "manage/exchange/exchange.html"
CSV = "text/csv; charset=utf-8"
DOWNLOADS = {
    "json": (service.export_json, "application/json", "gamify-catalog.json"),
    "csv": (service.export_csv, CSV, play_console.FILE_NAME),
    "sheet": (service.export_sheet, CSV, "gamify-achievements.csv"),
}


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def exchange(request: HttpRequest) -> HttpResponse:
    """Takes a file, shows what it would do, row by row, and once that is confirmed does it."""
    if request.method != "POST":
        context = {"work": work.find(WORK), "here": request.path, "next": request.path}
        if wants(request, "work"):
            return render(request, "manage/_work.html", context)
        return render(request, PAGE, context | _forms(ExchangeForm()))
    form = ExchangeForm(request.POST, request.FILES)
    is_confirmed = request.POST.get("confirmed") == "yes"
    if is_confirmed and form.is_valid() and len(form.rows) > MOST_AT_ONCE:
        return _import_long(form, str(request.user))
    findings = _findings(form, str(request.user), is_confirmed=is_confirmed)
    if findings is None:
        return render(request, PAGE, _forms(form), status=422)
    if any(finding.what == "refused" for finding in findings):
        context = _report(findings) | _forms(ExchangeForm(initial=form.carried | {"source": ""}))
        return render(request, PAGE, context, status=422)
    if not is_confirmed:
        return render(request, PAGE, _report(findings) | {"carried": form.carried})
    messages.success(request, _("Imported: %(summary)s.") % {"summary": wording.summary(findings)})
    return redirect("manage_exchange")


@staff_only
@require_safe
@never_cache
def export(request: HttpRequest) -> HttpResponse:
    """All definitions as a file to keep; `?format=json`, `csv` or `sheet`."""
    asked = request.GET.get("format", "json")
    if asked not in DOWNLOADS:
        raise Http404
    write, content_type, name = DOWNLOADS[asked]
    disposition = content_disposition_header(as_attachment=True, filename=name)
    return HttpResponse(write(), content_type, headers={"Content-Disposition": disposition})


def _forms(form: ExchangeForm) -> dict[str, Any]:
    """What the page offers: an import, and the exports with what Play Console would mind."""
    return {"form": form, "notices": service.notices()}


def _import_long(form: ExchangeForm, by: str) -> HttpResponse:
    """Imports while the page shows how far it is."""
    rows, source, language = form.rows, form.carried["source"], get_language()

    def job(progress: service.Progress) -> str:
        with override(language):
            return wording.summary(service.apply(rows, by=by, source=source, progress=progress))

    with suppress(work.AlreadyRunning):
        work.start(WORK, job)
    return redirect("manage_exchange")


def _findings(form: ExchangeForm, by: str, *, is_confirmed: bool) -> list[Finding] | None:
    """What becomes of the rows; None where the form has errors, or gets some from the service."""
    if not form.is_valid():
        return None
    if not is_confirmed:
        return service.plan(form.rows)
    try:
        return service.apply(form.rows, by=by, source=form.carried["source"])
    except ValidationError as error:
        form.add_errors(error)
        return None


def _report(findings: Sequence[Finding]) -> dict[str, Any]:
    """What the page tells: first what needs attention, each kind in the order of the file."""
    whats = {finding.what for finding in findings}
    ordered = sorted(findings, key=lambda finding: ATTENTION.index(finding.what))
    return {
        "findings": [(finding, wording.KINDS[finding.kind], wording.FINDINGS[finding.what]) for finding in ordered],
        "summary": wording.summary(findings),
        "is_refused": "refused" in whats,
        "is_news": bool(whats & {"new", "changed"}),
    }
