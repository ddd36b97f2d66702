"""The options of training: contradictions are refused all at once, and every option reaches the loop."""

from typing import Any, get_args

import pytest

from taskfit.core.errors import UsageError
from taskfit.engine.optimizers import MAKERS
from taskfit.engine.schedules import SHAPES
from taskfit.engine.training import LoopSettings, Optimizer, Schedule, Training

# A value for each field that is not its default, in a combination that makes sense.
OTHER: dict[str, Any] = {
    "lr": 0.5,
    "epochs": 7.0,
    "batch": 5,
    "accumulation": 2,
    "schedule": "wsd",
    "warmup": 3.0,
    "lr_end": 0.2,
    "decay": 4.0,
    "optimizer": "adamw_8bit",
    "betas": (0.5, 0.6),
    "eps": 1e-3,
    "weight_decay": 0.3,
    "clip": 2.0,
    "label_smoothing": 0.1,
    "neftune_alpha": 5.0,
    "ema": 0.99,
    "patience": 9,
    "save_every": 11,
    "parallel": "fsdp",
}


def test_every_option_reaches_the_loop() -> None:
    found = Training.read(OTHER).loop_settings(17)
    assert {name: vars(found)[name] for name in OTHER} == OTHER
    assert found.seed == 17
    assert Training.read({"lr": 1, "looks": 4, "max_steps": 3}).loop_settings(0).evaluations_per_epoch == 4
    more = Training.read({"schedule": "polynomial", "power": 2, "optimizer": "sgd", "momentum": 0.5, "max_steps": 3})
    assert more.loop_settings(0, lr=0.1) == LoopSettings(
        epochs=1.0,
        batch=16,
        lr=0.1,
        schedule="polynomial",
        power=2.0,
        optimizer="sgd",
        momentum=0.5,
        max_steps=3,
        weight_decay=0.01,
        patience=None,
    )
    assert Training.read({"schedule": "cosine_with_restarts", "cycles": 2}).loop_settings(0, lr=1, epochs=2).cycles == 2


def test_what_the_caller_chooses_stands_for_what_was_left_out() -> None:
    found = Training().loop_settings(0, lr=0.3, epochs=4)
    assert (found.lr, found.epochs) == (0.3, 4)
    with pytest.raises(ValueError, match="the caller chooses"):
        Training().loop_settings(0)


def test_contradictions_are_told_all_at_once() -> None:
    with pytest.raises(UsageError) as told:
        Training.read(
            {
                "epochs": 3,
                "max_steps": 4,
                "batch": 2,
                "accumulation": 4,
                "power": 2,
                "optimizer": "adafactor",
                "betas": [0.9, 0.99],
                "momentum": 0.5,
            }
        )
    assert [finding.what.en for finding in told.value.findings] == [
        "'max_steps': 4 steps and 3 epochs are two lengths of one training",
        "'accumulation': 2 rows cannot be cut into 4 pieces",
        "'power': schedule: linear does not read it",
        "'betas': optimizer: adafactor does not read it",
        "'momentum': optimizer: adafactor does not read it",
    ]
    assert told.value.findings[3].todo is not None
    assert told.value.findings[3].todo.en == "leave it out, or choose one of: adamw, adamw_8bit, lion"


def test_a_default_that_is_written_out_contradicts_nothing() -> None:
    Training.read({"lr_end": 0.0, "power": 1, "cycles": 1, "momentum": 0, "betas": None, "schedule": "constant"})


@pytest.mark.parametrize("betas", [[0.9, 1.0], [-0.1, 0.9], [0.9]])
def test_betas_are_two_shares(betas: list[float]) -> None:
    with pytest.raises(UsageError, match="betas"):
        Training.read({"betas": betas})


def test_every_name_is_made_somewhere() -> None:
    assert set(get_args(Schedule)) == set(SHAPES)
    assert set(get_args(Optimizer)) == set(MAKERS)


def test_every_option_is_explained_in_both_languages() -> None:
    for name in Training.model_fields:
        explained = Training.explain(name)
        assert explained.en, name
        assert any("一" <= letter <= "鿿" for letter in explained.zh), name
