"""What stands at the end of a training: scores, notes and the command that usually follows."""

from pathlib import Path

import pytest
from rich.console import Console

from taskfit.cli.show_train import show_trained
from taskfit.core.files import write_json

FACTS = {
    "result": "soft",
    "dev_score": 0.49900001,
    "dev_metric": "accuracy",
    "seconds": 1.0,
    "bytes_peak": 1,
    "parameters_trained": 1,
    "remarks": [{"en": "75% are saved", "zh": "节省 75%"}],
}


def shown(run: Path, *, method: str, kind: str, task: str = "", **facts: object) -> str:
    """Return what is printed for a finished run."""
    write_json(run / "trained.json", {**FACTS, **facts})
    write_json(run / "rows.json", {"task": {"kind": kind, "labels": [{"name": "1", "word": "good"}]}})
    rows = "rows:\n  files:\n  - file: my rows.csv\n"
    (run / "settings.yaml").write_text(f"method: {method}\nmodel: tiny\n{task}{rows}", encoding="utf-8")
    console = Console(width=200)
    with console.capture() as captured:
        show_trained(run, console)
    return captured.get()


def test_the_score_is_the_metric_and_notes_are_told(tmp_path: Path) -> None:
    lines = shown(tmp_path, method="lora", kind="classify")
    assert "0.50" in lines
    assert "0.499" not in lines
    assert "accuracy on dev" in lines.lower()
    assert "note: 75% are saved" in lines


@pytest.mark.parametrize(
    ("method", "kind", "rungs"),
    [
        ("lora", "classify", "zero_shot,lora"),
        ("zero_shot", "classify", "zero_shot,few_shot"),
        ("lora", "tag", "tag,lora"),
    ],
)
def test_the_next_command_compares_with_another_method_that_can_do_the_task(
    tmp_path: Path, method: str, kind: str, rungs: str
) -> None:
    last = shown(tmp_path, method=method, kind=kind).splitlines()[-1]
    assert last == f"next: taskfit climb 'my rows.csv' --model tiny --rungs {rungs}"


def test_what_was_measured_on_dev_is_named_and_not_guessed_from_its_value(tmp_path: Path) -> None:
    loss = shown(tmp_path, method="lora", kind="generate", dev_score=-0.0004, dev_metric="loss")
    assert "loss on dev" in loss
    assert "0.0004" in loss
    fit = shown(tmp_path, method="lora", kind="regress", dev_score=-0.25, dev_metric="r2")
    assert "r2 on dev" in fit.lower()
    assert "-0.25" in fit
    trials = [{"settings": {"lr": lr}, "dev_score": -lr, "seconds": 1.0, "chosen": lr < 2} for lr in (1.0, 2.0)]
    table = shown(tmp_path, method="lora", kind="generate", dev_score=-1.0, dev_metric="loss", trials=trials)
    assert table.count("loss on dev") == 2
    assert "score on dev" in shown(tmp_path, method="lora", kind="classify", dev_metric="")


def test_an_encoder_is_not_sent_to_methods_that_ask(tmp_path: Path) -> None:
    last = shown(tmp_path, method="lora", kind="classify", architecture="encoder").splitlines()[-1]
    assert last == "next: taskfit climb 'my rows.csv' --model tiny --rungs head,lora"
    last = shown(tmp_path, method="head", kind="classify", architecture="encoder").splitlines()[-1]
    assert "shot" not in last


def test_the_next_command_asks_the_same_task(tmp_path: Path) -> None:
    asked = "task:\n  instruction: Good or bad?\n  labels:\n    '1': good\n    '0': bad\n"
    last = shown(tmp_path, method="lora", kind="classify", task=asked).rstrip()
    assert last.endswith("--task.instruction 'Good or bad?' --task.labels 1=good,0=bad")


def test_a_prompt_adapts_and_trains_nothing(tmp_path: Path) -> None:
    assert "training took" in shown(tmp_path, method="lora", kind="classify")
    assert "adapting took" in shown(tmp_path, method="few_shot", kind="classify", parameters_trained=0)
