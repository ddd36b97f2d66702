"""What holds of every method, on a Llama-, a GPT-2- and a BERT-like model."""

import dataclasses
import inspect
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from methods.conftest import TRIALS, Adapted, adapt, quick
from methods.small_task import TASK, divided
from taskfit.app.settings import METHODS, method_class
from taskfit.core.example import Practice
from taskfit.core.meter import Meter
from taskfit.core.method import Desk, Method
from taskfit.core.model import ModelCard
from taskfit.core.prediction import Prediction
from taskfit.core.task import Task
from taskfit.core.text import Text
from tiny_models import TinyModels

NAMES = METHODS.names()
FAMILIES = ("llama", "gpt2", "bert")
# Labels; what is made for other tasks keeps the same contract in test_without_labels.py.
PAIRS = [
    (name, family)
    for name in NAMES
    for family in FAMILIES
    if "classify" in method_class(name).kinds and ("generate" not in method_class(name).needs or family != "bert")
]
PRACTICE, TEST = divided()
CJK = re.compile(r"[\u4e00-\u9fff]")
Find = Callable[[str, str], Adapted]

every_method = pytest.mark.parametrize("name", NAMES)
every_pair = pytest.mark.parametrize(("name", "family"), PAIRS)


def same(predictions: list[Prediction]) -> list[Prediction]:
    """Return the predictions without the time they took."""
    return [dataclasses.replace(one, seconds=0.0) for one in predictions]


def in_both_languages(text: Text) -> bool:
    return bool(text.en) and not CJK.search(text.en) and bool(CJK.search(text.zh))


@every_method
def test_says_what_it_does_and_when_to_use_it_in_both_languages(name: str) -> None:
    found = method_class(name)
    assert in_both_languages(found.about)
    assert in_both_languages(found.when)
    assert found.about.en.endswith(".")
    assert found.about.zh.endswith("。")


@every_method
def test_every_setting_is_explained_in_both_languages_and_has_a_default(name: str) -> None:
    found = method_class(name)
    for key, info in found.model_fields.items():
        assert in_both_languages(found.explain(key)), key
        assert not info.is_required(), key
    assert found() == found.read(found().model_dump(mode="json"))


def test_every_place_on_the_ladder_is_taken_once() -> None:
    ranks = [method_class(name).rank for name in NAMES]
    assert len(set(ranks)) == len(ranks)


@every_method
def test_the_test_rows_are_no_parameter_of_what_adapts(name: str) -> None:
    parameters = inspect.signature(method_class(name).adapt).parameters
    assert list(parameters) == ["self", "model", "task", "practice", "desk"]
    assert [field.name for field in dataclasses.fields(Practice)] == ["train", "dev"]
    assert "test" not in {field.name for field in dataclasses.fields(Desk)}


@every_method
def test_says_in_both_languages_what_it_cannot_do(name: str) -> None:
    card = ModelCard("a model", "remote", "remote", frozenset())
    for method, task in ((quick(name), Task("tag", "", ())), (quick(name), TASK)):
        reason = method.impossible(card, task)
        assert reason is None or (reason.en and CJK.search(reason.zh))
    assert quick(name).impossible(card, Task("tag", "", ())) is not None


@every_pair
def test_answers_every_example_in_order_with_scores_that_sum_to_one(name: str, family: str, adapted: Find) -> None:
    predictions = adapted(name, family).predictor.predict(TEST, Meter())
    assert [one.id for one in predictions] == [example.id for example in TEST]
    for one in predictions:
        assert one.answer in TASK.label_names
        assert one.scores is not None
        assert list(one.scores) == list(TASK.label_names)
        assert np.exp(list(one.scores.values())).sum() == pytest.approx(1.0, abs=1e-5)
        assert one.answer == max(one.scores, key=lambda label: one.scores[label])
        assert one.tokens_in > 0
        assert one.flops > 0
        assert one.prompt
    assert adapted(name, family).predictor.predict([], Meter()) == []


@every_pair
def test_never_looks_at_targets(name: str, family: str, adapted: Find) -> None:
    predictor = adapted(name, family).predictor
    wrong = [dataclasses.replace(one, target=TASK.label_names[place % 3]) for place, one in enumerate(TEST)]
    hidden = same(predictor.predict([one.without_target() for one in TEST], Meter()))
    assert same(predictor.predict(TEST, Meter())) == hidden
    assert same(predictor.predict(wrong, Meter())) == hidden


@every_pair
def test_an_answer_does_not_depend_on_its_neighbours(name: str, family: str, adapted: Find) -> None:
    predictor = adapted(name, family).predictor
    together = {one.id: one for one in predictor.predict(TEST, Meter())}
    for one in predictor.predict(TEST[3:4], Meter()) + predictor.predict(TEST[:6][::-1], Meter()):
        assert one.evidence == together[one.id].evidence
        assert one.scores == pytest.approx(together[one.id].scores, abs=1e-4)


@every_pair
def test_restored_in_a_fresh_model_it_answers_the_same(
    name: str, family: str, adapted: Find, tiny: TinyModels, tmp_path: Path
) -> None:
    made = adapted(name, family)
    made.predictor.save(tmp_path)
    fresh = TinyModels(tiny.root).open(family, chat=family == "llama")
    assert fresh.network is not made.model.network
    restored = made.method.restore(fresh, TASK, tmp_path)
    assert same(restored.predict(TEST, Meter())) == same(made.predictor.predict(TEST, Meter()))
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} <= {".json", ".safetensors", ".md", ".jinja"}


@every_pair
def test_the_same_seed_gives_the_same_and_the_base_model_stays_as_it_is(
    name: str, family: str, adapted: Find, tmp_path: Path
) -> None:
    made = adapted(name, family)
    before = {key: value.clone() for key, value in made.model.network.state_dict().items()}
    random_state = torch.random.get_rng_state()
    torch.manual_seed(12345)  # chance from outside must not matter
    again = adapt(made.method, made.model, tmp_path)
    torch.random.set_rng_state(random_state)
    assert same(again.predictor.predict(TEST, Meter())) == same(made.predictor.predict(TEST, Meter()))
    told, retold = made.predictor.story, again.predictor.story
    assert [(one.settings, one.dev_score, one.chosen) for one in told.trials] == [
        (one.settings, one.dev_score, one.chosen) for one in retold.trials
    ]
    after = made.model.network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[key], before[key]) for key in before)
    assert not any(weight.requires_grad for weight in made.model.network.parameters())
    assert not made.model.network.training


@every_pair
def test_its_story_keeps_the_budget_and_its_meter_counts(name: str, family: str, adapted: Find) -> None:
    made = adapted(name, family)
    trials = made.predictor.story.trials
    assert len(trials) <= TRIALS
    assert sum(one.chosen for one in trials) == (1 if trials else 0)
    assert all(one.dev_score <= max(t.dev_score for t in trials if t.chosen) for one in trials)
    assert made.desk.meter.tokens > 0
    assert made.desk.meter.flops > 0
    assert made.desk.meter.seconds > 0
    assert (made.predictor.story.parameters_trained > 0) == (made.method.changes != "nothing")


@every_pair
def test_tells_how_far_it_is(name: str, family: str, adapted: Find) -> None:
    progress = [event.data for event in adapted(name, family).events if event.kind == "progress"]
    assert progress
    for data in progress:
        assert data["rung"] == "rung"
        assert 0 <= int(str(data["done"])) <= int(str(data["total"]))
        assert isinstance(data["phase"], dict)
        assert CJK.search(data["phase"]["zh"])


@every_pair
def test_stops_when_asked(name: str, family: str, adapted: Find, tmp_path: Path) -> None:
    made = adapted(name, family)
    desk = Desk(tmp_path, tmp_path / "cache", trials=TRIALS, stop=lambda: True)
    with pytest.raises(KeyboardInterrupt):
        made.method.adapt(made.model, TASK, PRACTICE, desk)


@every_pair
def test_its_meter_counts_no_second_twice(name: str, family: str, adapted: Find, tmp_path: Path) -> None:
    import time

    made = adapted(name, family)
    start = time.perf_counter()
    meter = Meter()
    made.predictor.predict(TEST, meter)
    assert meter.seconds <= time.perf_counter() - start
    assert isinstance(made.method, Method)
