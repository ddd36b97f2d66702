"""Learning rates as closed forms of the step, equal to those of transformers' schedules after the warm-up.

The warm-up differs on purpose by one step: its first step already moves (rate 1/w instead of 0).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from taskfit.core.errors import UsageError
from taskfit.core.text import Text
from taskfit.engine.training import LoopSettings, Schedule

LONG_AGO = 10_000  # timescale of inverse_sqrt without a warm-up, as in transformers


@dataclass(frozen=True)
class _Place:
    """A step behind the warm-up, and the run it lies in."""

    step: int
    warm: int
    steps: int

    @property
    def share(self) -> float:
        """How far the run is between the warm-up and its end."""
        return (self.step - self.warm) / max(1, self.steps - self.warm)


def lr_at(step: int, steps: int, settings: LoopSettings) -> float:
    """Return the learning rate of step `step` (0-based) of `steps`: a linear warm-up, then the schedule."""
    warm = warm_steps(steps, settings)
    if step < warm:
        return settings.lr * (step + 1) / warm
    return settings.lr * SHAPES[settings.schedule](_Place(step, warm, steps), settings)


def warm_steps(steps: int, settings: LoopSettings) -> int:
    """Return the number of warm-up steps."""
    return _steps(settings.warmup, steps)


def check_schedule(steps: int, settings: LoopSettings) -> None:
    """Raise UsageError when the parts of the schedule do not fit into the run."""
    warm = warm_steps(steps, settings)
    if settings.warmup >= 1 and warm >= steps:
        raise UsageError(
            Text(f"{warm} steps of warm-up in a run of {steps} steps", f"预热 {warm} 步，而训练只有 {steps} 步"),
            where="warmup",
            todo=Text("choose fewer, or a share below 1", "请减少步数，或用小于 1 的比例"),
        )
    if settings.schedule != "wsd":
        return
    fall = _steps(settings.decay, steps)
    shares = settings.warmup < 1 and settings.decay < 1
    if settings.warmup + settings.decay > 1 if shares else warm + fall > steps:
        raise UsageError(
            Text(
                f"{warm} steps of warm-up and {fall} of decay in a run of {steps} steps",
                f"预热 {warm} 步加下降 {fall} 步，而训练只有 {steps} 步",
            ),
            where="decay",
            todo=Text("choose smaller ones", "请减小它们"),
        )


def _steps(asked: float, steps: int) -> int:
    return math.ceil(asked * steps) if asked < 1 else int(asked)


def _half_wave(share: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * share))


def _to_end(share: float, settings: LoopSettings) -> float:
    """Let a fall from 1 to 0 end at `lr_end`."""
    return settings.lr_end + (1 - settings.lr_end) * share


def _linear(at: _Place, settings: LoopSettings) -> float:
    return _to_end(1 - at.share, settings)


def _cosine(at: _Place, settings: LoopSettings) -> float:
    return _to_end(_half_wave(at.share), settings)


def _restarts(at: _Place, settings: LoopSettings) -> float:
    """Fall as a cosine, `cycles` times (Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5, equal periods)."""
    return _half_wave(settings.cycles * at.share % 1.0)


def _polynomial(at: _Place, settings: LoopSettings) -> float:
    return _to_end((1 - at.share) ** settings.power, settings)


def _constant(at: _Place, settings: LoopSettings) -> float:  # noqa: ARG001  (one form for all shapes)
    return 1.0


def _inverse_sqrt(at: _Place, settings: LoopSettings) -> float:  # noqa: ARG001
    """1 / sqrt of the step, level with the warm-up's end (Vaswani et al. 2017, arXiv:1706.03762, eq. 3)."""
    scale = at.warm or LONG_AGO
    return 1 / math.sqrt((at.step - at.warm + scale) / scale)


def _wsd(at: _Place, settings: LoopSettings) -> float:
    """Warm up, stay, then fall as a cosine over the last steps (Hu et al. 2024, arXiv:2404.06395, section 4)."""
    fall = min(_steps(settings.decay, at.steps), at.steps - at.warm)  # both shares are rounded up
    begin = at.steps - fall
    return 1.0 if at.step < begin else _to_end(_half_wave((at.step - begin) / fall), settings)


SHAPES: dict[Schedule, Callable[[_Place, LoopSettings], float]] = {
    "linear": _linear,
    "cosine": _cosine,
    "cosine_with_restarts": _restarts,
    "polynomial": _polynomial,
    "constant": _constant,
    "constant_with_warmup": _constant,
    "inverse_sqrt": _inverse_sqrt,
    "wsd": _wsd,
}
