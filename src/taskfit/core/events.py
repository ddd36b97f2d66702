"""Events: what happens while a command runs; progress bars, logs and pages only read them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

EventKind = Literal[
    "run.started",  # folder, settings
    "rows.read",  # read, used, listed
    "splits.made",  # train, dev, test, fingerprint
    "rung.started",  # rung
    "rung.kept",  # rung: finished before, not done again
    "rung.finished",  # rung, measurement
    "rung.impossible",  # rung, reason {en, zh}
    "rung.failed",  # rung, error
    "progress",  # rung, phase {en, zh}, done, total, unit
    "preflight",  # what will be learned: an example with its parts, counts of rows and tokens (see engine/preflight.py)
    "train.step",  # rung, trial, step, total, loss, lr, tokens
    "train.look",  # rung, trial, step, epoch, loss, dev_score (None where nothing is measured), dev_metric
    "warning",  # text {en, zh}
    "verdict",  # sentence {en, zh}
    "run.finished",  # report
]


@dataclass(frozen=True)
class Event:
    """One thing that happened; `data` holds only JSON values."""

    kind: EventKind
    data: Mapping[str, object] = field(default_factory=dict)
    time: float = field(default_factory=time.time)


Emit = Callable[[Event], None]


def silent(event: Event) -> None:
    """Take an event and do nothing with it."""
