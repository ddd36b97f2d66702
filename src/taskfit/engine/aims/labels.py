"""Learn which of several labels a text has: one yes or no for each, and one threshold chosen on dev."""

from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.task import Kind
from taskfit.engine.values import ValueAim


@dataclass(frozen=True)
class Labels(ValueAim):
    """A head with a sigmoid for each label."""

    rank: ClassVar[int] = 5
    kind: ClassVar[Kind] = "multilabel"
