"""LLaMA-Factory's run files are told from recipes, and words behind them win."""

from pathlib import Path

import pytest

from taskfit.app.llamafactory.file import is_llamafactory, read_run_file
from taskfit.core.errors import UsageError

ROOT = Path(__file__).resolve().parents[3]


def write(path: Path, text: str) -> Path:
    file = path / "run.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_their_files_are_told_from_recipes(tmp_path: Path) -> None:
    assert is_llamafactory(write(tmp_path, "stage: sft\nmodel_name_or_path: tiny\n"))
    assert not is_llamafactory(write(tmp_path, "method: lora\nrows: a.csv\n"))
    assert not is_llamafactory(tmp_path / "nothing.yaml")
    assert not any(is_llamafactory(path) for path in ROOT.glob("recipes/tiny/*.yaml"))
    assert all(is_llamafactory(path) for path in ROOT.glob("recipes/llamafactory/*.yaml"))


def test_words_behind_the_file_win(tmp_path: Path) -> None:
    path = write(tmp_path, "stage: sft\nlearning_rate: 1e-4\n")
    file = read_run_file(path, ["learning_rate=2e-4", "bf16=true", "template=qwen", "dataset=a,b"])
    assert file.values == {
        "stage": "sft",
        "learning_rate": 2e-4,
        "bf16": True,
        "template": "qwen",
        "dataset": "a,b",
    }
    assert file.where["stage"] == f"{path}:1"
    assert file.where["learning_rate"] == "learning_rate=2e-4"


def test_a_word_without_a_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no key=value"):
        read_run_file(write(tmp_path, "stage: sft\n"), ["bf16"])


def test_files_of_the_young_engine_are_refused_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, "model: x\ntrain_dataset: y\npeft_config: {name: lora}\n")
    assert is_llamafactory(path)
    with pytest.raises(UsageError, match="young engine"):
        read_run_file(path)


def test_json_files_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"stage": "sft", "learning_rate": 0.0001}', encoding="utf-8")
    assert is_llamafactory(path)
    assert read_run_file(path).values["learning_rate"] == 1e-4
