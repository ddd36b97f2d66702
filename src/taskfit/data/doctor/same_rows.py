"""Rows that say the same thing, exactly or nearly; and groups so large that no split can be even."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.asked import key_of_record
from taskfit.data.checking import Check, Chunk, Means, Whole, by_share, percent, threshold
from taskfit.data.duplicates import groups_of
from taskfit.data.finding import REVIEW, SHOWN, STEP, RowFinding, Spot, spot
from taskfit.data.near import SIMILAR

Said = tuple[str, str | None, Spot]
"""What a row asks in normal form, its group, and where it stands."""


@dataclass(frozen=True)
class SameRows(Check[list[Said]]):
    """Exact duplicates, near duplicates, and the largest group when it is large."""

    title: ClassVar[Text] = Text("rows that say the same", "重复的行")
    runs = "quick"  # the full check has `copies`
    near: float = threshold(0.05, "share of near duplicates above which they warn", "近似重复行超过此比例时警告")
    large: float = threshold(0.05, "share of rows in one group above which it is told", "单个分组超过此比例时提示")

    def map(self, chunk: Chunk, means: Means) -> list[Said]:  # noqa: ARG002
        """Return what each row says."""
        return [(key_of_record(record), record.group, spot(record)) for record in chunk.records]

    def merge(self, one: list[Said], other: list[Said]) -> list[Said]:
        """Return what all rows say."""
        return one + other

    def finish(self, part: list[Said], whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield exact duplicates, near duplicates, and the largest group when it is large."""
        if not part:
            return
        keys = [key for key, _, _ in part]
        yield from self._exact(part)
        groups = groups_of(keys, [group for _, group, _ in part])
        sizes = Counter(dict(zip(keys, groups, strict=True)).values())
        near = [row for (_, _, row), group in zip(part, groups, strict=True) if sizes[group] > 1]
        if near:
            what = Text(
                f"{len(near)} rows are nearly the same as another row, or of one group",
                f"{len(near)} 行与其他行几乎相同，或属于同一分组",
            )
            rule = Text(
                f"Jaccard similarity of character 5-grams at least {SIMILAR}; above {percent(self.near)} it warns",
                f"字符 5-gram 的 Jaccard 相似度不低于 {SIMILAR}；超过 {percent(self.near)} 时警告",
            )
            severity = by_share(len(near) / len(part), warn=self.near)
            fix = {"drop_duplicates": {"similar": SIMILAR}}
            yield RowFinding(
                "near_duplicates", severity, what, len(near), tuple(near[:SHOWN]), rule=rule, fix=fix, effort=STEP
            )
        name, size = Counter(groups).most_common(1)[0]
        if size > self.large * len(part) and size > 2:
            members = [row for (_, _, row), group in zip(part, groups, strict=True) if group == name]
            what = Text(f"{size} rows belong together as one group", f"{size} 行同属一组")
            rule = Text(
                f"more than {percent(self.large)} of the rows stand in one group: a split cannot be even",
                f"超过 {percent(self.large)} 的行同属一组：无法均匀划分",
            )
            fix = {"cap_group": {"most": max(2, int(self.large * len(part)))}}
            yield RowFinding(
                "large_group", "warn", what, size, tuple(members[:SHOWN]), rule=rule, fix=fix, effort=REVIEW
            )

    def _exact(self, part: list[Said]) -> Iterator[RowFinding]:
        seen: set[str] = set()
        again = []
        for key, _, row in part:
            if key in seen:
                again.append(row)
            seen.add(key)
        if not again:
            return
        repeats = "1 row repeats" if len(again) == 1 else f"{len(again)} rows repeat"
        what = Text(
            f"{repeats} an earlier row; they stay on one side of every split",
            f"{len(again)} 行与前面的行重复；划分时会放在同一侧",
        )
        rule = Text(
            "what is asked is equal without case, width, marks and spaces; any is told",
            "所问内容忽略大小写、全半角、标点与空格后相同；有即提示",
        )
        fix = {"drop_duplicates": {"similar": 1.0}}
        yield RowFinding("duplicates", "warn", what, len(again), tuple(again[:SHOWN]), rule=rule, fix=fix, effort=STEP)
