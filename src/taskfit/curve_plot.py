"""A curve drawn with braille dots: two by four of them in every cell of the terminal."""

import math
from collections.abc import Sequence
from itertools import pairwise

DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # by column, then by row from the top
BLANK = 0x2800


def plot(values: Sequence[float], *, width: int, height: int) -> list[str]:
    """Return the values, in order, as `height` lines of `width` cells; many values in one column are averaged."""
    columns = squeezed([value for value in values if math.isfinite(value)], 2 * width)
    if not columns:
        return [""] * height
    low, high = min(columns), max(columns)
    span, rows = high - low or 1.0, 4 * height
    cells = [[BLANK] * width for _ in range(height)]
    last: int | None = None
    for x, value in enumerate(columns):
        y = min(rows - 1, int((high - value) / span * (rows - 1) + 0.5))
        for dot in _between(last, y):
            cells[dot // 4][x // 2] |= DOTS[x % 2][dot % 4]
        last = y
    return ["".join(map(chr, row)).rstrip(chr(BLANK)) for row in cells]


def squeezed(values: Sequence[float], most: int) -> list[float]:
    """Return at most `most` values: means of neighbours where there are more."""
    if len(values) <= most:
        return list(values)
    bounds = [round(place * len(values) / most) for place in range(most + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in pairwise(bounds)]


def _between(before: int | None, now: int) -> range:
    """Return the rows to fill in a column, so that a steep curve has no gaps."""
    if before is None or abs(before - now) <= 1:
        return range(now, now + 1)
    return range(before + 1, now + 1) if before < now else range(now, before)
