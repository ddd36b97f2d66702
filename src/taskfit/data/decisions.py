"""What people decided about rows: a file of one decision a line, only ever added to, on the disk before the next.

Of one person the later decision about a row counts; `undo` takes the last one back. Among people the majority
counts; where there is none, the row stays as it is and goes back to the queue.
"""

import fcntl
import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from taskfit.core.errors import DataError, Finding
from taskfit.core.files import cannot_write, to_json
from taskfit.core.text import Text
from taskfit.data.asked import key_of_record
from taskfit.data.record import Record

What = Literal["accept", "relabel", "edit", "reject", "skip", "undo"]


@dataclass(frozen=True)
class Decision:
    """One decision of one person about one row.

    `row` is its id, `asks` a hash of what it asked then, `was` its label or answer then. `label` is the new label
    (relabel), `answer` and `text` the new words (edit; None: as they were). `time` is in seconds since 1970, `via`
    where the decision was made.
    """

    row: str
    what: What
    who: str
    asks: str = ""
    place: str = ""
    was: str = ""
    label: str | None = None
    answer: str | None = None
    text: str | None = None
    time: float = 0.0
    via: str = ""

    @property
    def outcome(self) -> tuple[str, str, str] | None:
        """What shall become of the row, equal for people who agree; None for a skip, which is no vote."""
        if self.what in ("skip", "undo"):
            return None
        if self.what == "edit":
            return ("edit", self.answer or self.label or "", self.text or "")
        if self.what == "reject":
            return ("reject", "", "")
        return ("label", self.was if self.what == "accept" else self.label or "", "")


@dataclass(frozen=True)
class Log:
    """The decisions of a file, and whether a killed writer left a torn last line, which is not read."""

    decisions: tuple[Decision, ...] = ()
    torn: bool = False


_DECISION = TypeAdapter(Decision)


def read_decisions(path: Path) -> Log:
    """Return the decisions in a file; none where there is no file. Raises DataError for lines that are none."""
    if not path.exists():
        return Log()
    lines = path.read_bytes().split(b"\n")
    torn = bool(lines.pop().strip())
    found: list[Decision] = []
    wrong: list[Finding] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_DECISION.validate_python(json.loads(line.decode("utf-8", "surrogatepass"))))
        except (ValueError, ValidationError) as problem:
            told = str(problem).splitlines()[0][:100]
            wrong.append(
                Finding(
                    f"{path}:{number}",
                    Text(f"is no decision of a review ({told})", f"不是审阅决定（{told}）"),
                    Text("choose another file with --out", "请用 --out 指定别的文件"),
                )
            )
    if wrong:
        raise DataError(wrong)
    return Log(tuple(found), torn)


def add_decision(path: Path, decision: Decision) -> None:
    """Put a decision on the disk, behind all others; a torn last line of a killed writer is taken away before."""
    line = to_json(_told(decision), indent=None).encode("utf-8", "surrogatepass") + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            _cut_torn(file.fileno())
            written = file.write(line)
            if written != len(line):
                raise OSError(f"only {written} of {len(line)} bytes were written")
            os.fsync(file.fileno())
    except OSError as problem:
        raise cannot_write(path, problem) from problem


def standing(decisions: Iterable[Decision]) -> dict[str, dict[str, Decision]]:
    """Return the decision of each person that stands, by row and person; undone ones are not among them."""
    stacks: dict[tuple[str, str], list[Decision]] = defaultdict(list)
    for one in decisions:
        stack = stacks[one.row, one.who]
        if one.what != "undo":
            stack.append(one)
        elif stack:
            stack.pop()
    found: dict[str, dict[str, Decision]] = {}
    for (row, who), stack in stacks.items():
        if stack:
            found.setdefault(row, {})[who] = stack[-1]
    return found


def last_of(decisions: Sequence[Decision], who: str) -> Decision | None:
    """Return the last decision of a person that stands, which an undo takes back; None when there is none."""
    stacks: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(decisions):
        if one.who != who:
            continue
        if one.what != "undo":
            stacks[one.row].append(place)
        elif stacks[one.row]:
            stacks[one.row].pop()
    last = max((stack[-1] for stack in stacks.values() if stack), default=None)
    return None if last is None else decisions[last]


def majority(votes: Mapping[str, Decision]) -> Decision | None:
    """Return a decision with the outcome that more than half of the voters want; None when there is none."""
    outcomes = {who: outcome for who, one in votes.items() if (outcome := one.outcome) is not None}
    if not outcomes:
        return None
    (outcome, count), *_ = Counter(outcomes.values()).most_common(1)
    return next(votes[who] for who, one in outcomes.items() if one == outcome) if 2 * count > len(outcomes) else None


def is_torn_between(votes: Mapping[str, Decision]) -> bool:
    """Return whether people decided, but not alike enough to do anything."""
    return majority(votes) is None and any(one.outcome is not None for one in votes.values())


def hash_of_asked(record: Record) -> str:
    """Return a short hash of what a row asks (case, width, spaces and marks make no difference)."""
    return hashlib.blake2b(key_of_record(record).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _told(decision: Decision) -> dict[str, object]:
    return {name: value for name, value in asdict(decision).items() if value not in (None, "")}


def _cut_torn(descriptor: int) -> None:
    """Cut the line off that a killed writer left unfinished; whoever holds the lock is the only writer alive."""
    size = end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - 65536)
        piece = os.pread(descriptor, end - start, start)
        newline = piece.rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end < size:
        os.ftruncate(descriptor, end)
