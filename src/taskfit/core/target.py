"""Targets that are more than one label: entities in a text, several labels, a number; one text form for each.

Entities: `[{"start": 0, "end": 5, "label": "PER"}]`, characters of the example's text, `end` not included, sorted.
Several labels: `["food", "price"]`, sorted. A number: its shortest decimal form.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Span:
    """An entity: the characters from `start` up to `end` (not included), and what they are."""

    start: int
    end: int
    label: str


def spans_text(spans: Iterable[Span]) -> str:
    """Return the target that stands for the entities; each counts once."""
    ordered = [{"start": one.start, "end": one.end, "label": one.label} for one in sorted(set(spans))]
    return json.dumps(ordered, ensure_ascii=False)


def spans_of(target: str) -> tuple[Span, ...] | None:
    """Return the entities that a target stands for, sorted, or None when it is no list of entities."""
    found = [_span(one) for one in _list(target) or ()]
    if _list(target) is None or None in found:
        return None
    return tuple(sorted({one for one in found if one is not None}))


def names_text(names: Iterable[str]) -> str:
    """Return the target that stands for several labels, which may be none."""
    return json.dumps(sorted(set(names)), ensure_ascii=False)


def names_of(target: str) -> tuple[str, ...] | None:
    """Return the labels that a target stands for, sorted, or None when it is no list of texts."""
    found = _list(target)
    if found is None or not all(isinstance(one, str) and one.strip() for one in found):
        return None
    return tuple(sorted({str(one) for one in found}))


def number_of(target: str) -> float | None:
    """Return the number that a target stands for, or None when it is no finite number."""
    try:
        value = float(target.strip())
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in target else None


def number_text(value: float, digits: int = 15) -> str:
    """Return the target that stands for a number, with at most so many digits."""
    return f"{value:.{digits}g}"


def _list(target: str) -> list[object] | None:
    if not target.lstrip().startswith("["):
        return None
    try:
        found = json.loads(target)
    except (json.JSONDecodeError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _span(one: object) -> Span | None:
    if not isinstance(one, dict) or set(one) != {"start", "end", "label"}:
        return None
    start, end, label = one["start"], one["end"], one["label"]
    whole = all(isinstance(place, int) and not isinstance(place, bool) for place in (start, end))
    if not whole or not isinstance(label, str) or not label.strip() or not 0 <= start < end:
        return None
    return Span(start, end, label)
