"""Tasks without labels: what is asked for is written, not chosen."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from methods.small_task import divided
from taskfit.app.settings import method_class
from taskfit.core.example import Practice
from taskfit.core.meter import Meter
from taskfit.core.method import Desk
from taskfit.core.task import Task
from tiny_models import TinyModels

TASK = Task("answer", "One word for the topic.", (), ("exact_match", "char_f1"), 4)
PRACTICE, TEST = divided()
FEW = Practice(PRACTICE.train[:9], PRACTICE.dev[:4])


@pytest.mark.parametrize("name", ["zero_shot", "few_shot", "knn_shot"])
@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_an_answer_is_written_and_costs_what_it_takes(name: str, family: str, tiny: TinyModels, tmp_path: Path) -> None:
    method, model = method_class(name)(), tiny.open(family, chat=family == "llama")
    assert method.impossible(model.card, TASK) is None
    desk = Desk(tmp_path, tmp_path / "cache", trials=2)
    start = time.perf_counter()
    with desk.meter.running():
        predictor = method.adapt(model, TASK, FEW, desk)
    assert desk.meter.seconds <= time.perf_counter() - start, "seconds on dev must not count twice"
    meter = Meter()
    predictions = predictor.predict(TEST[:3], meter)
    assert [one.id for one in predictions] == [example.id for example in TEST[:3]]
    assert all(one.scores is None and one.tokens_in > 0 and 0 < one.tokens_out <= 5 for one in predictions)
    assert all((one.answer is None) == bool(one.problem) for one in predictions)
    predictor.save(tmp_path)
    again = method.restore(model, TASK, tmp_path).predict(TEST[:3], Meter())
    assert [replace(one, seconds=0.0) for one in again] == [replace(one, seconds=0.0) for one in predictions]


@pytest.mark.parametrize("name", ["zero_shot", "few_shot", "knn_shot", "head", "lora", "full"])
def test_an_encoder_cannot_write(name: str, tiny: TinyModels) -> None:
    reason = method_class(name)().impossible(tiny.open("bert").card, TASK)
    assert reason is not None
