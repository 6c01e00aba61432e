"""The audit log: who changed what, when and why, with filters in the address, and all of that as a file."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect

from achievements.services import catalog
from gamify_site import audit, clock
from gamify_site.asking import private, wants
from gamify_site.identifiers import PLAYER_ID
from gamify_site.ops import wording
from gamify_site.ops.forms_audit import AuditForm
from gamify_site.players import services as players
from gamify_site.players.access import staff_only
from leaderboards.services import boards

ENTRIES, MORE = "entries", "more"  # parts that htmx asks for; also the ids of their elements
PAGE = 50
CURSOR = re.compile(r"(\d{1,20})-(\d{1,20})", re.ASCII)
GREATEST = 2**64 - 1  # of either number in the id of an entry of a stream
COLUMNS = ("id", "at", "by", "what", "subject", "reason", "before", "after")
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/x-ndjson"}
ENDINGS = {"csv": "csv", "json": "jsonl"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would calculate, where a cell begins with it


class Line(NamedTuple):
    """One entry in words; `kind` says what page the subject has, empty where it has none (any more)."""

    entry: audit.Entry
    what: str
    kind: wording.Kind
    changes: list[tuple[str, str, str]]


@staff_only
@require_safe
def audit_log(request: HttpRequest) -> HttpResponse:
    """The entries that are asked for, latest first, 50 at a time."""
    form = AuditForm(request.GET)
    if not form.is_valid():
        if request.htmx:  # type: ignore[attr-defined]  # the fields, where it is told, are no part of what it asks for
            return HttpResponseClientRedirect(request.get_full_path())
        return private(render(request, "manage/audit.html", {"form": form}, status=422))
    after = _cursor(request.GET.get("after", ""))
    found = list(islice(audit.walk(form.finds, after), PAGE + 1))
    context = {
        "form": form,
        "query": form.query,
        "lines": _lines(found[:PAGE]),
        "after": after,
        "next": found[PAGE - 1].id if len(found) > PAGE else "",
        "most": audit.MOST_ENTRIES,
    }
    part = next((f"#{part}" for part in (ENTRIES, MORE) if wants(request, part)), "")
    return private(render(request, f"manage/audit.html{part}", context))


@staff_only
@require_safe
@never_cache
def audit_export(request: HttpRequest) -> HttpResponseBase:
    """Everything that the filters find as a file: CSV for spreadsheets, or one JSON object a line."""
    written = request.GET.get("format", "")
    if written not in TYPES:
        raise BadRequest("The format is csv or json.")
    form = AuditForm(request.GET)
    if not form.is_valid():
        return render(request, "manage/audit.html", {"form": form}, status=422)
    found = islice(audit.walk(form.finds), audit.MOST_ENTRIES)
    first = list(islice(found, 1))  # where the store is away that is told before a file has begun
    rows = map(_fields, chain(first, found))
    name = f"audit-{clock.now():%Y-%m-%d}.{ENDINGS[written]}"
    return StreamingHttpResponse(
        _in_pieces(_as_csv(rows) if written == "csv" else _as_json(rows)),
        content_type=TYPES[written],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _cursor(text: str) -> str:
    """The id of an entry, or nothing; anything else makes no sense."""
    match = CURSOR.fullmatch(text)
    if text and not (match and all(int(part) <= GREATEST for part in match.groups())):
        raise BadRequest(_("There is no such place in the log."))
    return text


def _lines(entries: Sequence[audit.Entry]) -> list[Line]:
    """Entries in words. One round trip where players are among them."""
    kinds = [wording.kind(entry.what) for entry in entries]
    named = {entry.subject for entry, kind in zip(entries, kinds, strict=True) if kind == "player"}
    there = {("achievement", item.slug) for item in catalog.all()}
    there |= {("board", board.slug) for board in boards.all()}
    there |= {("player", player) for player in players.get_many(filter(PLAYER_ID.fullmatch, sorted(named)))}
    return [
        Line(entry, wording.what(entry.what), kind if (kind, entry.subject) in there else "", wording.changes(entry))
        for entry, kind in zip(entries, kinds, strict=True)
    ]


def _fields(entry: audit.Entry) -> dict[str, object]:
    values = {name: getattr(entry, name) for name in COLUMNS}
    return values | {"at": entry.at.isoformat() if entry.at else "", "before": entry.before, "after": entry.after}


class _Echo:
    """A file that gives back what is written to it, for the writer of CSV."""

    def write(self, text: str) -> str:
        return text


def _as_csv(rows: Iterator[dict[str, object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for row in rows:
        yield writer.writerow([_cell(row[name]) for name in COLUMNS])


def _cell(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(FORMULA) else text


def _as_json(rows: Iterator[dict[str, object]]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


def _in_pieces(texts: Iterator[str]) -> Iterator[str]:
    """The same in longer texts, each of which is sent on its own."""
    while piece := list(islice(texts, audit.STEP)):
        yield "".join(piece)
