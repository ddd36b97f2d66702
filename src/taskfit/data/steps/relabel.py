"""Do what people decided about rows, one by one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from taskfit.core.errors import DataError
from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.decisions import Decision, hash_of_asked, is_torn_between, majority, read_decisions, standing
from taskfit.data.record import Record
from taskfit.data.revise import decided
from taskfit.data.step import Applied, Entry, Step, changed, dropped
from taskfit.data.wrong import Wrong

TIE = Text("people decided differently: back to the queue", "各人决定不一：退回审阅队列")
GONE = Text("the row that was decided about is not among these", "已审阅的行不在这些数据中")


class Relabel(Step):
    """Change, drop or keep rows as the majority of those who looked at them decided."""

    about: ClassVar[Text] = Text(
        "do what people decided in `taskfit data review`: relabel, edit, drop; ties stay as they are",
        "按 `taskfit data review` 的人工决定修改标签、文字或删除；平票的行保持不变",
    )
    decisions: str = setting(..., "file of decisions (JSONL)", "决定文件（JSONL）", min_length=1)

    def apply(self, records: Sequence[Record], means: Means) -> Applied:  # noqa: ARG002
        """Return the rows as they were decided to be; entries of kind `kept` tell of decisions that could not be done."""
        path = Path(self.decisions)
        if not path.is_file():
            raise DataError(
                Text("there is no such file", "文件不存在"),
                where=self.decisions,
                todo=Text("make it: taskfit data review FILE --out " + self.decisions, "请先运行 taskfit data review"),
            )
        votes = standing(read_decisions(path).decisions)
        place = _places(votes, records)
        kept: list[Record] = []
        entries = [_gone(votes[row]) for row in votes if row not in place]
        wanted = {place[row]: votes[row] for row in place}
        for number, record in enumerate(records):
            after, entry = _done(record, wanted[number]) if number in wanted else (record, None)
            if after is not None:
                kept.append(after)
            if entry is not None:
                entries.append(entry)
        return Applied(tuple(kept), tuple(entries))


def _done(record: Record, votes: Mapping[str, Decision]) -> tuple[Record | None, Entry | None]:
    winner = majority(votes)
    if winner is None:
        return record, (_left(record, TIE) if is_torn_between(votes) else None)
    names = ", ".join(sorted(who for who, one in votes.items() if one.outcome == winner.outcome))
    reason = Text(f"decided by {names}", f"由 {names} 决定")
    try:
        after = decided(record, winner)
    except Wrong as wrong:
        return record, _left(record, wrong.reason)
    if after is None:
        return None, dropped(record, reason)
    return (record, None) if after == record else (after, changed(record, after, reason))


def _left(record: Record, reason: Text) -> Entry:
    return Entry(record.id, str(record.origin), "kept", reason, record.prompt[:100])


def _gone(votes: Mapping[str, Decision]) -> Entry:
    one = next(iter(votes.values()))
    return Entry(one.row, one.place, "kept", GONE)


def _places(votes: Mapping[str, Mapping[str, Decision]], records: Sequence[Record]) -> dict[str, int]:
    """Return the number of the row that each decision is about: by its id, else by what it asks, where that is clear.

    A row whose id is the same but that asks something else now is another row.
    """
    ids = {record.id: number for number, record in enumerate(records)}
    asking: dict[str, list[int]] = defaultdict(list)
    for number, record in enumerate(records):
        asking[hash_of_asked(record)].append(number)
    found: dict[str, int] = {}
    for row, by_whom in votes.items():
        asks = next(iter(by_whom.values())).asks
        place = ids.get(row)
        if place is not None and (not asks or place in asking[asks]):
            found[row] = place
    taken = set(found.values())
    for row, by_whom in votes.items():
        alike = asking.get(next(iter(by_whom.values())).asks, ())
        if row not in found and len(alike) == 1 and alike[0] not in taken:
            found[row] = alike[0]
            taken.add(alike[0])
    return found
