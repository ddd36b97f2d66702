"""How many rows each label has: one label only, rare labels, imbalance."""

from collections import Counter
from collections.abc import Iterator

from taskfit.core.text import Text
from taskfit.data.finding import RowFinding, Rows, places, quoted
from taskfit.data.labels import is_closed

FEWEST = 10
MOST_UNEVEN = 10


def check(rows: Rows) -> Iterator[RowFinding]:
    """Yield findings about the counts of the labels of a closed set."""
    targets = [example.target for example in rows.examples if example.target is not None]
    if len(targets) < len(rows.examples) or not is_closed(targets):
        return
    counts = Counter(targets)
    if len(counts) == 1:
        what = Text(
            f"every row has the label '{targets[0]}'; there is nothing to tell apart",
            f"所有行的标签都是 '{targets[0]}'，没有可区分的内容",
        )
        yield RowFinding("one_label", "block", what, len(targets))
        return
    least = max(FEWEST, 0.1 * len(targets) / len(counts))
    rare = sorted(name for name, count in counts.items() if count < least)
    if rare:
        names = quoted([f"{name} ({counts[name]})" for name in rare])
        what = Text(
            f"{len(rare)} labels have fewer than {least:.0f} rows: {names.en}; collect more, or merge them",
            f"{len(rare)} 个标签不足 {least:.0f} 行：{names.zh}；请补充或合并",
        )
        yield RowFinding(
            "rare_labels", "warn", what, len(rare), places(one for one in rows.examples if one.target in rare)
        )
    most, fewest = max(counts.values()), min(counts.values())
    if most > MOST_UNEVEN * fewest:
        top = max(counts, key=lambda name: (counts[name], name))
        share = most / len(targets)
        what = Text(
            f"'{top}' has {share:.0%} of the rows; read macro-F1 beside accuracy",
            f"'{top}' 占 {share:.0%} 的行；请同时看宏平均 F1 与准确率",
        )
        yield RowFinding("uneven_labels", "warn", what, most)
