"""Axes for pictures: where a value lies, which round values are marked, where a name has room."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """Maps values from `low` to `high` to positions from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Return the position of `value`."""
        low, high, one = (math.log10(part) if self.log else part for part in (self.low, self.high, value))
        return self.start + (one - low) / (high - low) * (self.end - self.start)

    def ticks(self, about: int = 7) -> list[float]:
        """Return the round values to mark, at most `about` on a linear axis."""
        if not self.log:
            return _round_values(self.low, self.high, about)
        for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
            found = [one for one in _decades(self.low, self.high, steps) if self.low <= one <= self.high]
            if len(found) >= 4:
                break
        return found if len(found) >= 2 else _round_values(self.low, self.high, about)


def axis_around(values: Iterable[float], start: float, end: float, *, margin: float = 0.08) -> Axis:
    """Return a linear axis with room around the finite `values`."""
    found = [value for value in values if math.isfinite(value)]
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    room = (high - low) * margin or abs(high) * 0.1 or 1.0
    return Axis(low - room, high + room, start, end)


def log_axis_around(values: Iterable[float], start: float, end: float) -> Axis:
    """Return a logarithmic axis around the positive `values`, at least a factor of four long."""
    found = [math.log10(value) for value in values]
    low, high = min(found), max(found)
    room = max((high - low) * 0.07, (math.log10(4) - (high - low)) / 2)
    return Axis(10 ** (low - room), 10 ** (high + room), start, end, log=True)


@dataclass(frozen=True)
class Box:
    """A rectangle on the picture."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: "Box") -> float:
        """Return the area that both cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide * high if wide > 0 and high > 0 else 0.0

    def inside(self, other: "Box") -> bool:
        """Tell whether `other` covers all of this box."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


def roomy_place(candidates: Sequence[Box], taken: Sequence[Box], frame: Box) -> Box:
    """Return the first candidate inside `frame` that covers nothing taken, else the one that covers least."""
    within = [one for one in candidates if one.inside(frame)] or list(candidates)
    return min(within, key=lambda one: sum(one.overlap(other) for other in taken))


def spread(positions: Sequence[float], gap: float) -> list[float]:
    """Return the positions moved apart so that neighbours are at least `gap` from each other.

    >>> spread([10.0, 10.0, 50.0], 8.0)
    [6.0, 14.0, 50.0]
    """
    order = sorted(range(len(positions)), key=lambda place: positions[place])
    groups: list[list[int]] = []
    for place in order:
        groups.append([place])
        while len(groups) > 1 and _first(groups[-1], positions, gap) - _last(groups[-2], positions, gap) < gap:
            tail = groups.pop()
            groups[-1] += tail
    moved = [0.0] * len(positions)
    for group in groups:
        for number, place in enumerate(group):
            moved[place] = _first(group, positions, gap) + number * gap
    return moved


def path(points: Iterable[tuple[float, float]]) -> str:
    """Return the `d` of a line through the points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _first(group: Sequence[int], positions: Sequence[float], gap: float) -> float:
    return sum(positions[place] for place in group) / len(group) - gap * (len(group) - 1) / 2


def _last(group: Sequence[int], positions: Sequence[float], gap: float) -> float:
    return _first(group, positions, gap) + gap * (len(group) - 1)


def _round_values(low: float, high: float, about: int) -> list[float]:
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(one * power for one in (1, 2, 5, 10) if one * power >= rough)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _decades(low: float, high: float, steps: Sequence[float]) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [step * 10.0**power for power in range(first, last + 1) for step in steps]
