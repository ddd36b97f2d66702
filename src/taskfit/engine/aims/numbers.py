"""Learn to say a number with a linear head on the network's pooled output."""

from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.task import Kind
from taskfit.engine.values import ValueAim


@dataclass(frozen=True)
class Numbers(ValueAim):
    """A regression head: the mean squared error of standardised targets."""

    rank: ClassVar[int] = 4
    kind: ClassVar[Kind] = "regress"
