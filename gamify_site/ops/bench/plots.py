"""Plots as plain SVG files: lines over the number of players, for reading in light and dark."""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 44, 52
LABEL_HEIGHT = 16  # least distance of two names at the ends of their lines
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
LINES = 5  # about so many across a linear axis
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #333 }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #bbb; stroke-width: 1 }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round }
.s0 { stroke: #0b62c4 } .s1 { stroke: #b3470b } .s2 { stroke: #1b7a3d } .s3 { stroke: #8a2be2 } .s4 { stroke: #b00060 }
.d0 { fill: #0b62c4 } .d1 { fill: #b3470b } .d2 { fill: #1b7a3d } .d3 { fill: #8a2be2 } .d4 { fill: #b00060 }
.ground { fill: #fff }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd }
  .grid { stroke: #555 }
  .s0 { stroke: #6db1ff } .s1 { stroke: #ff9d5c } .s2 { stroke: #63d38a } .s3 { stroke: #c9a0ff }
  .s4 { stroke: #ff7ab8 }
  .d0 { fill: #6db1ff } .d1 { fill: #ff9d5c } .d2 { fill: #63d38a } .d3 { fill: #c9a0ff } .d4 { fill: #ff7ab8 }
  .ground { fill: #16181c }
}
"""
Points = Sequence[tuple[float, float]]  # players, value


def lines(title: str, unit: str, series: Mapping[str, Points], *, log: bool = False) -> str:
    """A line for each of up to five series, named at its end; players on a logarithmic axis, values too with `log`.

    All values must be greater than 0 with `log`, and none less than 0 else.
    """
    across = _Across([players for points in series.values() for players, _ in points])
    values = [value for points in series.values() for _, value in points]
    up: _Up = _LogUp(values) if log else _Up(values)
    middle, side = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        f'<text class="title" x="{LEFT}" y="26">{escape(title)}</text>',
        f'<text x="{middle:.0f}" y="{HEIGHT - 12}" text-anchor="middle">players on the board</text>',
        f'<text transform="translate(18 {side:.0f}) rotate(-90)" text-anchor="middle">{escape(unit)}</text>',
        *_grid(across, up),
        *_drawn(series, across, up),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Across:
    """The axis of players, a step for each power of ten."""

    def __init__(self, values: Sequence[float]) -> None:
        self.low, self.high = math.log10(min(values)), math.log10(max(values))

    def at(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(value) - self.low) / ((self.high - self.low) or 1)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9) + 1)]


class _Up:
    """The axis of values, from 0 on."""

    def __init__(self, values: Sequence[float]) -> None:
        rough = (max(values) or 1) / LINES
        power = 10.0 ** math.floor(math.log10(rough))
        self.step = next(step * power for step in STEPS if step * power >= rough * 0.999)
        self.top = self.step * math.ceil(max(values) / self.step - 1e-9) or self.step

    def share(self, value: float) -> float:
        return value / self.top

    def ticks(self) -> list[float]:
        return [self.step * number for number in range(round(self.top / self.step) + 1)]

    def at(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * self.share(value)


class _LogUp(_Up):
    """The axis of values, a step for each power of ten."""

    def __init__(self, values: Sequence[float]) -> None:
        self.low, self.high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) + 1e-9)

    def share(self, value: float) -> float:
        return (math.log10(value) - self.low) / ((self.high - self.low) or 1)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def _grid(across: _Across, up: _Up) -> list[str]:
    found = []
    for value in up.ticks():
        height = up.at(value)
        found.append(f'<path class="grid" d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}"/>')
        found.append(f'<text x="{LEFT - 8}" y="{height + 4:.1f}" text-anchor="end">{short(value)}</text>')
    for value in across.ticks():
        place = across.at(value)
        found.append(f'<text x="{place:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{short(value)}</text>')
    return found


def _drawn(series: Mapping[str, Points], across: _Across, up: _Up) -> list[str]:
    names = _apart({name: up.at(points[-1][1]) for name, points in series.items()})
    found = []
    for number, (name, points) in enumerate(series.items()):
        places = [(across.at(players), up.at(value)) for players, value in points]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        found.append(f'<path class="line s{number}" d="M{path}"/>')
        found += [f'<circle class="d{number}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in places]
        found.append(f'<circle class="d{number}" cx="{WIDTH - RIGHT + 16}" cy="{names[name]:.1f}" r="4"/>')
        found.append(f'<text x="{WIDTH - RIGHT + 26}" y="{names[name] + 4:.1f}">{escape(name)}</text>')
    return found


def _apart(heights: Mapping[str, float]) -> dict[str, float]:
    """Where names go so that none covers another: in the order of their lines, no nearer than a line of text."""
    found: dict[str, float] = {}
    last = -math.inf
    for name, height in sorted(heights.items(), key=lambda it: it[1]):
        last = max(height, last + LABEL_HEIGHT)
        found[name] = last
    over = max(0.0, last - (HEIGHT - BOTTOM))
    return {name: height - over for name, height in found.items()}


def short(value: float) -> str:
    """A number as an axis tells it: 10 k, 1 M, 0.5."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
