"""One recipe for every change and aim: what is trained again, what is not, in which precision, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from methods.open_task import ANSWERS, ASKED, OPEN, TALKING, TALKS, Stopping, desk_in
from methods.small_task import TASK, divided
from taskfit.core.errors import DataError
from taskfit.core.example import Practice
from taskfit.core.meter import Meter
from taskfit.engine.tune import epochs_for, in_precision
from taskfit.methods.full import Full
from taskfit.methods.last_layers import LastLayers
from taskfit.methods.lora import Lora
from tiny_models import TinyModels

SHORT: dict[str, Any] = {"lr": 0.01, "batch": 4}
LABELS = Practice(divided()[0].train[:12], divided()[0].dev[:6])


@pytest.mark.parametrize(("rows", "batch", "epochs"), [(1, 16, 20), (10_000, 16, 3), (200, 16, 8)])
def test_few_rows_are_seen_more_often(rows: int, batch: int, epochs: float) -> None:
    assert epochs_for(rows, batch) == epochs


def test_a_finished_trial_is_not_trained_again(tiny: TinyModels, tmp_path: Path) -> None:
    method, model = Lora.read({**SHORT, "epochs": 1}), tiny.open("llama", chat=True)
    method.adapt(model, OPEN, ANSWERS, desk_in(tmp_path))
    counting = Stopping(after=10**9)
    method.adapt(model, OPEN, ANSWERS, desk_in(tmp_path, counting))
    assert counting.steps == 0


def test_a_trial_with_other_settings_is_not_taken_for_this_one(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama", chat=True)
    Lora.read({**SHORT, "epochs": 1}).adapt(model, OPEN, ANSWERS, desk_in(tmp_path))
    counting = Stopping(after=10**9)
    Lora.read({**SHORT, "epochs": 2}).adapt(model, OPEN, ANSWERS, desk_in(tmp_path, counting))
    assert counting.steps == 6


def test_kept_checkpoints_let_an_ended_training_go_on(tiny: TinyModels, tmp_path: Path) -> None:
    model, kept = tiny.open("llama", chat=True), {**SHORT, "save_every": 1, "patience": None}
    Lora.read({**kept, "epochs": 1}).adapt(model, OPEN, ANSWERS, desk_in(tmp_path))
    assert list(tmp_path.rglob("step-*/manifest.json"))
    counting = Stopping(after=10**9)
    Lora.read({**kept, "epochs": 2}).adapt(model, OPEN, ANSWERS, desk_in(tmp_path, counting))
    assert counting.steps == 3, "three of six steps were done before"


@pytest.mark.parametrize("method", [Full, Lora, LastLayers])
def test_in_bfloat16_what_is_restored_answers_the_same(method: Any, tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama", chat=True)
    made = method.read({**SHORT, "max_steps": 2, "precision": "bfloat16"})
    for name, task, practice in (("labels", TASK, LABELS), ("answers", OPEN, ANSWERS)):
        predictor = made.adapt(model, task, practice, desk_in(tmp_path / name))
        predictor.save(tmp_path / name / "saved")
        again = made.restore(model, task, tmp_path / name / "saved")
        first, second = (one.predict(ASKED, Meter()) for one in (predictor, again))
        assert [replace(one, seconds=0.0) for one in first] == [replace(one, seconds=0.0) for one in second]
    assert {weight.dtype for weight in model.network.parameters()} == {torch.float32}


def test_a_model_that_has_the_precision_is_not_copied(tiny: TinyModels) -> None:
    model = tiny.open("llama")
    assert in_precision(model, "float32") is model
    half = in_precision(model, "bfloat16")
    assert in_precision(half, "bfloat16") is half


def test_noise_on_the_embeddings_and_frozen_layers_go_together(tiny: TinyModels, tmp_path: Path) -> None:
    losses = []
    for alpha in (0.0, 5.0):
        method = LastLayers.read({**SHORT, "max_steps": 2, "neftune_alpha": alpha})
        story = method.adapt(tiny.open("llama"), TALKING, TALKS, desk_in(tmp_path / str(alpha))).story
        losses.append([point.loss for point in story.curve])
    assert losses[0] != losses[1]


def test_gradient_checkpointing_changes_no_bit(tiny: TinyModels, tmp_path: Path) -> None:
    curves = []
    for asked in (False, True):
        method = Full.read({**SHORT, "max_steps": 2, "gradient_checkpointing": asked})
        curves.append(method.adapt(tiny.open("llama"), TALKING, TALKS, desk_in(tmp_path / str(asked))).story.curve)
    assert curves[0] == curves[1]


def test_a_rate_cannot_be_chosen_without_dev_rows(tiny: TinyModels, tmp_path: Path) -> None:
    alone = Practice(TALKS.train, ())
    with pytest.raises(DataError, match="chosen on dev rows"):
        Lora().adapt(tiny.open("llama"), TALKING, alone, replace(desk_in(tmp_path), trials=3))
    story = Lora.read({**SHORT, "max_steps": 2}).adapt(tiny.open("llama"), TALKING, alone, desk_in(tmp_path)).story
    assert [point.dev_score for point in story.curve] == [None]


def test_long_conversations_are_refused_or_cut_as_the_settings_say(tiny: TinyModels, tmp_path: Path) -> None:
    model, short = tiny.open("llama", chat=True), {**SHORT, "max_steps": 1, "max_length": 40}
    with pytest.raises(DataError, match="at most 40 are read"):
        Lora.read(short).adapt(model, TALKING, TALKS, desk_in(tmp_path / "refuse"))
    made = Lora.read({**short, "too_long": "cut_prompt"}).adapt(model, TALKING, TALKS, desk_in(tmp_path / "cut"))
    assert any("beginning of the prompt is cut" in remark["en"] for remark in made.story.remarks)


def test_no_rows_are_refused(tiny: TinyModels, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no rows to train on"):
        Lora().adapt(tiny.open("llama"), TALKING, Practice((), TALKS.dev), desk_in(tmp_path))


def test_the_saved_facts_name_the_aim_and_the_precision(tiny: TinyModels, tmp_path: Path) -> None:
    made = Lora.read({**SHORT, "max_steps": 1}).adapt(tiny.open("llama"), TALKING, TALKS, desk_in(tmp_path))
    made.save(tmp_path / "saved")
    facts = json.loads((tmp_path / "saved" / "tuned.json").read_text())
    assert facts == {"answers_by": "talk", "precision": "float32"}
