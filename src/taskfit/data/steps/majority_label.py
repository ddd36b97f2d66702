"""Rows that ask the same get the label that most of them have."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.asked import key_of_record
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import Applied, Entry, Step, changed, dropped


class MajorityLabel(Step):
    """Settle contradictions by the majority; where there is none, the rows go."""

    about: ClassVar[Text] = Text(
        "equal texts with different labels get the most frequent one; ties are dropped",
        "同文不同标签时取多数；平票则删除",
    )

    def apply(self, records: Sequence[Record], means: Means) -> Applied:  # noqa: ARG002
        """Return the rows without contradictions."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        keys = [key_of_record(record) if record.label is not None else "" for record in records]
        for key, record in zip(keys, records, strict=True):
            if record.label is not None:
                counts[key][record.label] += 1
        kept: list[Record] = []
        entries: list[Entry] = []
        for key, record in zip(keys, records, strict=True):
            votes = counts[key].most_common(2) if record.label is not None else []
            if len(votes) < 2 or (votes[0][1] > votes[1][1] and votes[0][0] == record.label):
                kept.append(record)
            elif votes[0][1] > votes[1][1]:
                (name, many), total = votes[0], sum(counts[key].values())
                reason = Text(
                    f"{many} of {total} equal texts say '{name}'", f"{total} 条相同文本中有 {many} 条为 '{name}'"
                )
                after = replace(record, label=name)
                kept.append(after)
                entries.append(changed(record, after, reason))
            else:
                reason = Text("equal texts with different labels, none in the majority", "同文不同标签且无多数")
                entries.append(dropped(record, reason))
        return Applied(tuple(kept), tuple(entries))
