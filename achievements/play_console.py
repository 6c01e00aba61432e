"""The columns of `AchievementsMetadata.csv`, which Google Play Console imports achievements from.

Source: https://developer.android.com/games/pgs/integrate-achievements (“Import achievements”, “Zip file guidelines”).
Seven values a row: Name, Description, Incremental value (True or False), Steps Needed (blank unless it is incremental),
Initial State (Hidden or Revealed), Points, List Order (blank, or greater than zero). Play Console takes no header row.

Here a header row is read too. Below one, the columns may stand in any order, and there may be one more, ID: an
achievement's slug, or the id that Play Console gave it, which an achievement keeps in its metadata.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from achievements.definitions import Achievement, Release
from gamify_site.texts import quoted

COLUMNS = ("Name", "Description", "Incremental value", "Steps Needed", "Initial State", "Points", "List Order")
ID = "ID"
KEPT_AS = "play_console_id"  # in the metadata
FILE_NAME = "AchievementsMetadata.csv"
FORMULA = re.compile(r"'*[=+\-@]")  # what spreadsheets take for one, and that with the mark that stops them
NUMBER = re.compile(r"[0-9]{1,16}")
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

# Limits of Play Console.
LONGEST = {"Name": 100, "Description": 500}
MOST_STEPS = 10_000
POINTS = range(5, 201, 5)
MOST_ROWS, MOST_POINTS = 400, 2000


@dataclass(frozen=True, slots=True)
class Line:
    """The cells of a row, the names of their columns, and the number of the line that it begins on."""

    number: int
    cells: tuple[str, ...]
    columns: tuple[str, ...] = COLUMNS


@dataclass(frozen=True, slots=True)
class Entry:
    """What a row says. `steps` is None where it is not incremental, `position` where the list order is blank."""

    name: str
    description: str
    steps: int | None
    hidden: bool
    points: int
    position: int | None
    id: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What to know of a row before Play Console gets it; of the file as a whole where `row` is 0."""

    row: int
    name: str
    reason: str


def write(achievements: Iterable[Achievement], *, with_ids: bool = False) -> str:
    """One row for each release of those that are published: by list order, then by name.

    `with_ids` adds a header and the column ID, which Play Console does not take.
    """
    entries = [entry(achievement, release) for achievement, release in _published(achievements)]
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if with_ids:
        writer.writerow((*COLUMNS, ID))
    writer.writerows((*_cells(it), it.id) if with_ids else _cells(it) for it in entries)
    return text.getvalue()


def entry(achievement: Achievement, release: Release) -> Entry:
    """What the row of a release says. Commas become semicolons, because Play Console takes none."""
    return Entry(
        name=without_commas(release.name),
        description=without_commas(achievement.description),
        steps=release.target if release.target > 1 else None,
        hidden=achievement.hidden,
        points=release.points,
        position=achievement.position or None,
        id=release.slug if achievement.tiers else kept_id(achievement) or release.slug,
    )


def without_commas(text: str) -> str:
    """A text as Play Console takes it."""
    return text.replace(",", ";")


def kept_id(achievement: Achievement) -> str:
    """The id that Play Console gave an achievement; empty where none is known."""
    found = achievement.metadata.get(KEPT_AS)
    return found if isinstance(found, str) and IDENTIFIER.fullmatch(found) else ""


def notices(achievements: Iterable[Achievement]) -> list[Notice]:
    """What Play Console would refuse of the file that `write` makes for it, or show otherwise; row by row."""
    rows = [(entry(*of), *of) for of in _published(achievements)]
    numbers = defaultdict(list)
    for number, (said, _achievement, _release) in enumerate(rows, start=1):
        numbers[said.name].append(number)
    found = [
        Notice(number, release.name, reason)
        for number, (said, achievement, release) in enumerate(rows, start=1)
        for reason in (
            *_text_reasons("Name", release.name),
            *_same_name(numbers[said.name]),
            *_text_reasons("Description", achievement.description),
            *_number_reasons(said),
        )
    ]
    return [*found, *(Notice(0, "", reason) for reason in _file_reasons([said for said, *_of in rows]))]


def read_lines(text: str) -> Iterator[Line]:
    """The rows that are not blank, without a header. Raises `ValidationError` at `file` for what is no CSV."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    number, is_first = 1, True
    columns: tuple[str, ...] = COLUMNS
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                header = _header(cells) if is_first else None
                columns = header or columns
                if not header:
                    yield Line(number, tuple(cells), columns)
                is_first = False
            number = reader.line_num + 1
    except csv.Error as error:
        reason = _("Line %(line)s: this is no CSV (%(reason)s).") % {"line": number, "reason": error}
        raise ValidationError({"file": reason}) from None


def read_line(line: Line) -> Entry:
    """What a row says. Raises `ValidationError` with the field."""
    if len(line.cells) != len(line.columns):
        told = {"needed": len(line.columns), "names": ", ".join(line.columns), "found": len(line.cells)}
        raise ValidationError({"": _("There must be %(needed)s columns (%(names)s), and there are %(found)s.") % told})
    cells = dict(zip(line.columns, line.cells, strict=True))
    said = {column: cell.strip() for column, cell in cells.items()}
    is_counted = _choice("type", said["Incremental value"], "True", "False")
    return Entry(
        name=_unmarked(cells["Name"]),
        description=_unmarked(cells["Description"]),
        steps=_steps(said["Steps Needed"], is_counted=is_counted),
        hidden=_choice("hidden", said["Initial State"], "Hidden", "Revealed"),
        points=_number("points", said["Points"]),
        position=_number("position", said["List Order"]) if said["List Order"] else None,
        id=_identifier(said.get(ID, "")),
    )


def _published(achievements: Iterable[Achievement]) -> list[tuple[Achievement, Release]]:
    """The releases that there is a row for, in the order of the file."""
    published = [item for item in achievements if item.status == "published"]
    ordered = sorted(published, key=_place)
    return [(item, release) for item in ordered for release in item.releases()]


def _place(item: Achievement) -> tuple[int, str, str, str]:
    """By what the file says, so that it is the same wherever it has been imported."""
    name = without_commas(item.name)
    return item.position, name.casefold(), name, item.slug


def _cells(said: Entry) -> tuple[str, ...]:
    return (
        _marked(said.name),
        _marked(said.description),
        str(said.steps is not None),
        "" if said.steps is None else str(said.steps),
        "Hidden" if said.hidden else "Revealed",
        str(said.points),
        str(said.position or ""),
    )


def _header(cells: Sequence[str]) -> tuple[str, ...] | None:
    """The columns that a header row names; None where it is none."""
    known = {column.casefold(): column for column in (*COLUMNS, ID)}
    found = [known.get(cell.strip().casefold(), "") for cell in cells]
    is_header = len(set(found)) == len(found) and {*COLUMNS} <= {*found} <= {*COLUMNS, ID}
    return tuple(found) if is_header else None


def _marked(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: https://owasp.org/www-community/attacks/CSV_Injection."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def _unmarked(cell: str) -> str:
    """What `_marked` was given."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


# What Play Console takes


def _text_reasons(column: str, text: str) -> Iterator[str]:
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2  # as Java counts, where an emoji is at least two
    if length > LONGEST[column]:
        told = {"column": column, "length": length, "most": LONGEST[column]}
        yield _("%(column)s: it has %(length)s characters, and Play Console takes %(most)s.") % told
    if "," in text:
        yield _("%(column)s: semicolons stand for its commas, which Play Console does not take.") % {"column": column}
    if '"' in text:
        yield _("%(column)s: see in Play Console whether its quotation marks have arrived.") % {"column": column}
    if FORMULA.match(text):
        yield (
            _("%(column)s: a ' before it keeps spreadsheets from running it as a formula. Remove it in Play Console.")
            % {"column": column}
        )


def _same_name(rows: Sequence[int]) -> Iterator[str]:
    if len(rows) > 1:
        told = {"rows": ", ".join(map(str, rows))}
        yield _("Name: rows %(rows)s have the same, and in Play Console each needs its own.") % told


def _number_reasons(said: Entry) -> Iterator[str]:
    if said.points not in POINTS:
        reason = _("Points: Play Console takes multiples of 5 from %(least)s to %(most)s, not %(points)s.")
        yield reason % {"points": said.points, "least": POINTS[0], "most": POINTS[-1]}
    if said.steps is not None and said.steps > MOST_STEPS:
        reason = _("Steps Needed: Play Console takes at most %(most)s, not %(steps)s.")
        yield reason % {"steps": f"{said.steps:,}", "most": f"{MOST_STEPS:,}"}


def _file_reasons(entries: Sequence[Entry]) -> Iterator[str]:
    points = sum(said.points for said in entries)
    if points > MOST_POINTS:
        reason = _("All together have %(points)s points; Play Console takes %(most)s for a game.")
        yield reason % {"points": f"{points:,}", "most": f"{MOST_POINTS:,}"}
    if len(entries) > MOST_ROWS:
        reason = _("There are %(number)s rows; Play Console takes %(most)s achievements for a game.")
        yield reason % {"number": f"{len(entries):,}", "most": MOST_ROWS}


# Reading


def _choice(field: str, cell: str, yes: str, no: str) -> bool:
    """Whether a cell says yes or no; spreadsheets write TRUE for True."""
    if cell.casefold() not in {yes.casefold(), no.casefold()}:
        raise ValidationError(
            {field: _("Write %(yes)s or %(no)s, not “%(cell)s”.") % {"yes": yes, "no": no, "cell": quoted(cell)}}
        )
    return cell.casefold() == yes.casefold()


def _number(field: str, cell: str) -> int:
    if not NUMBER.fullmatch(cell):
        raise ValidationError({field: _("Write a whole number, not “%(cell)s”.") % {"cell": quoted(cell)}})
    return int(cell)


def _steps(cell: str, *, is_counted: bool) -> int | None:
    """The steps of what is incremental. Nothing else has any, but some programs write one."""
    if is_counted:
        return _number("target", cell)
    if cell not in {"", "0", "1"}:
        raise ValidationError(
            {"target": _("Only incremental ones have steps. Leave them out, or write True before them.")}
        )
    return None


def _identifier(cell: str) -> str:
    if cell and not IDENTIFIER.fullmatch(cell):
        raise ValidationError(
            {"id": _("An ID has 1 to 64 letters, digits, '_' or '-', and begins with a letter or digit.")}
        )
    return cell
