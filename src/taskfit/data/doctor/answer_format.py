"""Answers that leave the form which nearly all others have: other JSON keys, no label, another lead."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, percent, threshold
from taskfit.data.finding import KEPT, REVIEW, RowFinding, Spot, Tally, counted, spot
from taskfit.data.labels import looks_like

MOST_FORMS = 200
LEAD = re.compile(r"\s*([A-Za-z][A-Za-z ]{1,20}|[\u4e00-\u9fff]{2,8})[:：]\s*\S")
NUMBER = re.compile(r"\s*[-+]?[\d.,]+\s*%?\s*\Z")
PROSE = "prose"


@dataclass(frozen=True)
class Forms:
    """How many answers have each form, the first rows of each, and how often each short answer occurs."""

    forms: Mapping[str, int] = field(default_factory=dict)
    spots: Mapping[str, tuple[Spot, ...]] = field(default_factory=dict)
    rows: int = 0


@dataclass(frozen=True)
class AnswerFormat(Check[Forms]):
    """The form of each answer: the keys of its JSON, its lead ('Answer: ...'), a number, a list, else prose."""

    title: ClassVar[Text] = Text("answers that leave the common form", "偏离通用格式的回答")
    common: float = threshold(0.8, "share from which a form is the rule", "某种格式达到此比例视为通用")
    whole: float = threshold(0.98, "share from which the exceptions are accepted", "达到此比例则接受例外")
    rows: int = threshold(50, "rows from which forms are compared", "至少多少行才比较")

    def map(self, chunk: Chunk, means: Means) -> Forms:  # noqa: ARG002
        """Return the forms of the answers."""
        forms: Counter[str] = Counter()
        spots: dict[str, list[Spot]] = {}
        for record, answer in zip(chunk.records, chunk.answers, strict=True):
            if not answer or record.label is not None:
                continue
            form = _form(answer)
            forms[form] += 1
            shown = spots.setdefault(form, [])
            if (len(shown) < KEPT and form != PROSE) or len(shown) < KEPT // 5:
                shown.append(spot(record, answer))
        kept = dict(forms.most_common(MOST_FORMS))
        return Forms(kept, {form: tuple(spots[form]) for form in kept}, sum(forms.values()))

    def merge(self, one: Forms, other: Forms) -> Forms:
        """Return the forms of both."""
        both = Tally(one.forms, one.spots) + Tally(other.forms, other.spots)
        return Forms(both.counts, both.spots, one.rows + other.rows)

    def finish(self, part: Forms, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield the rows that leave the common form, where there is one that is no prose."""
        if part.rows < self.rows:
            return
        common = max(part.forms, key=lambda form: (part.forms[form], form))
        share = part.forms[common] / part.rows
        if common == PROSE or not self.common <= share < self.whole:
            return
        left = part.rows - part.forms[common]
        shown = tuple(one for form, spots in part.spots.items() if form != common for one in spots)
        what = Text(
            f"answers that are not '{common}' as {percent(share)} are: {counted(left)}",
            f"{percent(share)} 的回答形如 '{common}'，不符的有 {left:,} 行",
        )
        rule = Text(
            f"one form (JSON keys, lead, number, list) in {percent(self.common)} to {percent(self.whole)} of the answers",
            f"{percent(self.common)} 到 {percent(self.whole)} 的回答为同一格式（JSON 键、前缀、数字、列表）",
        )
        fix = {"drop_rows": {"ids": [one.id for one in shown]}} if len(shown) == left else None
        yield RowFinding("answer_format", "warn", what, left, shown[:20], rule=rule, fix=fix, effort=REVIEW)


def _form(answer: str) -> str:
    start = answer.lstrip()[:1]
    if start == "{":
        try:
            found = json.loads(answer)
        except (ValueError, RecursionError):
            return "JSON that does not parse"
        return "{" + ", ".join(sorted(found)[:12]) + "}"
    if start == "[":
        return "[...]"
    if NUMBER.match(answer):
        return "number"
    if start in ("-", "*", "•") or answer.startswith("1."):
        return "list"
    lead = LEAD.match(answer)
    return f"{looks_like(lead[1])}: ..." if lead else PROSE
