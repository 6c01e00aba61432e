"""A calendar of days, a column a week, Monday on top; and the same in words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

CELL = 12


def calendar(days: Mapping[date, str], first: date, last: date) -> SafeString:
    """The days from `first`, a Monday, to `last`; those that are marked `done`, `frozen` or `moved` are filled."""
    weeks = (last - first).days // 7 + 1
    cells = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="10" height="10" rx="2.5"/>',
        (
            (days.get(day, "empty"), (number // 7) * CELL, 14 + number % 7 * CELL)
            for number, day in _numbered(first, last)
        ),
    )
    months = format_html_join("", '<text x="{}" y="9">{}</text>', _months(first, last))
    return format_html(
        '<div class="calendar" tabindex="0" role="group" aria-label="{}">'
        '<svg viewBox="0 0 {} {}" aria-hidden="true">{}{}</svg><ul class="visually-hidden">{}</ul></div>',
        *(_("Calendar of the last year"), weeks * CELL, 14 + 7 * CELL, months, cells, _in_words(days, first, last)),
    )


def _numbered(first: date, last: date) -> Iterator[tuple[int, date]]:
    return ((number, first + timedelta(days=number)) for number in range((last - first).days + 1))


def _months(first: date, last: date) -> Iterator[tuple[int, str]]:
    """Where each month begins, and its short name."""
    for number, day in _numbered(first, last):
        if day.day <= 7 and day.weekday() == 0 and (last - day).days > 14:
            yield number // 7 * CELL, date_format(day, "M")


def _in_words(days: Mapping[date, str], first: date, last: date) -> SafeString:
    """For those who cannot see it: each month with its days."""
    counts: dict[date, Counter[str]] = {}
    for _number, day in _numbered(first, last):
        counts.setdefault(day.replace(day=1), Counter())[days.get(day, "empty")] += 1
    return format_html_join("", "<li>{}</li>", ((_month_in_words(month, found),) for month, found in counts.items()))


def _month_in_words(month: date, found: Counter[str]) -> str:
    done = ngettext("%(n)s day", "%(n)s days", found["done"]) % {"n": found["done"]}
    text = f"{date_format(month, 'YEAR_MONTH_FORMAT')}: {done}"
    if found["frozen"]:
        text += ", " + ngettext("%(n)s frozen", "%(n)s frozen", found["frozen"]) % {"n": found["frozen"]}
    if found["moved"]:
        moved = ngettext("%(n)s while changing time zones", "%(n)s while changing time zones", found["moved"])
        text += ", " + moved % {"n": found["moved"]}
    return text
