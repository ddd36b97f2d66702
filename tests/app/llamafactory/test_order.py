"""A LLaMA-Factory file becomes settings of our training, and everything is told beforehand."""

import json
from pathlib import Path
from typing import Any

import pytest

from taskfit.app.llamafactory.order import Order, read_order
from taskfit.app.settings import method_class
from taskfit.core.errors import TaskfitError
from taskfit.core.text import speak
from taskfit.core.yaml import write_yaml

ROWS = [{"instruction": f"Say {n}.", "input": "", "output": f"{n}!"} for n in range(20)]
PLAIN = {"model_name_or_path": "tiny", "stage": "sft", "do_train": True, "finetuning_type": "lora", "dataset": "a"}


def order(folder: Path, *words: str, **values: Any) -> Order:
    (folder / "dataset_info.json").write_text('{"a": {"file_name": "a.json"}}', encoding="utf-8")
    (folder / "a.json").write_text(json.dumps(ROWS), encoding="utf-8")
    place = {"dataset_dir": str(folder), "output_dir": str(folder / "out")}
    path = folder / "run.yaml"
    write_yaml(path, {key: value for key, value in (PLAIN | place | values).items() if value != "-"})
    return read_order(path, words)


def test_a_usual_file_becomes_settings_that_the_method_takes(tmp_path: Path) -> None:
    made = order(tmp_path, val_size=0.1, per_device_train_batch_size=1, gradient_accumulation_steps=6, lora_rank=4)
    settings = made.settings
    assert (settings.method, settings.model, settings.seed) == ("instruct", "tiny", 42)
    assert settings.settings["weights"] == {"lora": {"r": 4, "alpha": 8.0, "dropout": 0.0}}
    assert settings.settings["batch"] == 6
    assert (len(made.reading.practice.train), len(made.reading.practice.dev)) == (18, 2)
    assert settings.settings["looks"] == pytest.approx(1 / 3)
    method_class(settings.method).read(settings.settings)


@pytest.mark.parametrize("kind", ["lora", "freeze", "full"])
@pytest.mark.parametrize("stage", ["sft", "pt"])
def test_every_stage_goes_with_every_kind_of_fine_tuning(tmp_path: Path, stage: str, kind: str) -> None:
    settings = order(tmp_path, stage=stage, finetuning_type=kind).settings
    assert settings.method == {"sft": "instruct", "pt": "continued"}[stage]
    method_class(settings.method).read(settings.settings)


def test_the_template_is_written_out_for_training_and_for_later(tmp_path: Path) -> None:
    made = order(tmp_path, template="qwen", default_system="You cook.")
    assert made.template is not None
    assert "You cook." in made.template
    assert made.settings.template == str(tmp_path / "out" / "chat_template.jinja")
    assert order(tmp_path).settings.template is None


def test_reasoning_templates_learn_or_read_empty_thoughts(tmp_path: Path) -> None:
    learned = order(tmp_path, template="qwen3")
    assert learned.reading.practice.train[0].target == "<think>\n\n</think>\n\n0!"
    read = order(tmp_path, template="qwen3", enable_thinking=False)
    assert read.reading.practice.train[0].target == "0!"
    assert read.template is not None
    assert r"<think>\n\n</think>\n\n" in read.template


def test_what_is_not_used_is_told_in_both_languages(tmp_path: Path) -> None:
    made = order(tmp_path, report_to="wandb", trust_remote_code=True, flash_attn="fa2")
    told = "\n".join(text.en for text in made.told)
    for words in ("not used: report_to", "not used: trust_remote_code", "dataset a: 20 rows = 20 used + 0 listed"):
        assert words in told
    speak("zh")
    assert "不使用：report_to" in "\n".join(map(str, made.told))
    speak("en")


def test_words_behind_the_file_win_and_are_named_in_errors(tmp_path: Path) -> None:
    assert order(tmp_path, "learning_rate=2e-4").settings.settings["lr"] == 2e-4
    with pytest.raises(TaskfitError, match="learning_rte=1: unknown key 'learning_rte'"):
        order(tmp_path, "learning_rte=1")


def test_all_mistakes_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    with pytest.raises(TaskfitError) as told:
        order(tmp_path, stage="dpo", template="alpacca", learning_rte=1, output_dir="-", bf16="maybe")
    text = str(told.value)
    for words in (
        "follows with alignment",
        "did you mean 'alpaca'",
        "unknown key",
        "'output_dir': is missing",
        "maybe",
    ):
        assert words in text
    assert f"{tmp_path / 'run.yaml'}:" in text


def test_a_folder_with_other_things_is_refused_unless_it_may_be_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("x", encoding="utf-8")
    with pytest.raises(TaskfitError, match="is not empty"):
        order(tmp_path)
    assert order(tmp_path, overwrite_output_dir=True).overwrite
    (tmp_path / "out" / "thesis.txt").rename(tmp_path / "out" / "llamafactory.json")  # left by a run that never began
    order(tmp_path)
