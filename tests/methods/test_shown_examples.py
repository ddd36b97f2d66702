"""What prompts show: the right number, the nearest, never the question itself, never more than fits."""

from pathlib import Path

import pytest

from methods.small_task import TASK, divided
from taskfit.app.settings import method_class
from taskfit.core.example import Practice, example_of
from taskfit.core.meter import Meter
from taskfit.core.method import Desk
from taskfit.engine.asking import Searcher
from tiny_models import CONTEXT, TinyModels

PRACTICE, TEST = divided()


@pytest.mark.parametrize("retriever", ["bm25", "dense", "rrf"])
def test_the_nearest_rows_are_shown_nearest_last(retriever: str, tiny: TinyModels, tmp_path: Path) -> None:
    method = method_class("knn_shot").read({"shots": 3, "retriever": retriever})
    predictor = method.adapt(tiny.open("gpt2"), TASK, PRACTICE, Desk(tmp_path, tmp_path / "cache", trials=1))
    twin = PRACTICE.train[7]
    question = example_of(twin.text, None, number=999)
    [asked] = predictor.predict([question], Meter())
    assert len(asked.evidence) == 3
    assert asked.evidence[-1] == twin.id
    [itself] = predictor.predict([twin.without_target()], Meter())
    assert twin.id not in itself.evidence


@pytest.mark.parametrize("how", ["bm25", "dense", "rrf"])
def test_as_many_rows_are_found_as_asked_for(how: str, tiny: TinyModels, tmp_path: Path) -> None:
    pool = [example_of(f"a {n}", TASK.label_names[n % 3], number=n) for n in range(60)]
    search = Searcher.over(tiny.open("llama"), pool, Desk(tmp_path, tmp_path / "cache"), dense=True)
    assert [len(found) for found in search.nearest(pool[:2], how, 50)] == [50, 50]


def test_a_vector_of_the_question_is_part_of_the_cost(tiny: TinyModels, tmp_path: Path) -> None:
    costs = {}
    for retriever in ("bm25", "dense"):
        method = method_class("knn_shot").read({"shots": 1, "retriever": retriever, "calibrate": False})
        one_row = Practice(PRACTICE.train[:1], ())
        predictor = method.adapt(tiny.open("gpt2"), TASK, one_row, Desk(tmp_path, tmp_path / "cache"))
        meter = Meter()
        [asked] = predictor.predict([TEST[0]], meter)
        assert meter.flops == asked.flops
        costs[retriever] = asked.flops
    assert costs["dense"] > costs["bm25"] > 0


def test_what_does_not_fit_is_not_shown_and_the_question_is_whole(tiny: TinyModels, tmp_path: Path) -> None:
    method = method_class("few_shot").read({"shots": 30})
    predictor = method.adapt(tiny.open("llama"), TASK, PRACTICE, Desk(tmp_path, tmp_path / "cache", trials=1))
    for asked, example in zip(predictor.predict(TEST, Meter()), TEST, strict=True):
        assert 0 < len(asked.evidence) < 30
        assert asked.tokens_in < CONTEXT
        assert example.text in asked.prompt
        assert TASK.instruction in asked.prompt


def test_labels_take_turns_in_a_fixed_set(tiny: TinyModels, tmp_path: Path) -> None:
    method = method_class("few_shot").read({"shots": 3})
    predictor = method.adapt(tiny.open("gpt2"), TASK, PRACTICE, Desk(tmp_path, tmp_path / "cache", trials=2))
    label_of = {example.id: example.target for example in PRACTICE.train}
    predictions = predictor.predict(TEST, Meter())
    assert {label_of[id] for id in predictions[0].evidence} == set(TASK.label_names)
    assert len({one.evidence for one in predictions}) == 1
