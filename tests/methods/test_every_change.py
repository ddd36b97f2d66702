"""What holds of every method that changes weights, whatever is learned: labels, open answers, conversations, texts."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from methods.open_task import ANSWERS, ASKED, OPEN, TALKING, TALKS, TEXTS, Stopping, desk_in
from methods.small_task import TASK, divided
from taskfit.app.settings import METHODS, method_class
from taskfit.core.example import Practice
from taskfit.core.meter import Meter
from taskfit.core.method import Method
from taskfit.core.prediction import Prediction
from taskfit.core.task import Task
from taskfit.engine.trained import Trained
from taskfit.model.local import LocalModel
from tiny_models import TinyModels

SHORT = {"max_steps": 4, "batch": 4, "looks": 2, "lr": 0.01}
CHANGES = [name for name in METHODS.names() if issubclass(method_class(name), Trained)]
LABELS = Practice(divided()[0].train[:12], divided()[0].dev[:6])
AIMS: dict[str, tuple[str | None, Task, Practice]] = {
    "labels": (None, TASK, LABELS),
    "answers": (None, OPEN, ANSWERS),
    "talks": (None, TALKING, TALKS),
    "instruct": ("instruct", TALKING, TALKS),
    "texts": ("continued", TALKING, TEXTS),
}

every_change = pytest.mark.parametrize("change", CHANGES)
every_aim = pytest.mark.parametrize("aim", AIMS)


def method_of(change: str, aim: str) -> tuple[Method, Task, Practice]:
    """Return the method that trains the weights of `change` for the aim, its task and rows."""
    outer, task, practice = AIMS[aim]
    values: dict[str, Any] = {**SHORT} if outer is None else {**SHORT, "weights": change}
    return method_class(outer or change).read(values), task, practice


def digest(model: LocalModel) -> str:
    found = hashlib.sha256()
    for name, value in sorted(model.network.state_dict().items()):
        found.update(name.encode() + value.contiguous().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def answers(predictions: list[Prediction]) -> list[Prediction]:
    return [replace(one, seconds=0.0) for one in predictions]


def written(folder: Path) -> dict[str, bytes]:
    """Return what every weight and fact file below `folder` holds."""
    files = [path for path in folder.rglob("*") if path.suffix in (".safetensors", ".json", ".jsonl")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@every_change
@every_aim
def test_stopped_in_the_middle_and_run_again_it_saves_the_same_bytes_and_the_base_stays_as_it_is(
    change: str, aim: str, tiny: TinyModels, tmp_path: Path
) -> None:
    method, task, practice = method_of(change, aim)
    model = tiny.open("llama", chat=True)
    assert method.impossible(model.card, task) is None
    before = digest(model)
    whole = method.adapt(model, task, practice, desk_in(tmp_path / "whole"))
    whole.save(tmp_path / "saved")
    with pytest.raises(KeyboardInterrupt):
        method.adapt(model, task, practice, desk_in(tmp_path / "cut", Stopping(after=2)))
    assert list((tmp_path / "cut").rglob("step-*/manifest.json"))
    counting = Stopping(after=10**9)
    again = method.adapt(model, task, practice, desk_in(tmp_path / "cut", counting))
    again.save(tmp_path / "saved again")
    assert counting.steps == 2, "it goes on where it stopped"
    assert written(tmp_path / "saved again") == written(tmp_path / "saved")
    assert [point.loss for point in again.story.curve] == [point.loss for point in whole.story.curve]
    assert whole.story.parameters_trained > 0
    assert digest(model) == before
    assert not any(weight.requires_grad for weight in model.network.parameters())


@every_change
@every_aim
def test_restored_in_a_fresh_model_it_answers_the_same_as_before_it_was_saved(
    change: str, aim: str, tiny: TinyModels, tmp_path: Path
) -> None:
    method, task, practice = method_of(change, aim)
    made = method.adapt(tiny.open("llama", chat=True), task, practice, desk_in(tmp_path / "run"))
    made.save(tmp_path / "saved")
    fresh = TinyModels(tiny.root).open("llama", chat=True)
    restored = method.restore(fresh, task, tmp_path / "saved")
    assert answers(restored.predict(ASKED, Meter())) == answers(made.predict(ASKED, Meter()))
    restored.save(tmp_path / "saved again")
    assert written(tmp_path / "saved again") == written(tmp_path / "saved")


@every_change
@pytest.mark.parametrize("aim", ["answers", "talks", "instruct", "texts"])
def test_an_encoder_writes_nothing_and_says_so(change: str, aim: str, tiny: TinyModels) -> None:
    method, task, _ = method_of(change, aim)
    reason = method.impossible(tiny.open("bert").card, task)
    assert reason is not None
    assert reason.en
    assert reason.zh


@every_change
def test_a_rate_at_which_training_learns_the_answers_is_found_on_dev(
    change: str, tiny: TinyModels, tmp_path: Path
) -> None:
    method = method_class(change).read({"batch": 4, "epochs": 1})
    desk = replace(desk_in(tmp_path), trials=2)
    story = method.adapt(tiny.open("gpt2"), OPEN, ANSWERS, desk).story
    assert len(story.trials) == 2
    assert sum(trial.chosen for trial in story.trials) == 1
