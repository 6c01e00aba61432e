"""The columns of `AchievementsMetadata.csv`, which Google Play Console imports achievements from.

Source: https://developer.android.com/games/pgs/integrate-achievements (“Import achievements”, “Zip file guidelines”).
Seven values a row: Name, Description, Incremental value (True or False), Steps Needed (blank unless it is incremental),
Initial State (Hidden or Revealed), Points, List Order. Play Console takes no header row and no commas within names and
descriptions; here both are read, and what is written has no header row.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from achievements.definitions import Achievement, Status

COLUMNS = ("Name", "Description", "Incremental value", "Steps Needed", "Initial State", "Points", "List Order")
FILE_NAME = "AchievementsMetadata.csv"
FORMULA = re.compile(r"'*[=+\-@]")  # what spreadsheets take for one, and that with the mark that stops them
NUMBER = re.compile(r"[0-9]{1,16}")
LONGEST_SLUG = 64
NAMELESS = "achievement"


@dataclass(frozen=True, slots=True)
class Line:
    """The cells of a row, and the number of the line that it begins on."""

    number: int
    cells: tuple[str, ...]


def write(achievements: Iterable[Achievement]) -> str:
    """One row for each release of those that are published: by list order, then by name."""
    published = [item for item in achievements if item.status == "published"]
    ordered = sorted(published, key=lambda item: (item.position, item.name.casefold(), item.name, _rows(item)))
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(row for item in ordered for row in _rows(item))
    return text.getvalue()


def read_lines(text: str) -> Iterator[Line]:
    """The rows that are not blank, without a header. Raises `ValidationError` at `file` for what is no CSV."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    number, is_first = 1, True
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if not (is_first and _is_header(cells)):
                    yield Line(number, tuple(cells))
                is_first = False
            number = reader.line_num + 1
    except csv.Error as error:
        reason = _("Line %(line)s: this is no CSV (%(reason)s).") % {"line": number, "reason": error}
        raise ValidationError({"file": reason}) from None


def read_line(line: Line, *, slug: str, category: str, status: Status) -> Achievement:
    """The achievement that a row says: a counter where it is incremental, else a milestone.

    Raises `ValidationError` with the field.
    """
    if len(line.cells) != len(COLUMNS):
        raise ValidationError(
            {
                "": _("There must be %(needed)s columns (%(names)s), and there are %(found)s.")
                % {"needed": len(COLUMNS), "names": ", ".join(COLUMNS), "found": len(line.cells)}
            }
        )
    name, description, *rest = (_unmarked(cell) for cell in line.cells)
    incremental, steps, state, points, order = (cell.strip() for cell in rest)
    is_counter = _choice("type", incremental, "True", "False")
    return Achievement(
        slug=slug,
        name=name,
        description=description,
        type="counter" if is_counter else "milestone",
        action=slug.replace("-", "_"),
        target=_number("target", steps) if is_counter else _no_steps(steps),
        points=_number("points", points),
        category=category,
        hidden=_choice("hidden", state, "Hidden", "Revealed"),
        status=status,
        position=_number("position", order) if order else 0,
    )


def slugs(lines: Iterable[Line]) -> Iterator[str]:
    """A slug for each row, made from its name; the same again gets -2, -3 … at its end."""
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    for line in lines:
        slug = base = slugify(_unmarked(line.cells[0]))[:LONGEST_SLUG].rstrip("-_") or NAMELESS
        while slug in taken:
            number = numbers[base] = numbers.get(base, 1) + 1
            slug = f"{base[: LONGEST_SLUG - 1 - len(str(number))]}-{number}"
        taken.add(slug)
        yield slug


def _rows(achievement: Achievement) -> list[tuple[str, ...]]:
    """A row for each release."""
    is_counted = achievement.type != "milestone"
    return [
        (
            _marked(release.name),
            _marked(achievement.description),
            str(is_counted),
            str(release.target) if is_counted else "",
            "Hidden" if achievement.hidden else "Revealed",
            str(release.points),
            str(achievement.position),
        )
        for release in achievement.releases()
    ]


def _is_header(cells: Sequence[str]) -> bool:
    return [cell.strip().casefold() for cell in cells] == [column.casefold() for column in COLUMNS]


def _marked(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: https://owasp.org/www-community/attacks/CSV_Injection."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def _unmarked(cell: str) -> str:
    """What `_marked` was given."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def _choice(field: str, cell: str, yes: str, no: str) -> bool:
    """Whether a cell says yes or no; spreadsheets write TRUE for True."""
    if cell.casefold() not in {yes.casefold(), no.casefold()}:
        raise ValidationError(
            {field: _("Write %(yes)s or %(no)s, not “%(cell)s”.") % {"yes": yes, "no": no, "cell": cell}}
        )
    return cell.casefold() == yes.casefold()


def _number(field: str, cell: str) -> int:
    if not NUMBER.fullmatch(cell):
        raise ValidationError({field: _("Write a whole number, not “%(cell)s”.") % {"cell": cell}})
    return int(cell)


def _no_steps(cell: str) -> int:
    """The target of what is not incremental."""
    if cell not in {"", "0", "1"}:
        raise ValidationError(
            {"target": _("Only incremental ones have steps. Leave them out, or write True before them.")}
        )
    return 1
