"""The same text with different labels: no model can be right on all of them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from taskfit.core.example import Example
from taskfit.core.text import Text
from taskfit.data.duplicates import key_of
from taskfit.data.finding import RowFinding, Rows, places
from taskfit.data.labels import is_closed

MOST = 0.01


@dataclass(frozen=True)
class Conflicts:
    """Texts that stand with more than one label; `wrong` rows are those that any answer per text must miss."""

    texts: int
    rows: tuple[Example, ...]
    wrong: int


def conflicts_in(examples: Sequence[Example]) -> Conflicts:
    """Return the conflicts among the rows, by exact duplicates."""
    alike: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        alike[key_of(example)].append(example)
    torn = [same for same in alike.values() if len({example.target for example in same}) > 1]
    wrong = sum(len(same) - max(Counter(example.target for example in same).values()) for same in torn)
    return Conflicts(len(torn), tuple(example for same in torn for example in same), wrong)


def check(rows: Rows) -> Iterator[RowFinding]:
    """Yield a finding with the bound 1 - sum(most frequent label per text) / rows on the accuracy that is possible."""
    found = conflicts_in(rows.examples)
    if not found.texts or not is_closed([example.target or "" for example in rows.examples]):
        return
    share = found.wrong / len(rows.examples)
    what = Text(
        f"{found.texts} texts stand with different labels ({len(found.rows)} rows); "
        f"at least {share:.2%} of the rows cannot be right",
        f"{found.texts} 个文本带有不同的标签（共 {len(found.rows)} 行）；至少 {share:.2%} 的行不可能答对",
    )
    yield RowFinding("conflicts", "block" if share > MOST else "warn", what, found.texts, places(found.rows))
