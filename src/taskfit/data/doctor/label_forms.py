"""Labels that a reader takes for the same, and labels that are rather an id."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, percent, threshold
from taskfit.data.finding import SHOWN, STEP, Fix, RowFinding, Spot, spots
from taskfit.data.label_tally import LabelTally, label_of, label_tally
from taskfit.data.labels import variants

LONGEST_ID = 40


@dataclass(frozen=True)
class Forms:
    """The labels by count, and all different ones where they may be ids (short, ASCII, without space); else None."""

    tally: LabelTally = field(default_factory=LabelTally)
    ids: frozenset[str] | None = frozenset()
    rows: int = 0
    first: tuple[Spot, ...] = ()


@dataclass(frozen=True)
class LabelForms(Check[Forms]):
    """Labels that look the same, and labels that look like ids."""

    title: ClassVar[Text] = Text("labels that look the same, or like ids", "看起来相同或像编号的标签")
    runs = "always"
    different: float = threshold(
        0.9, "share of different labels above which the column looks like an id", "不同标签占比超过此值时像编号"
    )
    fewest: int = threshold(20, "rows from which labels are held for ids", "至少多少行才判断为编号")

    def map(self, chunk: Chunk, means: Means) -> Forms:  # noqa: ARG002
        """Return the labels of the chunk."""
        labels = [label_of(one.kind, answer) for one, answer in zip(chunk.records, chunk.answers, strict=True)]
        short = all(one and len(one) <= LONGEST_ID and one.isascii() and " " not in one for one in labels)
        ids = frozenset(one for one in labels if one) if short else None
        return Forms(chunk.shared(label_tally), ids, len(labels), spots(chunk.records))

    def merge(self, one: Forms, other: Forms) -> Forms:
        """Return the labels of both."""
        ids = None if one.ids is None or other.ids is None else one.ids | other.ids
        return Forms(one.tally + other.tally, ids, one.rows + other.rows, (*one.first, *other.first)[:SHOWN])

    def finish(self, part: Forms, whole: Whole) -> Iterator[RowFinding]:
        """Yield one finding for all labels that look the same, and one when the labels look like ids."""
        if part.tally.is_closed:
            yield from self._alike(part.tally)
        elif part.ids is not None and part.rows >= self.fewest and len(part.ids) > self.different * part.rows:
            name = whole.files[0].roles.label if whole.files else "label"
            what = Text(
                f"{len(part.ids)} different labels in {part.rows} rows: '{name}' looks like an id, not a label",
                f"{part.rows} 行中有 {len(part.ids)} 个不同的标签：'{name}' 更像编号而不是标签",
            )
            rule = Text(
                f"more than {percent(self.different)} of the labels differ and all are short words without spaces",
                f"超过 {percent(self.different)} 的标签互不相同，且都是不含空格的短词",
            )
            yield RowFinding("label_is_id", "warn", what, len(part.ids), part.first, rule=rule)

    def _alike(self, tally: LabelTally) -> Iterator[RowFinding]:
        alike = variants(tally.counts)
        if not alike:
            return
        names = {name for one in alike for name in one}
        shown = "; ".join(" = ".join(repr(name) for name in one) for one in alike[:5])
        what = Text(
            f"{len(names)} labels look like {len(alike)}: {shown}; write each label in one way",
            f"{len(names)} 个标签看起来是 {len(alike)} 个：{shown}；请统一写法",
        )
        rule = Text(
            "labels that are equal without case, width, space, marks at the ends and look-alike letters",
            "忽略大小写、全半角、空格、首尾标点与形近字母后相同的标签",
        )
        rows = sum(tally.counts[name] for name in names)
        yield RowFinding(
            "label_variants",
            "warn",
            what,
            len(names),
            tally.shown(sorted(names)),
            rule=rule,
            fix=_merge(tally, alike),
            effort=STEP,
            rows=rows,
        )


def _merge(tally: LabelTally, alike: tuple[tuple[str, ...], ...]) -> Fix:
    """Return the step that gives each set of labels the name of its most frequent one."""
    names: dict[str, object] = {}
    for one in alike:
        kept = max(one, key=lambda name: (tally.counts[name], name))
        names |= {name: kept for name in one if name != kept}
    return {"merge_labels": {"names": names}}
