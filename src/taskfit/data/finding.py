"""What a check found in rows: how bad it is, how many rows, where the first ones are."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from taskfit.core.errors import DataError, Finding
from taskfit.core.example import Example
from taskfit.core.text import Text
from taskfit.data.read import FileFacts, ListedRow

Severity = Literal["block", "warn", "info"]

SHOWN = 20


@dataclass(frozen=True)
class RowFinding:
    """One kind of trouble: `block` stops a run unless the user overrides it; `examples` are places (file:line)."""

    id: str
    severity: Severity
    what: Text
    count: int
    examples: tuple[str, ...] = ()

    @property
    def finding(self) -> Finding:
        """The finding as one line of an error."""
        more = "" if self.count <= len(self.examples[:3]) else ", ..."
        where = f" ({', '.join(self.examples[:3])}{more})" if self.examples else ""
        return Finding(self.id, Text(self.what.en + where, self.what.zh + where))


@dataclass(frozen=True)
class Rows:
    """What a check looks at: the examples, the rows not used, and the facts of the file when they come from one."""

    examples: tuple[Example, ...]
    listed: tuple[ListedRow, ...] = ()
    facts: FileFacts | None = None

    @property
    def total(self) -> int:
        """The number of all rows, used or listed."""
        return len(self.examples) + len(self.listed)


def places(rows: Iterable[Example]) -> tuple[str, ...]:
    """Return where the first rows are, as file:line."""
    return tuple(str(row.origin) for row in islice(rows, SHOWN))


def quoted(names: Sequence[str], most: int = 10) -> Text:
    """Return names in quotes, the first few of them."""
    shown = ", ".join(f"'{name}'" for name in names[:most])
    left = len(names) - most
    return Text(f"{shown} and {left} more", f"{shown} 等 {len(names)} 个") if left > 0 else Text(shown, shown)


def refuse_blocked(
    findings: Iterable[RowFinding], accepted: Collection[str] = (), listed: Iterable[ListedRow] = ()
) -> None:
    """Raise DataError with every blocking finding whose id is not among the `accepted` ones, if there is one.

    Of the `listed` rows, those of a blocking kind are told one by one, with their place and reason.
    """
    blocked = [one for one in findings if one.severity == "block" and one.id not in accepted]
    if not blocked:
        return
    names = ",".join(dict.fromkeys(one.id for one in blocked))
    todo = Text(
        f"mend the rows, or accept this with --rows.accept {names} (in a task file: rows.accept)",
        f"请修正数据，或用 --rows.accept {names} 接受（任务文件中为 rows.accept）",
    )
    rows = [row.finding for row in listed if row.kind.replace(" ", "_") in names.split(",")]
    raise DataError([*(one.finding for one in blocked), Finding("", todo), *rows])
