"""Definitions as files: all boards and achievements as JSON, or achievements as CSV for Google Play Console.

A file is read into rows (`read_json`, `read_csv`), the rows are judged without writing anything (`plan`), and where
none is refused they can be written (`apply`). The CSV's columns and where they come from: `achievements.play_console`;
which achievement a row of it is: `achievements.matching`.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal, NoReturn

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from achievements import documents, matching, play_console
from achievements.definitions import Achievement, Status
from achievements.documents import Definition, Kind
from achievements.services import catalog
from gamify_site import audit
from gamify_site.identifiers import check_slug
from gamify_site.texts import quoted
from leaderboards.definitions import Board
from leaderboards.services import boards

What = Literal["new", "changed", "same", "refused"]
Format = Literal["json", "csv"]

Progress = Callable[[int, int], None]
Existing = Mapping[tuple[Kind, str], Definition]

VERSION = 1
KINDS: Mapping[str, Kind] = {"boards": "board", "achievements": "achievement"}  # as the JSON calls them
FORMATS: tuple[Format, ...] = ("json", "csv")
CSV_STATUSES: tuple[Status, ...] = ("draft", "published")  # what a CSV may become, the usual one first
MOST_ROWS = 5000
MOST_BYTES = 1_048_576
TEXT = "text"  # what the audit log calls what came in no file


@dataclass(frozen=True, slots=True)
class Row:
    """One definition of a file. `number` is its place in the file, in a CSV its line.

    Where it cannot be a definition, `definition` is None and `error` says why; `slug` is then what is known of it. With
    neither it is a tier of an achievement and says nothing new.
    """

    number: int
    kind: Kind
    slug: str
    definition: Definition | None = None
    error: ValidationError | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What importing a row does. `changed` names the fields that become different, `field` and `reason` say why not."""

    number: int
    kind: Kind
    slug: str
    what: What
    changed: tuple[str, ...] = ()
    field: str = ""
    reason: str = ""


Refused = tuple[Row, ValidationError]


def export_json() -> str:
    """All definitions, drafts and archived too; the same definitions give the same text. No round trip, as `get`.

    The built-in board is among them where it has been changed.
    """
    content = {
        "gamify": VERSION,
        "boards": [documents.write(board) for board in boards.all() if board != boards.BUILT_IN],
        "achievements": [documents.write(achievement) for achievement in catalog.all()],
    }
    text = json.dumps(content, indent=2, ensure_ascii=False)
    return text.encode(errors="backslashreplace").decode() + "\n"  # half a surrogate pair, which JSON alone can say


def export_csv() -> str:
    """The published achievements as Google Play Console imports them: a row for each release. No round trip, as `get`.

    It has no header row, and cannot say boards, categories, actions, prerequisites, items and days. What Play Console
    would refuse of it: `notices`.
    """
    return play_console.write(catalog.all())


def export_sheet() -> str:
    """Return the same rows with a header and IDs, so that renamed rows are recognized. No round trip."""
    return play_console.write(catalog.all(), with_ids=True)


def notices() -> list[play_console.Notice]:
    """List, row by row, what Google Play Console would refuse in `export_csv` or show differently. No round trip."""
    return play_console.notices(catalog.all())


def decode(data: bytes) -> str:
    """The text of a file. Raises `ValidationError` at `file` where it is too long or no UTF-8."""
    if len(data) > MOST_BYTES:
        _refuse_file(_("A file has at most %(most)s bytes; this one has more.") % {"most": f"{MOST_BYTES:,}"})
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(errors="ignore")
        column = len(before) - (before.rfind("\n") + 1) + 1
        place = {"line": before.count("\n") + 1, "column": column}
        _refuse_file(_("Line %(line)s, column %(column)s: this is no UTF-8.") % place)


def detect(name: str, text: str) -> Format:
    """The format that a file's name says, or else its content."""
    for known in FORMATS:
        if name.lower().endswith(f".{known}"):
            return known
    return "json" if text.lstrip("\ufeff \t\r\n").startswith(("{", "[")) else "csv"


def read_json(text: str) -> list[Row]:
    """The rows of what `export_json` writes, numbered in their order.

    Raises `ValidationError` at `file` for what is no JSON of that form, or too long. No round trip.
    """
    content = _parse(_checked_text(text))
    if not isinstance(content, dict) or type(content.get("gamify")) is not int or content["gamify"] != VERSION:
        _refuse_file(
            _("This is no catalog: it must be an object that begins with “gamify”: %(number)s.") % {"number": VERSION}
        )
    unknown = content.keys() - {"gamify", *KINDS}
    if unknown:
        told = {"names": quoted(", ".join(sorted(unknown))), "allowed": ", ".join(("gamify", *KINDS))}
        _refuse_file(_("There is no “%(names)s”. Allowed: %(allowed)s.") % told)
    listed = [(KINDS[name], item) for name, items in content.items() if name in KINDS for item in _list(name, items)]
    _check_number(len(listed))
    return [_json_row(number, kind, item) for number, (kind, item) in enumerate(listed, start=1)]


def read_csv(text: str, *, category: str = "", status: Status = "draft") -> list[Row]:
    """The rows of a CSV with Google Play Console's columns, with or without their names above.

    A row is the achievement with its ID, else the one with its name, and changes of it what a CSV can say. Else it is
    new: it gets this category and status, and slug and action are made from its name. Raises `ValidationError` at
    `category`, which is only needed if a row is new, at `status`, or at `file` for what is no CSV, or too long. No
    round trip, as `get`.
    """
    if category:
        check_slug(category, "category")
    if status not in CSV_STATUSES:
        raise ValidationError({"status": _("Choose one of %(allowed)s.") % {"allowed": ", ".join(CSV_STATUSES)}})
    lines = list(play_console.read_lines(_checked_text(text)))
    _check_number(len(lines))
    read = [(line.number, _entry(line)) for line in lines]
    known = matching.Catalog(catalog.all(), [entry for _number, entry in read if isinstance(entry, play_console.Entry)])
    rows = [
        Row(number, "achievement", "", error=entry)
        if isinstance(entry, ValidationError)
        else _csv_row(number, entry, known, category, status)
        for number, entry in read
    ]
    if new := [row for row in rows if row.error and "category" in row.error.error_dict]:
        raise ValidationError({"category": _("Row %(row)s is new: give a category for it.") % {"row": new[0].number}})
    return _refuse_shared_ids(rows, [entry.id if isinstance(entry, play_console.Entry) else "" for _, entry in read])


def plan(rows: Sequence[Row]) -> list[Finding]:
    """What `apply` would do with each row, in the order of the file. Nothing is written.

    A row is judged by what will be there when its turn comes, other rows of the file among it; one that changes nothing
    is the same, whatever it is. Cost: no round trip, as `get`; one for each board whose order, decimals or ties differ.
    """
    existing = _existing()
    errors = {row.number: row.error for row in rows if row.error} | _doubles(rows)
    sound = [row for row in rows if row.number not in errors]
    changed = {row.number: _changed(row, existing.get((row.kind, row.slug))) for row in sound}
    for row, error in (*_check_boards(sound, existing), *_check_achievements(sound, existing)):
        if changed[row.number] != ():
            errors[row.number] = error
    return [
        _refusal(row, errors[row.number]) if row.number in errors else _finding(row, changed[row.number])
        for row in rows
    ]


def apply(rows: Sequence[Row], *, by: str, source: str = TEXT, progress: Progress | None = None) -> list[Finding]:
    """Writes what is new or changed, unless a row is refused: then nothing. Gives the findings as `plan` does.

    `by` (who) and `source` (the file's name) are for the audit log; `progress(done, total)` is called after each row.
    Raises `StoreUnavailable`, and `ValidationError`
    where somebody else has changed definitions meanwhile so that a row no longer fits; rows before it are then written.
    Cost: that of `define` for each row that is written, and a round trip.
    """
    findings = plan(rows)
    if any(finding.what == "refused" for finding in findings):
        return findings
    what = {finding.number: finding.what for finding in findings}
    done: Counter[What] = Counter()
    try:
        ordered = _in_order(rows)
        for place, row in enumerate(ordered, start=1):
            if what[row.number] != "same":
                _define(row, by)
                done[what[row.number]] += 1
            if progress:
                progress(place, len(ordered))
    finally:  # what has been written is told, also where a row fails after all
        counts = {"new": done["new"], "changed": done["changed"]}
        audit.record(audit.Entry("catalog_imported", source, by, after=counts))
    return findings


# Reading


def _parse(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        told = {"line": error.lineno, "column": error.colno, "reason": error.msg}
        _refuse_file(_("Line %(line)s, column %(column)s: this is no JSON (%(reason)s).") % told)
    except (RecursionError, ValueError):
        _refuse_file(_("This JSON is nested too deeply, or has a number that is too long."))


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of two values by the same name one would be lost silently."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = sorted(name for name, number in Counter(name for name, _value in pairs).items() if number > 1)
        _refuse_file(_("“%(names)s” stands twice in one object.") % {"names": quoted(", ".join(twice))})
    return found


def _list(name: str, items: object) -> list[object]:
    if not isinstance(items, list):
        _refuse_file(_("“%(name)s” must be a list: […].") % {"name": name})
    return items


def _json_row(number: int, kind: Kind, item: object) -> Row:
    slug = item.get("slug", "") if isinstance(item, dict) else ""
    row = Row(number, kind, slug if isinstance(slug, str) else "")
    try:
        return replace(row, definition=documents.read(kind, item))
    except ValidationError as error:
        return replace(row, error=error)


def _entry(line: play_console.Line) -> play_console.Entry | ValidationError:
    try:
        return play_console.read_line(line)
    except ValidationError as error:
        return error


def _csv_row(number: int, entry: play_console.Entry, known: matching.Catalog, category: str, status: Status) -> Row:
    row = Row(number, "achievement", "")
    try:
        found = known.find(entry)
        row = replace(row, slug=found.slug if found else known.new_slug(entry))
        if found:
            return replace(row, definition=matching.changed(entry, found))
        check_slug(category, "category")
        return replace(row, definition=matching.made(entry, row.slug, category=category, status=status))
    except ValidationError as error:
        return replace(row, error=error)


def _refuse_shared_ids(rows: Sequence[Row], ids: Sequence[str]) -> list[Row]:
    """Refuse all rows that give one ID to several achievements; `ids` are those of the rows, '' if there is none."""
    sharing: dict[str, list[Row]] = defaultdict(list)
    for row, id_ in zip(rows, ids, strict=True):
        if id_:
            sharing[id_].append(row)
    errors = {
        id_: ValidationError({"id": _("Rows %(rows)s have the same ID.") % {"rows": _numbers(same)}})
        for id_, same in sharing.items()
        if len({row.slug for row in same}) > 1
    }
    return [replace(row, error=row.error or errors.get(id_)) for row, id_ in zip(rows, ids, strict=True)]


def _numbers(rows: Iterable[Row]) -> str:
    return ", ".join(str(row.number) for row in rows)


def _checked_text(text: str) -> str:
    """The text without the mark that some programs begin a file with."""
    if len(text) > MOST_BYTES or len(text.encode(errors="surrogatepass")) > MOST_BYTES:
        _refuse_file(_("A file has at most %(most)s bytes; this one has more.") % {"most": f"{MOST_BYTES:,}"})
    return text.removeprefix("\ufeff")


def _check_number(rows: int) -> None:
    if rows > MOST_ROWS:
        told = {"most": f"{MOST_ROWS:,}", "number": f"{rows:,}"}
        _refuse_file(_("A file has at most %(most)s definitions; this one has %(number)s.") % told)


def _refuse_file(reason: str) -> NoReturn:
    raise ValidationError({"file": reason}) from None


# Judging


def _existing() -> dict[tuple[Kind, str], Definition]:
    found: dict[tuple[Kind, str], Definition] = {("board", board.slug): board for board in boards.all()}
    return found | {("achievement", achievement.slug): achievement for achievement in catalog.all()}


def _doubles(rows: Iterable[Row]) -> dict[int, ValidationError]:
    """Return row number → reason for all rows that define the same thing: it is unclear which one is meant."""
    named: dict[tuple[Kind, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row.slug:
            named[row.kind, row.slug].append(row)
    return {
        row.number: ValidationError({"slug": _("Rows %(rows)s are the same.") % {"rows": _numbers(same)}})
        for same in named.values()
        if len(same) > 1
        for row in same
    }


def _changed(row: Row, before: Definition | None) -> tuple[str, ...] | None:
    """The fields that become different; None for what is new."""
    if row.definition is None:
        return ()
    return documents.differences(before, row.definition) if before else None


def _check_boards(rows: Iterable[Row], existing: Existing) -> Iterator[Refused]:
    known = {item.slug: item for item in existing.values() if isinstance(item, Board)}
    for row in rows:
        if isinstance(row.definition, Board):
            try:
                boards.check(row.definition, known.get(row.slug), known.values())
            except ValidationError as error:
                yield row, error
            known[row.slug] = row.definition


def _check_achievements(rows: Iterable[Row], existing: Existing) -> Iterator[Refused]:
    before = {item.slug: item for item in existing.values() if isinstance(item, Achievement)}
    known = catalog.owners(before.values())
    ordered, circling = _sort(rows, before)
    for row, achievement in circling:  # they see each other, so that the way around can be told
        _learn(known, before.get(row.slug), achievement)
    for row, achievement in (*ordered, *circling):
        try:
            catalog.check(achievement, before.get(row.slug), known)
        except ValidationError as error:
            yield row, error
        _learn(known, before.get(row.slug), achievement)  # if refused too: what waits for it is not at fault


def _sort(
    rows: Iterable[Row], existing: Mapping[str, Achievement]
) -> tuple[list[tuple[Row, Achievement]], list[tuple[Row, Achievement]]]:
    """The achievements of a file, each after what it waits for; and those that wait for each other, or for such.

    What stays as it is takes part: what is new may wait for it, and it for what changes.
    """
    given = {row.slug: (row, row.definition) for row in rows if isinstance(row.definition, Achievement)}
    final = {**existing, **{slug: achievement for slug, (_row, achievement) in given.items()}}
    known = catalog.owners(final.values())
    sorter = TopologicalSorter(
        {slug: [known[name].slug for name in item.prerequisites if name in known] for slug, item in final.items()}
    )
    with suppress(CycleError):  # all that is not held up by a circle can be had nevertheless
        sorter.prepare()
    ordered: list[str] = []
    while ready := sorter.get_ready():
        ordered += ready
        sorter.done(*ready)
    held_up = given.keys() - set(ordered)
    return [given[slug] for slug in ordered if slug in given], [it for slug, it in given.items() if slug in held_up]


def _learn(known: dict[str, Achievement], before: Achievement | None, after: Achievement) -> None:
    """What is called how once a definition is saved; a name that is taken stays with who has it."""
    for name in catalog.names(before) if before else ():
        if name in known and known[name].slug == after.slug:
            del known[name]
    for name in catalog.names(after):
        known.setdefault(name, after)


def _refusal(row: Row, error: ValidationError) -> Finding:
    messages = error.message_dict
    reasons = dict.fromkeys(message for found in messages.values() for message in found)
    return Finding(
        row.number, row.kind, quoted(row.slug), "refused", field=", ".join(messages), reason=" ".join(reasons)
    )


def _finding(row: Row, changed: tuple[str, ...] | None) -> Finding:
    if changed is None:
        return Finding(row.number, row.kind, row.slug, "new")
    return Finding(row.number, row.kind, row.slug, "changed" if changed else "same", changed)


# Writing


def _in_order(rows: Sequence[Row]) -> list[Row]:
    """Boards first, then the achievements, each after what it waits for."""
    ordered, circling = _sort(rows, {item.slug: item for item in catalog.all()})
    return [*(row for row in rows if row.kind == "board"), *(row for row, _achievement in (*ordered, *circling))]


def _define(row: Row, by: str) -> None:
    if isinstance(row.definition, Board):
        boards.define(row.definition, by=by)
    elif row.definition is not None:
        catalog.define(row.definition, by=by)
