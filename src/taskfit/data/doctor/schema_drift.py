"""Rows of another form than the others: another kind, other fields, another type of a field."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, percent, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally, counted, spot
from taskfit.data.record import Record


@dataclass(frozen=True)
class SchemaDrift(Check[Tally]):
    """Signatures of rows: what kind each is, and which fields of which type stand beside."""

    title: ClassVar[Text] = Text("rows of different form", "行的结构不一致")
    rare: float = threshold(0.05, "share of rows below which a form is rare", "低于此比例的结构视为少数")
    most: int = threshold(
        50, "different forms above which fields are taken for free ones", "结构多于此数时视为自由字段"
    )

    def map(self, chunk: Chunk, means: Means) -> Tally:  # noqa: ARG002
        """Return how often each signature occurs, and where first."""
        counts: dict[str, int] = {}
        first: dict[str, list[Record]] = {}
        for record in chunk.records:
            for name in (f"kind {record.kind}", _fields(record)):
                counts[name] = counts.get(name, 0) + 1
                rows = first.setdefault(name, [])
                if len(rows) < 20:
                    rows.append(record)
        return Tally(counts, {name: tuple(spot(row) for row in rows) for name, rows in first.items()})

    def merge(self, one: Tally, other: Tally) -> Tally:
        """Return the signatures of both."""
        return one + other

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:
        """Yield one finding for rare kinds, and one for rare sets of fields."""
        for prefix, severity in (("kind ", "warn"), ("fields ", "info")):
            forms = {name: count for name, count in part.counts.items() if name.startswith(prefix)}
            rare = {name: count for name, count in forms.items() if count < self.rare * whole.rows}
            if len(forms) < 2 or len(forms) > self.most or not rare:
                continue
            count = sum(rare.values())
            shown = tuple(one for name in rare for one in part.shown(name))[:20]
            table = ", ".join(
                f"{name.removeprefix(prefix)} ({n:,})" for name, n in sorted(forms.items(), key=lambda x: -x[1])
            )
            what = Text(
                f"rows of another {'kind' if severity == 'warn' else 'set of fields'} than the others: {counted(count)}; {table}",
                f"{'类型' if severity == 'warn' else '字段'}与其他行不同：{count:,} 行；{table}",
            )
            rule = Text(
                f"a kind of row, or a set of fields with their types, in fewer than {percent(self.rare)} of the rows",
                f"某种类型或某组字段（含类型）的行少于 {percent(self.rare)}",
            )
            name = "mixed_kinds" if severity == "warn" else "mixed_fields"
            yield RowFinding(
                name, "warn" if severity == "warn" else "info", what, count, shown, rule=rule, effort=REVIEW
            )


def _fields(record: Record) -> str:
    kinds = {name: type(value).__name__ for name, value in record.extra.items() if value is not None}
    return "fields " + (" ".join(f"{name}:{kind}" for name, kind in sorted(kinds.items())) or "none beside")
