"""What a trained model is worth: measured on the sealed test rows, beside the model it started from."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from taskfit.app.settings import METHODS, method_class
from taskfit.app.train_rows import TrainGround
from taskfit.core.files import plain, read_json, write_json, write_lines
from taskfit.core.measurement import Comparison, Interval, Measurement, ScoredPrediction
from taskfit.core.meter import Meter
from taskfit.core.method import Desk, Method
from taskfit.core.model import Model
from taskfit.core.prediction import Predictor
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.ladder.compare import compare_rungs
from taskfit.ladder.rung import answer_all
from taskfit.measure.ledger import look
from taskfit.measure.measure import measure, score_rows

BASE, LEDGER = "base", "test-ledger.jsonl"
OPEN_METRICS = ("char_f1", "exact_match")
MEASUREMENT, LOSS = "measurement.json", "loss.json"


@dataclass(frozen=True)
class Worth:
    """The measurement of what was trained, that of its start, and how they compare on the same rows."""

    trained: Measurement
    base: Measurement | None
    comparison: Comparison | None
    warning: Text | None = None


@dataclass(frozen=True)
class LossWorth:
    """Nats per token on the test rows before and after; `change` is after - before, paired by rows."""

    rows: int
    tokens: int
    base: Interval
    trained: Interval
    change: Interval


def worth_of(
    name: str, method: Method, predictor: Predictor, ground: TrainGround, *, model: Model, desk: Desk
) -> Worth:
    """Answer the test rows with what was trained and with the model it started from, and measure both.

    Everything is written into the run folder: predictions.jsonl, measurement.json, the same below base/.
    """
    ground = replace(ground, task=measured_as(ground.task))
    folder, task = desk.folder, ground.task
    rows = _answered(predictor, ground, desk)
    facts = method.model_dump(mode="json")
    trained = measure(name, rows, task, method=name, settings=facts, story=predictor.story)
    start = base_method(model, task)
    # A prompt that is the start itself has nothing to be held against.
    base_rows, base = ((), None) if start is None or start == name else _base(start, ground, model, desk)
    rungs = {BASE: base_rows, name: rows} if base_rows else {}
    comparisons = compare_rungs(rungs, task)
    found = Worth(
        trained, base, comparisons[0] if comparisons else None, _looked(folder, name, ground, facts, desk.seed)
    )
    write_lines(folder / "predictions.jsonl", rows)
    write_json(folder / MEASUREMENT, found)
    return found


def measured_as(task: Task) -> Task:
    """Return the task with the metrics of its answers: where the loss decides on dev, none are named."""
    return task if task.metrics else replace(task, metrics=OPEN_METRICS)


def read_worth(folder: Path) -> Worth | None:
    """Return what was measured in a run folder, or None when nothing was."""
    path = folder / MEASUREMENT
    return TypeAdapter(Worth).validate_python(read_json(path)) if path.is_file() else None


def read_loss(folder: Path) -> LossWorth | None:
    """Return the loss that was measured in a run folder, or None when none was."""
    path = folder / LOSS
    return TypeAdapter(LossWorth).validate_python(read_json(path)) if path.is_file() else None


def _answered(predictor: Predictor, ground: TrainGround, desk: Desk) -> list[ScoredPrediction]:
    asked = [example.without_target() for example in ground.test]
    return score_rows(ground.test, answer_all(predictor, asked, desk), ground.task, seed=desk.seed)


def base_method(model: Model, task: Task) -> str | None:
    """Return the cheapest method that uses the model as it is, or None when none can do the task."""
    names = sorted(METHODS.names(), key=lambda name: method_class(name).rank)
    for name in names:
        kind = method_class(name)
        if kind.changes == "nothing" and kind.read({}).impossible(model.card, task) is None:
            return name
    return None


def _base(
    name: str, ground: TrainGround, model: Model, desk: Desk
) -> tuple[Sequence[ScoredPrediction], Measurement | None]:
    """Measure the start by the method that uses it as it is."""
    folder = desk.folder / BASE
    method = method_class(name).read({})
    told = Desk(folder, desk.cache, BASE, "", desk.seed, 1, Meter(), desk.emit, desk.stop)
    folder.mkdir(exist_ok=True)
    predictor = method.adapt(model, ground.task, ground.practice, told)
    rows = _answered(predictor, ground, told)
    settings = method.model_dump(mode="json")
    found = measure(BASE, rows, ground.task, method=name, settings=settings, story=predictor.story)
    write_lines(folder / "predictions.jsonl", rows)
    return rows, found


def _looked(folder: Path, name: str, ground: TrainGround, settings: dict[str, Any], seed: int) -> Text | None:
    hashed = hashlib.sha256(json.dumps(plain([settings, seed]), sort_keys=True).encode()).hexdigest()[:16]
    path = folder.parent / LEDGER
    return look(path, split=ground.fingerprint, rung=name, settings_hash=hashed).warning
