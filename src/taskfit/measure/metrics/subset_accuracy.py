"""Share of rows all of whose labels are answered, and no other."""

from collections.abc import Sequence

from taskfit.core.text import Text
from taskfit.measure.counts import listed

about = Text("share of rows whose labels are all right", "标签全部答对的行所占比例")
graded = False
corpus = False


def value(gold: str, answer: str | None) -> float:
    """Return 1.0 when exactly the labels of the gold answer are answered."""
    return float(answer is not None and set(listed(gold)) == set(listed(answer)))


def compute(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> float:
    """Return the subset accuracy; 0.0 without rows."""
    del labels
    return sum(map(value, gold, answers)) / max(len(gold), 1)
