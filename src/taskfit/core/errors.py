"""All errors of taskfit, and the exit code of each.

    TaskfitError
    ├── UsageError      2  a flag, a settings file, a combination of them
    ├── DataError       3  rows that cannot be used
    ├── ModelError      4  weights, tokenizer, adapter, checkpoint, endpoint
    │   ├── NotPossible    this model cannot do this method: a row in the report, not a crash
    │   └── LimitReached   a limit of requests or money that the user set: what is there is kept
    ├── DiskError       5  no space, no permission, a broken medium
    ├── BusyError       6  a lock or an address is taken
    └── TrainingError   7  the loss or a gradient stopped being a number

Any other exception is a bug of ours and ends with exit code 1 and a full trace.
An interrupted command ends with 130 (SIGINT) or 143 (SIGTERM).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text, current_language

SHOWN_FINDINGS = 20


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: where it is, what it is, and what to do about it."""

    where: str
    what: Text
    todo: Text | None = None

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else str(self.what)
        if self.todo is None:
            return head
        return f"{head}{'；' if current_language() == 'zh' else '; '}{self.todo}"


class TaskfitError(Exception):
    """The caller's mistake or the world's, told in one paragraph; carries every finding at once."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: Text | Sequence[Finding], *, where: str = "", todo: Text | None = None):
        if isinstance(what, Text):
            what = [Finding(where, what, todo)]
        self.findings: tuple[Finding, ...] = tuple(what)
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [str(finding) for finding in self.findings[:SHOWN_FINDINGS]]
        left = len(self.findings) - SHOWN_FINDINGS
        if left > 0:
            lines.append(str(Text(f"... and {left} more of the same kind", f"……另有 {left} 处")))
        return "\n".join(lines)


class UsageError(TaskfitError):
    """A flag or a settings file says something that cannot be done."""

    exit_code = 2


class DataError(TaskfitError):
    """Rows that cannot be used as they are."""

    exit_code = 3


class ModelError(TaskfitError):
    """A model, tokenizer, adapter, checkpoint or endpoint that cannot be used."""

    exit_code = 4


class NotPossible(ModelError):
    """This model cannot do this method; shown as a row of the report with the reason."""


class LimitReached(ModelError):
    """A limit of requests or money is reached; answers received so far are kept."""


class DiskError(TaskfitError):
    """A file could not be written or read."""

    exit_code = 5


class BusyError(TaskfitError):
    """Another process holds the run folder or the address."""

    exit_code = 6


class TrainingError(TaskfitError):
    """Training stopped at a step whose loss or gradient is not a number."""

    exit_code = 7
