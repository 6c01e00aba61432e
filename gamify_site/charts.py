"""Small charts: a line that rises, bars with one's own marked, bars of days, a ring. Each says itself as text."""

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 300, 72


def area(values: Sequence[float], label: str) -> SafeString:
    """A line over a filled area, from the first value to the last; `label` says in words what it shows."""
    most = max(values, default=0) or 1
    step = WIDTH / max(1, len(values) - 1)
    heights = [HEIGHT - 4 - (HEIGHT - 12) * value / most for value in values]
    line = "L".join(f"{place * step:.1f} {height:.1f}" for place, height in enumerate(heights))
    return format_html(
        '<svg class="chart area" viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="none">'
        '<path class="fill" d="M0 {}L{}L{} {}Z"/><path class="line" d="M{}"/></svg>',
        *(WIDTH, HEIGHT, label, HEIGHT, line, WIDTH, HEIGHT, line),
    )


def bars(counts: Sequence[int], mine: int | None, label: str) -> SafeString:
    """A bar for each count, the one at index `mine` marked; `label` says in words what it shows."""
    most, width = max(counts, default=0) or 1, WIDTH / max(1, len(counts))
    drawn = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>',
        (
            ("mine" if place == mine else "bar", *_rounded(place * width + 1, HEIGHT - height, width - 2, height))
            for place, count in enumerate(counts)
            for height in [max(2.0 if count else 0.5, (HEIGHT - 4) * count / most)]
        ),
    )
    return format_html(
        '<svg class="chart bars" viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="none">{}</svg>',
        *(WIDTH, HEIGHT, label, drawn),
    )


def days(values: Sequence[tuple[str, int]], label: str) -> SafeString:
    """A bar for each day, named by a text, below the line where it is less than 0; `label` says in words what it shows.

    The pointer over a bar tells the day and its number; all else needs the numbers as a table beside the chart.
    """
    most, least = max(0, *(value for _, value in values)), min(0, *(value for _, value in values))
    scale = (HEIGHT - 8) / ((most - least) or 1)
    line, width = 4 + most * scale, WIDTH / len(values)
    drawn = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
        (
            (
                "less" if value < 0 else "day",
                *_rounded(place * width + width / 8, line if value < 0 else line - height, width * 3 / 4, height),
                name,
            )
            for place, (name, value) in enumerate(values)
            for height in [max(1.5, abs(value) * scale) if value else 0.5]
        ),
    )
    return format_html(
        '<svg class="chart bars" viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="none">{}</svg>',
        *(WIDTH, HEIGHT, label, drawn),
    )


def _rounded(*values: float) -> tuple[str, ...]:
    return tuple(f"{value:.1f}" for value in values)


def ring(percent: int, label: str) -> SafeString:
    """A ring that is closed at 100 percent, with the number in the middle."""
    return format_html(
        '<svg class="ring" viewBox="0 0 48 48" role="img" aria-label="{}">'
        '<circle class="track" cx="24" cy="24" r="20"/>'
        '<circle class="done" cx="24" cy="24" r="20" pathLength="100" stroke-dasharray="{} 101"/>'
        '<text x="24" y="28" text-anchor="middle" aria-hidden="true">{} %</text></svg>',
        *(label, percent, percent),
    )
