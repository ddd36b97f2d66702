"""Where the label stands in lines of text: found from all lines together, or not there."""

from collections.abc import Callable, Sequence

from taskfit.data.labels import is_closed

FEW_LABELS = 20

Pair = tuple[str, str]
Split = Callable[[str], Pair | None]


def hold_labels(lines: Sequence[str]) -> bool:
    """Return whether the lines are labelled rows rather than prose: a tab parts most of them, or few words begin them."""
    if _mostly(lines, _label_last):
        return True
    first = [pair[1] for pair in map(_label_word_first, lines) if pair is not None]
    return 2 <= len(set(first)) <= FEW_LABELS and is_closed(first)


def best_split(lines: Sequence[str]) -> Split | None:
    """Return the way of cutting a line whose labels are fewest, or None when none has few."""
    ways = (_label_last, _label_first) if _mostly(lines, _label_last) else (_label_word_first,)
    counted = [(len(_labels(lines, way)), way) for way in ways]
    count, best = min(counted, key=lambda item: item[0])
    return best if 0 < count <= max(FEW_LABELS, 0.3 * len(lines)) else None


def _mostly(lines: Sequence[str], way: Split) -> bool:
    return sum(way(line) is not None for line in lines) > 0.5 * len(lines)


def _labels(lines: Sequence[str], way: Split) -> set[str]:
    pairs = (way(line) for line in lines)
    return {pair[1] for pair in pairs if pair is not None}


def _label_last(line: str) -> Pair | None:
    text, tab, label = line.rpartition("\t")
    return (text, label) if tab else None


def _label_first(line: str) -> Pair | None:
    label, tab, text = line.partition("\t")
    return (text, label) if tab else None


def _label_word_first(line: str) -> Pair | None:
    label, space, text = line.partition(" ")
    return (text, label) if space else None
