"""The shapes of badges, as SVG path data for a view box of 64 × 64."""

from math import cos, pi, sin

MIDDLE = 32.0


def _around(radii: tuple[float, ...], turn: float = -pi / 2) -> str:
    """A closed line through points around the middle, at these distances from it, the first one on top."""
    step = 2 * pi / len(radii)
    points = [
        (MIDDLE + radius * cos(turn + index * step), MIDDLE + radius * sin(turn + index * step))
        for index, radius in enumerate(radii)
    ]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def _scalloped(petals: int, radius: float, depth: float) -> str:
    """A rosette: petals around a circle, as quadratic curves."""
    step = 2 * pi / petals
    corner = [(MIDDLE + radius * cos(i * step), MIDDLE + radius * sin(i * step)) for i in range(petals)]
    bow = [
        (MIDDLE + (radius + depth) * cos((i + 0.5) * step), MIDDLE + (radius + depth) * sin((i + 0.5) * step))
        for i in range(petals)
    ]
    start = f"M{corner[0][0]:.1f} {corner[0][1]:.1f}"
    curves = (
        f"Q{bow[i][0]:.1f} {bow[i][1]:.1f} {corner[(i + 1) % petals][0]:.1f} {corner[(i + 1) % petals][1]:.1f}"
        for i in range(petals)
    )
    return start + "".join(curves) + "Z"


SHAPES = {
    "circle": "M32 2a30 30 0 1 0 0 60a30 30 0 1 0 0-60Z",
    "hexagon": _around((30.5,) * 6),
    "shield": "M32 2C41 7 50 9 58 9C59 34 52 52 32 62C12 52 5 34 6 9C14 9 23 7 32 2Z",
    "rosette": _scalloped(12, 26.5, 7.5),
    "square": "M17 4H47C55 4 60 9 60 17V47C60 55 55 60 47 60H17C9 60 4 55 4 47V17C4 9 9 4 17 4Z",
    "octagon": _around((31.0,) * 8, -pi / 2 + pi / 8),
    "star": _around((31.0, 25.0) * 8),
    "drop": _scalloped(6, 26.0, 12.0),
}
