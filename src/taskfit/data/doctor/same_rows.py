"""Rows that say the same thing, exactly or nearly; and groups so large that no split can be even."""

from collections import Counter
from collections.abc import Iterator

from taskfit.core.text import Text
from taskfit.data.duplicates import duplicate_groups, key_of
from taskfit.data.finding import RowFinding, Rows, places

LARGE = 0.05


def check(rows: Rows) -> Iterator[RowFinding]:
    """Yield exact duplicates, near duplicates, and the largest group when it is large."""
    examples = rows.examples
    keys = [key_of(example) for example in examples]
    seen: set[str] = set()
    again = []
    for key, example in zip(keys, examples, strict=True):
        if key in seen:
            again.append(example)
        seen.add(key)
    if again:
        counted = "1 row repeats" if len(again) == 1 else f"{len(again)} rows repeat"
        what = Text(
            f"{counted} an earlier row; they stay on one side of every split",
            f"{len(again)} 行与前面的行重复；划分时会放在同一侧",
        )
        yield RowFinding("duplicates", "warn", what, len(again), places(again))
    groups = duplicate_groups(examples)
    sizes = Counter(dict(zip(keys, groups, strict=True)).values())
    near = [example for key, group, example in zip(keys, groups, examples, strict=True) if sizes[group] > 1]
    if near:
        what = Text(
            f"{len(near)} rows are nearly the same as another row, or of one group",
            f"{len(near)} 行与其他行几乎相同，或属于同一分组",
        )
        yield RowFinding(
            "near_duplicates", "warn" if len(near) > 0.05 * len(examples) else "info", what, len(near), places(near)
        )
    name, size = Counter(groups).most_common(1)[0]
    if size > LARGE * len(examples) and size > 2:
        members = [example for group, example in zip(groups, examples, strict=True) if group == name]
        what = Text(f"{size} rows belong together as one group", f"{size} 行同属一组")
        yield RowFinding("large_group", "warn", what, size, places(members))
