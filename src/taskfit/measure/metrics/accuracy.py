"""Share of rows whose answer is the gold answer."""

from collections.abc import Sequence

from taskfit.core.text import Text

about = Text("share of rows answered right", "答对的行所占比例")
graded = False
corpus = False


def value(gold: str, answer: str | None) -> float:
    """Return 1.0 when the answer is the gold answer, else 0.0."""
    return float(answer == gold)


def compute(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> float:
    """Return the accuracy; 0.0 without rows."""
    del labels
    return sum(map(value, gold, answers)) / max(len(gold), 1)
