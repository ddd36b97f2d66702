"""Entities, several labels and numbers: what holds of every method that can do them, on three kinds of models."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from methods.conftest import TRIALS
from tagged_rows import KINDS, divided, rows, task
from taskfit.app.settings import METHODS, method_class
from taskfit.core.errors import UsageError
from taskfit.core.example import Practice
from taskfit.core.meter import Meter
from taskfit.core.method import Desk, Method
from taskfit.core.prediction import Prediction, Predictor
from taskfit.core.target import number_of, spans_of
from taskfit.core.task import Kind
from taskfit.measure.metric import find_metric
from tiny_models import TinyModels

FAMILIES = ("llama", "gpt2", "bert")
# Every way of changing weights meets the same aims: one runs with all of them, each other one with one of each.
ALL_KINDS = ("head", "tag", "full")
Make = Callable[[str, str, Kind], tuple[Method, Predictor, Desk]]


def cases() -> list[tuple[str, str, Kind]]:
    """Return method, family of model and kind of task."""
    found = [(name, family, kind) for name in ALL_KINDS for family in FAMILIES for kind in KINDS]
    others = [name for name in METHODS.names() if name not in ALL_KINDS]
    found += [(name, family, kind) for name in others for family, kind in zip(FAMILIES, KINDS, strict=True)]
    return [one for one in found if one[2] in method_class(one[0]).kinds]


def same(predictions: list[Prediction]) -> list[Prediction]:
    return [dataclasses.replace(one, seconds=0.0) for one in predictions]


def quick(name: str, **more: Any) -> Method:
    cls = method_class(name)
    short: dict[str, Any] = {"epochs": 1, "batch": 8, **more}
    return cls.read({key: value for key, value in short.items() if key in cls.model_fields})


@pytest.fixture(scope="module")
def made(tiny: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Make:
    known: dict[tuple[str, str, Kind], tuple[Method, Predictor, Desk]] = {}

    def find(name: str, family: str, kind: Kind) -> tuple[Method, Predictor, Desk]:
        method, model = quick(name), tiny.open(family)
        if reason := method.impossible(model.card, task(kind)):
            pytest.skip(reason.en)
        if (name, family, kind) not in known:
            folder = tmp_path_factory.mktemp(f"{name}-{family}-{kind}")
            desk = Desk(folder, folder / "cache", "rung", trials=TRIALS)
            before = {key: value.clone() for key, value in model.network.state_dict().items()}
            predictor = method.adapt(model, task(kind), divided(kind)[0], desk)
            after = model.network.state_dict()
            assert all(torch.equal(after[key], before[key]) for key in before)
            known[name, family, kind] = method, predictor, desk
        return known[name, family, kind]

    return find


every_case = pytest.mark.parametrize(("name", "family", "kind"), cases())


@every_case
def test_answers_targets_of_the_task_whatever_stands_beside_a_row(
    name: str, family: str, kind: Kind, made: Make
) -> None:
    _, predictor, desk = made(name, family, kind)
    test = divided(kind)[1]
    hidden = [one.without_target() for one in test]
    found = predictor.predict(hidden, Meter())
    assert [one.id for one in found] == [one.id for one in test]
    for one, alone in zip(found, [predictor.predict([each], Meter())[0] for each in hidden], strict=True):
        assert one.answer is not None
        assert alone.answer is not None
        assert task(kind).why_no_target(one.answer) is None
        if kind == "regress":
            assert number_of(one.answer) == pytest.approx(number_of(alone.answer) or 0.0, rel=1e-4, abs=1e-3)
        else:
            assert one.answer == alone.answer
    assert same(predictor.predict(test, Meter())) == same(found)
    assert predictor.predict([], Meter()) == []
    assert predictor.story.parameters_trained > 0
    assert len(predictor.story.trials) <= TRIALS
    assert desk.meter.flops > 0


@every_case
def test_saved_and_restored_it_answers_the_same(
    name: str, family: str, kind: Kind, made: Make, tiny: TinyModels, tmp_path: Path
) -> None:
    method, predictor, _ = made(name, family, kind)
    predictor.save(tmp_path)
    fresh = TinyModels(tiny.root).open(family)
    restored = method.restore(fresh, task(kind), tmp_path)
    test = divided(kind)[1]
    assert same(restored.predict(test, Meter())) == same(predictor.predict(test, Meter()))
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} <= {".json", ".safetensors", ".md"}


@pytest.mark.parametrize(
    ("kind", "family"), [("tag", "bert"), ("tag", "gpt2"), ("multilabel", "llama"), ("regress", "llama")]
)
def test_full_training_learns_the_rows(kind: Kind, family: str, tiny: TinyModels, tmp_path: Path) -> None:
    every = rows(kind, 200)
    desk = Desk(tmp_path, tmp_path / "cache", trials=1)
    method = quick("full", epochs=7, lr=0.003, patience=None)
    predictor = method.adapt(tiny.open(family), task(kind), Practice(every[:140], every[140:160]), desk)
    test = every[160:]
    answers = [one.answer for one in predictor.predict(test, Meter())]
    metric = find_metric(task(kind).primary_metric)
    # The best constant answer has 0 for entities and numbers, and 0.62 for several labels.
    assert metric.compute([one.target or "" for one in test], answers, task(kind).label_names) > 0.85


def test_entities_are_whole_words_of_the_text(made: Make) -> None:
    _, predictor, _ = made("tag", "bert", "tag")
    test = divided("tag")[1]
    for example, found in zip(test, predictor.predict(test, Meter()), strict=True):
        for span in spans_of(found.answer or "") or ():
            word = example.text[span.start : span.end]
            assert word == word.strip()
            assert word


def test_numbers_have_no_label_smoothing(tiny: TinyModels, tmp_path: Path) -> None:
    method = quick("full", label_smoothing=0.1, lr=0.001)
    with pytest.raises(UsageError, match="numbers"):
        method.adapt(tiny.open("bert"), task("regress"), divided("regress")[0], Desk(tmp_path, tmp_path / "cache"))


def test_without_dev_rows_a_fixed_rate_is_trained(tiny: TinyModels, tmp_path: Path) -> None:
    for kind in KINDS:
        practice = dataclasses.replace(divided(kind)[0], dev=())
        predictor = quick("full", lr=0.001).adapt(
            tiny.open("bert"), task(kind), practice, Desk(tmp_path / kind, tmp_path / "cache")
        )
        assert np.isfinite(predictor.story.curve[-1].loss)
