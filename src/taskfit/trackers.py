"""Trackers: TensorBoard, MLflow, Weights & Biases and SwanLab as readers of events; each needs its own package."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from taskfit.core.errors import Finding, UsageError
from taskfit.core.events import Emit, Event
from taskfit.core.files import read_json, write_json
from taskfit.core.text import Text

PACKAGES = {"tensorboard": "tensorboardX", "mlflow": "mlflow", "wandb": "wandb", "swanlab": "swanlab"}
OF_STEP, OF_LOOK = ("loss", "lr", "tokens"), ("dev_score", "epoch")
PROJECT = "taskfit"


class Tracker(Protocol):
    """Takes numbers by name at a step; `close` says that no more will come."""

    def log(self, numbers: Mapping[str, float], step: int) -> None:
        """Take the numbers of a step."""
        ...

    def close(self) -> None:
        """End the record."""
        ...


def check_trackers(names: Sequence[str]) -> None:
    """Raise UsageError for every tracker whose package is not installed."""
    missing = [name for name in names if find_spec(PACKAGES[name]) is None]
    if missing:
        raise UsageError([_not_installed(name) for name in missing])


def _not_installed(name: str) -> Finding:
    package = PACKAGES[name]
    return Finding(
        name,
        Text(f"the package {package} is not installed", f"未安装 {package}"),
        Text(f"pip install '{PROJECT}[{name}]', or leave it out", f"请运行 pip install '{PROJECT}[{name}]'，或去掉它"),
    )


@contextmanager
def tracking(names: Sequence[str], folder: Path, settings: Mapping[str, Any], emit: Emit) -> Iterator[Emit]:
    """Tell the numbers of events to the trackers, too, for the time of the block.

    A tracker that fails is left out from there on, with a warning: training does not depend on it.
    """
    trackers = {name: _opened(name, folder, settings) for name in names}
    telling = _Telling(trackers, emit)
    try:
        yield telling
    finally:
        for name in list(trackers):
            telling.close(name)


def _opened(name: str, folder: Path, settings: Mapping[str, Any]) -> Tracker:
    try:
        return OPEN[name](folder, settings)
    except Exception as problem:  # foreign code: what it raises has no common base
        why = " ".join(str(problem).split())[:400] or type(problem).__name__
        raise UsageError(
            Text(f"cannot be started: {why}", f"无法启动：{why}"),
            where=name,
            todo=Text("mend its set-up, or leave it out", "请修正其配置，或去掉它"),
        ) from problem


@dataclass
class _Telling:
    """Passes every event on, and its numbers to each tracker."""

    trackers: dict[str, Tracker]
    emit: Emit

    def __call__(self, event: Event) -> None:
        self.emit(event)
        numbers = numbers_of(event)
        if numbers:
            step = int(float(str(event.data["step"])))
            for name in list(self.trackers):
                self._try(name, lambda one: one.log(numbers, step))

    def close(self, name: str) -> None:
        """End the record of one tracker."""
        self._try(name, lambda one: one.close())

    def _try(self, name: str, work: Callable[[Tracker], None]) -> None:
        try:
            work(self.trackers[name])
        except Exception as problem:  # noqa: BLE001  (foreign code and networks: what they raise has no common base)
            del self.trackers[name]
            why = " ".join(str(problem).split())[:200]
            text = {
                "en": f"{name} stopped taking numbers: {why}; training goes on without it",
                "zh": f"{name} 不再接收数据：{why}；训练将继续进行",
            }
            self.emit(Event("warning", {"text": text}))


def numbers_of(event: Event) -> dict[str, float]:
    """Return the numbers of a step or of a look at dev; those of a trial stand under its name."""
    wanted = {"train.step": OF_STEP, "train.look": OF_LOOK}.get(event.kind, ())
    trial = str(event.data.get("trial") or "")
    found = {name: event.data.get(name) for name in wanted}
    head = f"{trial}/" if trial else ""
    return {f"{head}{name}": float(value) for name, value in found.items() if isinstance(value, (int, float))}


class _TensorBoard:
    """Event files in the run folder; steps that are done again after an interruption are purged."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]):
        self.folder = folder / "tensorboard"
        self.writer: Any = None
        self.about = "\n".join(f"    {key}: {value}" for key, value in settings.items())

    def log(self, numbers: Mapping[str, float], step: int) -> None:
        if self.writer is None:
            self.writer = import_module("tensorboardX").SummaryWriter(str(self.folder), purge_step=step)
            self.writer.add_text("settings", self.about)
        for name, value in numbers.items():
            self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()


class _Mlflow:
    """One MLflow run per run folder, where MLFLOW_TRACKING_URI says (else ./mlruns)."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]):
        self.mlflow, known = import_module("mlflow"), folder / "mlflow.json"
        self.mlflow.set_experiment(PROJECT)
        stored = read_json(known)["run"] if known.is_file() else None
        run = self.mlflow.start_run(run_id=stored, run_name=None if stored else folder.name)
        if stored is None:
            write_json(known, {"run": run.info.run_id})
            self.mlflow.log_params({key: str(value)[:500] for key, value in settings.items()})

    def log(self, numbers: Mapping[str, float], step: int) -> None:
        self.mlflow.log_metrics({name.replace("/", "."): value for name, value in numbers.items()}, step=step)

    def close(self) -> None:
        self.mlflow.end_run()


class _Wandb:
    """One run of Weights & Biases per run folder; WANDB_MODE=offline keeps it on this machine."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]):
        self.run = import_module("wandb").init(
            project=PROJECT,
            name=folder.name,
            id=_identity(folder),
            dir=str(folder),
            config=dict(settings),
            resume="allow",
        )

    def log(self, numbers: Mapping[str, float], step: int) -> None:
        self.run.log({**numbers, "step": step})

    def close(self) -> None:
        self.run.finish()


class _Swanlab:
    """One SwanLab experiment per run folder."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]):
        self.run = import_module("swanlab").init(
            project=PROJECT, experiment_name=folder.name, config=dict(settings), logdir=str(folder / "swanlab")
        )

    def log(self, numbers: Mapping[str, float], step: int) -> None:
        self.run.log(dict(numbers), step=step)

    def close(self) -> None:
        self.run.finish()


def _identity(folder: Path) -> str:
    """Return the same short name for the same run folder, so that a continued run goes on in its record."""
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]


OPEN: Mapping[str, Callable[[Path, Mapping[str, Any]], Tracker]] = {
    "tensorboard": _TensorBoard,
    "mlflow": _Mlflow,
    "wandb": _Wandb,
    "swanlab": _Swanlab,
}
