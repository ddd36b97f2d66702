"""The facts of a training: how fast it was, what it used, on which machine."""

import platform
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from taskfit import __version__
from taskfit.core.events import Emit, Event
from taskfit.core.meter import bytes_peak_since_reset
from taskfit.core.method import Desk, Method
from taskfit.core.prediction import Story

PACKAGES = ("torch", "transformers", "peft", "numpy", "tokenizers")


@dataclass
class Pace:
    """Passes events on and takes notice of tokens and time: the speed of training, looks at dev included."""

    emit: Emit
    tokens: int = 0
    seconds: float = 0.0
    _trial: str = ""
    _before: tuple[int, float] | None = field(default=None)

    def __call__(self, event: Event) -> None:
        """Take one event and pass it on."""
        if event.kind == "train.step":
            self._step(str(event.data.get("trial")), int(str(event.data["tokens"])), event.time)
        self.emit(event)

    def _step(self, trial: str, tokens: int, now: float) -> None:
        if self._before is not None and trial == self._trial and tokens >= self._before[0]:
            self.tokens += tokens - self._before[0]
            self.seconds += now - self._before[1]
        self._trial, self._before = trial, (tokens, now)

    @property
    def tokens_per_second(self) -> float | None:
        """The speed, or None when fewer than two steps were seen."""
        return self.tokens / self.seconds if self.seconds > 0 else None


def trained_facts(method: Method, desk: Desk, story: Story, pace: Pace, *, dev: float | None) -> dict[str, Any]:
    """Return what trained.json tells of a training, beside where its result is."""
    import torch

    return {
        "dev_score": dev,
        "dev_metric": story.dev_metric,
        "seconds": desk.meter.seconds,
        "cpu_seconds": desk.meter.cpu_seconds,
        "tokens": desk.meter.tokens,
        "tokens_per_second": pace.tokens_per_second,
        "flops": desk.meter.flops,
        "bytes_peak": bytes_peak_since_reset(),
        "threads": torch.get_num_threads(),
        "parameters_trained": story.parameters_trained,
        "method": method.model_dump(mode="json"),
        "curve": [vars(point) for point in story.curve],
        "trials": [vars(trial) for trial in story.trials],
        "remarks": story.remarks,
    }


def machine() -> dict[str, Any]:
    """Return versions, device and threads."""
    import torch

    from taskfit.engine.machine import cores_usable

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    return {
        "taskfit": __version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "device": device,
        "cores": cores_usable(),
        "threads": torch.get_num_threads(),
        "versions": {name: _version(name) for name in PACKAGES},
        "time": time.strftime("%Y-%m-%d %H:%M:%S %z"),
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"
