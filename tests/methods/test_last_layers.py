"""Layers by count, number, share or expression: the same trained predictor with and without the frozen part once."""

from pathlib import Path
from typing import Any

import pytest

from methods.small_task import TASK, divided
from taskfit.app.settings import method_class
from taskfit.core.errors import UsageError
from taskfit.core.meter import Meter
from taskfit.core.method import Desk
from taskfit.engine.trained import Trained
from tiny_models import LAYERS, TinyModels

PRACTICE, TEST = divided()


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        ({}, (1, 2)),
        ({"layers": 1}, (2,)),
        ({"layers": 9}, (0, 1, 2)),
        ({"layers": -1}, (0,)),
        ({"chosen": [2, 0]}, (0, 2)),
        ({"share": 0.34}, (2,)),
        ({"share": 0.01}, (2,)),
        ({"share": 1}, (0, 1, 2)),
    ],
)
def test_layers_are_chosen_by_count_number_or_share(values: dict[str, Any], numbers: tuple[int, ...]) -> None:
    assert method_class("last_layers").read(values).numbers(LAYERS) == numbers


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"layers": 0}, "no layer"),
        ({"chosen": [-1]}, "numbered from 0"),
        ({"chosen": [1], "share": 0.5}, "chosen, share"),
        ({"layers": 3, "matching": "h"}, "layers, matching"),
        ({"matching": "("}, "no regular expression"),
    ],
)
def test_choices_that_do_not_fit_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        method_class("last_layers").read(values)


def test_a_layer_that_is_not_there_is_told(tiny: TinyModels) -> None:
    reason = method_class("last_layers").read({"chosen": [1, 3]}).impossible(tiny.open("llama").card, TASK)
    assert reason is not None
    assert "no layer 3" in reason.en
    assert "0 到 2" in reason.zh


@pytest.mark.parametrize("family", ["llama", "bert"])
def test_an_expression_trains_what_its_layers_train(family: str, tiny: TinyModels, tmp_path: Path) -> None:
    model, short = tiny.open(family), {"epochs": 1, "lr": 0.001}
    by_name = method_class("last_layers").read({"matching": rf"layers?\.{LAYERS - 1}\.|model\.norm", **short})
    assert isinstance(by_name, Trained)
    by_count = method_class("last_layers").read({"layers": 1, **short})
    found = []
    for name, method in (("name", by_name), ("count", by_count)):
        predictor = method.adapt(model, TASK, PRACTICE, Desk(tmp_path / name, tmp_path / "cache"))
        (tmp_path / name / "saved").mkdir()
        predictor.save(tmp_path / name / "saved")
        again = method.restore(model, TASK, tmp_path / name / "saved").predict(TEST, Meter())
        found.append([one.scores for one in predictor.predict(TEST, Meter())])
        assert [one.scores for one in again] == found[-1]
    assert found[0] == found[1]
