"""Weight averaging: the average by hand, measured, saved and put back in the place of the last weights."""

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.learners import Line, desk_at
from taskfit.engine.averages import Average, decay_at
from taskfit.engine.loop import LoopSettings, train


def test_the_average_by_hand() -> None:
    average = Average({"w": torch.tensor([1.0])}, 0.25)
    average.take({"w": torch.tensor([2.0])}, 1)  # keeps min(0.25, 2 / 11)
    assert average.values["w"].item() == pytest.approx(1.0 * 2 / 11 + 2.0 * 9 / 11)
    held = average.values["w"].item()
    average.take({"w": torch.tensor([3.0])}, 2)  # keeps min(0.25, 3 / 12): from here on 0.25
    assert average.values["w"].item() == pytest.approx(0.25 * held + 0.75 * 3.0)
    assert decay_at(1000, 0.25) == 0.25


def _train(tmp_path: Path, evaluate: Any = None, **more: Any) -> tuple[Line, list[float]]:
    """Train a line; return it and its weight at the beginning of each step."""
    learner, seen = Line(), list[float]()
    inner = learner.loss

    def loss(rows: Any, total: float) -> torch.Tensor:
        seen.append(learner.line.weight.item())
        return inner(rows, total)

    learner.loss = loss  # type: ignore[method-assign]
    desk, _ = desk_at(tmp_path)
    settings = LoopSettings(epochs=6, batch=7, lr=0.05, schedule="constant", warmup=0.0, patience=None, **more)
    train(learner, settings, desk=desk, evaluate=None if evaluate is None else lambda: evaluate(learner))
    return learner, seen


def test_the_average_is_measured_and_saved_and_training_goes_on_from_the_weights(tmp_path: Path) -> None:
    plain, path = _train(tmp_path)
    measured: list[float] = []

    def evaluate(learner: Line) -> float:
        measured.append(learner.line.weight.item())
        return float(len(measured))

    learner, same_path = _train(tmp_path, evaluate, ema=0.9)
    assert same_path == path  # what is measured never disturbs what is trained, to the last bit
    average, wanted = Average({"w": torch.tensor(path[0])}, 0.9), []
    for step, weight in enumerate([*path[1:], plain.line.weight.item()], start=1):
        average.take({"w": torch.tensor(weight)}, step)
        wanted.append(average.values["w"].item())
    assert measured == pytest.approx(wanted, rel=1e-6)
    assert learner.line.weight.item() == measured[-1]
    unmeasured, _ = _train(tmp_path, ema=0.9)
    assert unmeasured.line.weight.item() == pytest.approx(wanted[-1], rel=1e-6)
