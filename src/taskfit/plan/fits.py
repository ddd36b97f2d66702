"""The largest batch or length that fits a given memory, found by halving: the need grows with both."""

from collections.abc import Callable
from dataclasses import replace

from taskfit.plan.order import Order
from taskfit.plan.planner import estimate
from taskfit.plan.shape import Shape

# A twentieth of the room is left free: the prediction is no better than that (docs/memory.md).
MARGIN = 0.05
LARGEST_BATCH, LARGEST_LENGTH = 1 << 16, 1 << 20


def fits(shape: Shape, order: Order, room: float) -> bool:
    """Tell whether the order fits into `room` bytes on each device, a twentieth left free."""
    return estimate(shape, order).total <= room * (1 - MARGIN)


def largest_batch(shape: Shape, order: Order, room: float) -> int:
    """Return the largest batch (up to 65,536) that fits into `room` bytes; 0 when a single row does not."""
    return _largest(lambda batch: fits(shape, replace(order, batch=batch), room), LARGEST_BATCH)


def largest_length(shape: Shape, order: Order, room: float) -> int:
    """Return the longest row that fits, up to what the model reads; 0 when a single token does not."""
    most = shape.context or LARGEST_LENGTH
    return _largest(lambda length: fits(shape, replace(order, length=length), room), most)


def _largest(holds: Callable[[int], bool], most: int) -> int:
    """Return the largest number from 1 to `most` for which it holds, 0 for none; beyond one that fails, all fail."""
    if holds(most):
        return most
    low, high = 0, most  # holds(low) or 0; not holds(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
