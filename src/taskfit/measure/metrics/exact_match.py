"""Share of rows whose answer is the gold text, but for case, width, spaces and closing punctuation."""

import unicodedata
from collections.abc import Sequence

from taskfit.core.text import Text

about = Text(
    "share of answers equal to the gold text (case, width, spaces and closing punctuation aside)",
    "与标准答案一致的比例（忽略大小写、全半角、空白与句末标点）",
)
graded = False
corpus = False

_QUOTES = "\"'“”‘’「」『』`"
_CLOSING = ".。!！"


def value(gold: str, answer: str | None) -> float:
    """Return 1.0 when the answer is the gold text, else 0.0."""
    return float(answer is not None and _plain(gold) == _plain(answer))


def compute(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> float:
    """Return the share of exact matches; 0.0 without rows."""
    del labels
    return sum(map(value, gold, answers)) / max(len(gold), 1)


def _plain(text: str) -> str:
    words = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    # A text of punctuation only, such as "!", is its own answer.
    return words.strip(_QUOTES).rstrip(_CLOSING).strip(_QUOTES + " ") or words
