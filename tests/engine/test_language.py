"""Training on text and conversations by whichever weights: how they are named, refused, saved and restored."""

from pathlib import Path
from typing import Any

import pytest

from methods.open_task import ASKED, TALKING, TALKS, TEXTS, desk_in
from taskfit.core.errors import DataError, UsageError
from taskfit.core.meter import Meter
from taskfit.engine.language import change_of
from taskfit.methods.continued import Continued
from taskfit.methods.instruct import Instruct
from taskfit.methods.lora import Lora
from taskfit.methods.pretrain import Pretrain
from taskfit.model.open import open_local
from tiny_models import TinyModels

SHORT: dict[str, Any] = {"lr": 0.01, "max_steps": 2, "batch": 4, "looks": 1}


def test_weights_are_a_method_by_its_name_or_with_its_settings() -> None:
    assert change_of("lora") == Lora()
    assert change_of({"lora": {"r": 4, "targets": ["q_proj"]}}) == Lora(r=4, targets=("q_proj",))
    read = Instruct.read({"weights": {"lora": {"r": 4}}})
    assert Instruct.read(read.model_dump(mode="json")) == read


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("lorra", "did you mean 'lora'"),
        ("zero_shot", "changes no weights"),
        ("instruct", "changes no weights"),
        ({"lora": {"rang": 4}}, "unknown key 'rang'"),
        ({"lora": {"r": 0}}, "greater than or equal to 1"),
        ({"lora": {"lr": 0.1}}, "beside 'weights'"),
        ({"lora": {}, "ia3": {}}, "one method was expected"),
    ],
)
def test_weights_that_are_none_are_refused_in_one_sentence(weights: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Instruct.read({"weights": weights})


def test_a_model_too_small_for_the_weights_is_told(tiny: TinyModels) -> None:
    reason = Instruct.read({"weights": {"lora": {"r": 64}}}).impossible(tiny.open("llama").card, TALKING)
    assert reason is not None
    assert "r = 64" in reason.en


def test_the_usual_rate_is_that_of_the_weights_and_higher_for_weights_that_know_nothing(tiny: TinyModels) -> None:
    card = tiny.open("llama").card
    assert Instruct.read({"weights": "lora"}).usual_lr(card) == Lora().lr_centre(card)
    assert Continued().usual_lr(card) == change_of("full").lr_centre(card)
    assert Pretrain().usual_lr(card) == 1e-3
    assert Pretrain.read({"weights": "lora"}).usual_lr(card) == Lora().lr_centre(card)


@pytest.mark.parametrize("weights", ["full", {"last_layers": {"layers": 1}}])
def test_a_whole_model_is_saved_for_all_weights_and_else_only_what_changed(
    weights: Any, tiny: TinyModels, tmp_path: Path
) -> None:
    method = Instruct.read({**SHORT, "weights": weights})
    made = method.adapt(tiny.open("llama", chat=True), TALKING, TALKS, desk_in(tmp_path / "run"))
    made.save(tmp_path / "saved")
    assert (tmp_path / "saved" / "model").is_dir() == (weights == "full")
    assert (tmp_path / "saved" / "trained.safetensors").is_file() == (weights != "full")
    if weights == "full":
        opened = open_local(str(tmp_path / "saved" / "model"))
        assert opened.template.source == tiny.open("llama", chat=True).template.source


def test_in_bfloat16_the_whole_model_is_restored_in_bfloat16(tiny: TinyModels, tmp_path: Path) -> None:
    method, model = Instruct.read({**SHORT, "precision": "bfloat16"}), tiny.open("llama", chat=True)
    made = method.adapt(model, TALKING, TALKS, desk_in(tmp_path / "run"))
    made.save(tmp_path / "saved")
    restored = method.restore(model, TALKING, tmp_path / "saved")
    first, second = (one.predict(ASKED, Meter()) for one in (made, restored))
    assert [one.answer for one in first] == [one.answer for one in second]


def test_what_is_learned_of_a_conversation_is_a_setting(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama", chat=True)
    losses = {}
    for values in ({}, {"learn": "all"}, {"last_answers": 1}, {"learn_end": False}):
        name = str(sorted(values))
        made = Instruct.read({**SHORT, **values}).adapt(model, TALKING, TALKS, desk_in(tmp_path / name))
        losses[name] = made.story.curve[0].loss
    assert len(set(losses.values())) == 4


def test_all_is_all() -> None:
    with pytest.raises(UsageError, match="no part of an answer is left out"):
        Instruct.read({"learn": "all", "learn_end": False})


def test_long_rows_are_refused_cut_or_left_out_as_the_settings_say(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama", chat=True)
    with pytest.raises(DataError, match="at most 12 are read") as refused:
        Pretrain.read({**SHORT, "max_length": 12}).adapt(model, TALKING, TEXTS, desk_in(tmp_path / "refuse"))
    assert len(refused.value.findings) > 1, "all at once"
    method = Pretrain.read({**SHORT, "max_length": 12, "too_long": "split"})
    story = method.adapt(model, TALKING, TEXTS, desk_in(tmp_path / "split")).story
    assert any("cut into pieces" in remark["en"] for remark in story.remarks)
