"""taskfit memory, and the question before training: will it fit?"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from taskfit.app import memory_check
from taskfit.app.memory import ALL_WAYS, MemorySettings, memory
from taskfit.app.memory_check import expected, order_for
from taskfit.cli.show_memory import as_json, show_many, show_one
from taskfit.core.errors import ModelError, UsageError
from taskfit.core.files import to_json
from taskfit.core.text import speak


def printed(show: Callable[..., None], needs: Any, language: Any = "en") -> str:
    from rich.console import Console

    speak(language)
    console = Console(width=140, highlight=False)
    try:
        with console.capture() as seen:
            show(needs, console=console)
    finally:
        speak("en")
    return seen.get()


def test_without_a_model_it_is_the_table_of_llama_2() -> None:
    needs = memory(MemorySettings())
    assert [(need.model, need.order.way) for need in needs] == [
        (model, way) for model in ("llama-2-7b", "llama-2-13b") for way in ("full", "lora", "qlora")
    ]
    assert all(need.order.checkpointing for need in needs)


def test_a_model_without_a_method_shows_the_usual_ones_and_what_fits() -> None:
    needs = memory(MemorySettings(fits="24GB"), "llama-2-7b")
    assert tuple(need.order.way for need in needs) == ALL_WAYS
    answers = {need.order.way: need.fits for need in needs}
    assert answers["qlora"]
    assert not answers["full"]
    shown = printed(show_many, needs)
    assert "most rows" in shown
    assert "qlora" in shown


@pytest.mark.parametrize("language", ["en", "zh"])
def test_one_method_shows_parts_that_add_up_to_the_total(language: str) -> None:
    (need,) = memory(MemorySettings(method="full", framework="deepspeed", fits="80GiB"), "llama-2-7b")
    shown = printed(show_one, need, language)
    told = ["masters", "does not fit", "together"] if language == "en" else ["主权重", "放不下", "合计"]
    assert [word for word in told if word not in shown] == []
    assert sum(as_json(need)["parts"].values()) == pytest.approx(as_json(need)["bytes"], abs=20)


def test_json_can_be_read_back() -> None:
    (need,) = memory(MemorySettings(method="lora", fits="24GB", rank=16), "gpt2")
    read = json.loads(to_json(as_json(need)))
    assert read["method"] == "lora"
    assert read["asked"]["knobs"]["rank"] == 16
    assert read["largest_length"] == 1024
    assert set(read["parts"]) <= {
        "weights",
        "copies",
        "adapters",
        "optimizer",
        "gradients",
        "activations",
        "logits",
        "overhead",
    }


def test_what_is_no_size_and_no_model_is_refused() -> None:
    with pytest.raises(UsageError, match="--fits: 'much' is not a size"):
        memory(MemorySettings(fits="much"), "gpt2")
    with pytest.raises(ModelError, match="known names"):
        memory(MemorySettings(), "nothing-like-it")


def test_here_is_what_this_machine_has() -> None:
    (need,) = memory(MemorySettings(method="inference", fits="here", device="cpu"), "tiny")
    assert need.fits
    assert need.room is not None
    assert need.room > 1e8


def test_a_training_that_fits_is_not_warned_about() -> None:
    found = expected("tiny", "full", {"batch": 16}, length=128, rows=100)
    assert found is not None
    assert found.warning is None
    assert 0 < found.needs < 2e9


def test_a_training_that_does_not_fit_names_what_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_check, "room_on_cpu", lambda: 24_000_000_000)
    found = expected("llama-2-7b", "full", {"batch": 64}, length=1024)
    assert found is not None
    assert found.warning is not None
    assert "needs about 287 GB" in found.warning.en
    assert "24.0 GB are free here" in found.warning.en
    assert "lora" in found.warning.en
    assert "lora" in found.warning.zh


def test_a_smaller_change_is_named_before_another_method(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = expected("gpt2", "lora", {"batch": 16}, length=512)
    assert needs is not None
    monkeypatch.setattr(memory_check, "room_on_cpu", lambda: int(needs.needs * 0.9))
    found = expected("gpt2", "lora", {"batch": 16}, length=512)
    assert found is not None
    assert found.warning is not None
    assert "gradient_checkpointing: true" in found.warning.en


def test_nothing_makes_a_giant_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_check, "room_on_cpu", lambda: 8_000_000_000)
    found = expected("llama-3.1-405b", "full", {}, length=1024)
    assert found is not None
    assert found.warning is not None
    assert "smaller model" in found.warning.en


def test_a_model_that_is_not_known_is_not_judged() -> None:
    assert expected("some/endpoint", "full", {}, length=128) is None


@pytest.mark.parametrize(
    ("method", "settings", "way", "rank"),
    [
        ("lora", {"r": 32}, "lora", 32),
        ("instruct", {"weights": {"lora": {"r": 4}}}, "lora", 4),
        ("instruct", {"weights": "qlora"}, "qlora", 8),
        ("instruct", {}, "full", 8),
        ("zero_shot", {}, "inference", 8),
        ("something_new", {}, "full", 8),
    ],
)
def test_the_settings_of_a_method_become_an_order(method: str, settings: dict[str, Any], way: str, rank: int) -> None:
    order = order_for(method, settings, length=100, rows=0, place="cpu")
    assert (order.way, order.knobs.rank) == (way, rank)


def test_pieces_divide_the_batch_and_chosen_layers_reach_down() -> None:
    order = order_for("last_layers", {"batch": 64, "accumulation": 8, "chosen": (0,)}, length=9, rows=5, place="gpu")
    assert order.batch == 8
    assert order.accumulation
    assert order.knobs.layers > 1000


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    from taskfit.cli.program import run

    assert run(["memory", "gpt2", "--method", "lora", "--json"]) == 0
    (need,) = json.loads(capsys.readouterr().out)
    assert need["bytes"] > 2.5e8


def test_the_command_needs_no_torch() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from taskfit.cli.program import run; code = run(['memory', 'llama-2-7b', '--fits', '24GB']);"
        "sys.exit(code or 'torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
