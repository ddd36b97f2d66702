"""A run that is stopped and continued ends in the bytes of an undisturbed run: weights, optimizer, curve, best."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.learners import Line, class_learner, desk_at, rows_of, token_learner
from taskfit.core.errors import DiskError, ModelError, UsageError
from taskfit.engine.learner import ClassLearner, TokenLearner
from taskfit.engine.loop import LoopResult, LoopSettings, lr_at, train
from tiny_models import TinyModels

# 10 or 9 rows: 3 steps an epoch, 12 steps, warm-up until step 4, looks at dev after every second step.
SETTINGS = LoopSettings(
    epochs=4, batch=4, lr=3e-3, warmup=0.3, evaluations_per_epoch=2, patience=99, checkpoint_seconds=0
)
STEPS = 12

MAKERS: dict[str, Callable[[TinyModels], TokenLearner | ClassLearner]] = {
    "bert with dropout": lambda tiny: class_learner(tiny.open("bert")),
    "gpt2 with dropout": lambda tiny: token_learner(tiny.open("gpt2"), "full"),
    "lora with dropout": lambda tiny: token_learner(tiny.open("llama"), "lora", dropout=0.3),
    "last layers": lambda tiny: token_learner(tiny.open("llama"), "last"),
}


def _run(learner: Any, folder: Path, steps: int | None = None, **changes: Any) -> LoopResult | None:
    """Train, or train on, until the end or for `steps` steps; dev is the loss of the first rows."""
    done = 0

    def stop() -> bool:
        return steps is not None and done > 0 and done % steps == 0

    def evaluate() -> float:
        with torch.inference_mode():
            return -float(learner.loss([0, 1], 5.0))

    desk, _ = desk_at(folder.parent, stop=stop)
    emit = desk.emit

    def counting(event: Any) -> None:
        nonlocal done
        done += event.kind == "train.step"
        emit(event)

    try:
        settings = replace(SETTINGS, **changes)
        return train(learner, settings, desk=replace(desk, emit=counting), folder=folder, evaluate=evaluate)
    except KeyboardInterrupt:
        return None


def _newest(folder: Path) -> dict[str, bytes]:
    newest = max(folder.glob("step-*"))
    return {path.name: path.read_bytes() for path in sorted(newest.iterdir())}


@pytest.mark.parametrize("maker", MAKERS)
def test_stopping_after_any_step_changes_no_byte(tiny: TinyModels, tmp_path: Path, maker: str) -> None:
    whole = MAKERS[maker](tiny)
    result = _run(whole, tmp_path / "whole")
    assert result is not None
    assert result.steps == STEPS
    wanted = _newest(tmp_path / "whole")
    assert {"weights.safetensors", "optimizer.safetensors", "best.safetensors", "facts.json"} < wanted.keys()
    # 1: after every step; 5: in mid-epoch, then after a look; 11: before the end.
    for steps in (1, 5, 11):
        folder = tmp_path / f"after-{steps}"
        found, rounds = None, 0
        while found is None:
            learner = MAKERS[maker](tiny)
            torch.manual_seed(rounds)  # what the process drew before must not matter
            found, rounds = _run(learner, folder, steps), rounds + 1
        assert rounds == 1 + (STEPS if steps == 1 else STEPS // steps)
        assert found == result
        assert _newest(folder) == wanted
        for name, parameter in learner.trained().items():
            assert torch.equal(parameter, whole.trained()[name]), name


OPTIONS: dict[str, dict[str, Any]] = {
    "average": {"ema": 0.8},
    "adafactor": {"optimizer": "adafactor", "schedule": "wsd", "decay": 0.5},
    "sgd": {"optimizer": "sgd", "momentum": 0.9, "schedule": "polynomial", "power": 2.0},
    "lion": {"optimizer": "lion", "schedule": "cosine_with_restarts", "cycles": 2},
    "rmsprop": {"optimizer": "rmsprop", "momentum": 0.5, "schedule": "inverse_sqrt"},
    "adagrad": {"optimizer": "adagrad", "max_steps": STEPS},
    "pieces": {"accumulation": 3},
}


@pytest.mark.parametrize("options", OPTIONS)
def test_stopping_changes_no_byte_with_any_option(tiny: TinyModels, tmp_path: Path, options: str) -> None:
    whole, learner = (MAKERS["lora with dropout"](tiny) for _ in range(2))
    result = _run(whole, tmp_path / "whole", **OPTIONS[options])
    assert result is not None
    for _ in range(2):
        assert _run(learner, tmp_path / "stopped", 5, **OPTIONS[options]) is None
        learner = MAKERS["lora with dropout"](tiny)
    assert _run(learner, tmp_path / "stopped", **OPTIONS[options]) == result
    assert _newest(tmp_path / "stopped") == _newest(tmp_path / "whole")
    for name, parameter in learner.trained().items():
        assert torch.equal(parameter, whole.trained()[name]), name


def test_a_run_that_ended_goes_on_to_more_epochs_and_says_how(tiny: TinyModels, tmp_path: Path) -> None:
    make, folder = MAKERS["last layers"], tmp_path / "run"
    _run(make(tiny), folder)
    desk, events = desk_at(tmp_path)
    longer = replace(SETTINGS, epochs=6)
    result = train(make(tiny), longer, desk=desk, folder=folder, evaluate=lambda: 0.0)
    assert result.steps == 18
    assert [point.step for point in result.curve] == list(range(2, 19, 2))
    steps = [event.data for event in events if event.kind == "train.step"]
    assert [step["step"] for step in steps] == list(range(13, 19))
    assert [step["lr"] for step in steps] == [lr_at(step, 18, longer) for step in range(12, 18)]
    told = [event.data["text"] for event in events if event.kind == "warning"]
    assert told == [
        {
            "en": "the run that ended at step 12 goes on to step 18: from here the learning rate follows "
            "the schedule linear over all 18 steps",
            "zh": "在第 12 步结束的训练将继续到第 18 步：从这里起，学习率按 linear 调度在全部 18 步上变化",
        }
    ]
    with pytest.raises(UsageError, match=r"epochs 6 -> 2;"):
        _run(make(tiny), folder, epochs=2)


def test_a_run_that_patience_ended_stays_ended(tmp_path: Path) -> None:
    desk, _ = desk_at(tmp_path)
    settings = LoopSettings(epochs=9, batch=2, lr=0.1, patience=2, checkpoint_seconds=0)

    def run(**changes: Any) -> LoopResult:
        return train(Line(4), replace(settings, **changes), desk=desk, folder=tmp_path / "run", evaluate=lambda: 0.0)

    first = run()
    assert first.steps == 6  # the first look is the best; two more without a better one
    assert run() == first
    assert run(epochs=10).steps == 10  # asked for more: patience begins anew


def test_checkpoints_are_kept_every_so_many_steps_and_at_the_end(tmp_path: Path) -> None:
    desk, _ = desk_at(tmp_path)
    settings = LoopSettings(epochs=2, batch=1, lr=0.1, save_every=5, checkpoint_seconds=1e9)
    train(Line(7), settings, desk=desk, folder=tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["step-00000010", "step-00000014"]


def test_two_undisturbed_runs_are_equal(tiny: TinyModels, tmp_path: Path) -> None:
    for name in ("one", "other"):
        _run(MAKERS["gpt2 with dropout"](tiny), tmp_path / name)
    assert _newest(tmp_path / "one") == _newest(tmp_path / "other")


def test_dropout_is_other_in_every_step(tiny: TinyModels, tmp_path: Path) -> None:
    # A counter that stood still would resume as well, and drop the same units in every step.
    learner = class_learner(tiny.open("bert"))
    seen = []
    inner = learner.loss

    def loss(rows: Any, total: float) -> torch.Tensor:
        seen.append(float(torch.rand(())))
        return inner(range(4), 4.0)

    learner.loss = loss  # type: ignore[method-assign]
    desk, _ = desk_at(tmp_path)
    train(learner, replace(SETTINGS, evaluations_per_epoch=1), desk=desk)
    assert len(set(seen)) == STEPS


def test_early_stopping_is_the_same_after_a_stop(tmp_path: Path) -> None:
    # The score only falls after the second look: with patience 2 the fourth look ends it, also when stopped before.
    def run(folder: Path, stop_at: int | None) -> LoopResult | None:
        learner = Line(4)
        done = 0

        def evaluate() -> float:
            return -abs(float(learner.line.weight.detach()) - 0.7)

        def emit(event: Any) -> None:
            nonlocal done
            done += event.kind == "train.step"

        desk, _ = desk_at(folder, stop=lambda: done == stop_at)
        settings = LoopSettings(epochs=60, batch=2, lr=0.1, schedule="constant", patience=2)
        try:
            return train(learner, settings, desk=replace(desk, emit=emit), folder=folder, evaluate=evaluate)
        except KeyboardInterrupt:
            return None

    wanted = run(tmp_path / "whole", None)
    assert wanted is not None
    assert wanted.steps < 120
    for stop_at in range(1, wanted.steps):
        folder = tmp_path / str(stop_at)
        assert run(folder, stop_at) is None
        assert run(folder, None) == wanted


def test_torn_checkpoints_are_passed_over_and_told(tiny: TinyModels, tmp_path: Path) -> None:
    make = MAKERS["last layers"]
    _run(make(tiny), tmp_path / "whole")
    folder = tmp_path / "torn"
    _run(make(tiny), folder, 5)
    (folder / "step-00000005" / "optimizer.safetensors").write_bytes(b"torn")
    learner = make(tiny)
    desk, events = desk_at(tmp_path)
    train(learner, SETTINGS, desk=desk, folder=folder, evaluate=lambda: 0.0)
    told = [event.data["text"] for event in events if event.kind == "warning"]
    assert told == [
        {
            "en": "torn checkpoints were passed over: step-00000005",
            "zh": "已跳过损坏的检查点：step-00000005",
        }
    ]
    assert next(event.data["step"] for event in events if event.kind == "train.step") == 5
    ours, wanted = _newest(folder), _newest(tmp_path / "whole")
    assert ours["weights.safetensors"] == wanted["weights.safetensors"]
    assert ours["optimizer.safetensors"] == wanted["optimizer.safetensors"]


def test_when_all_are_torn_nothing_is_trained(tiny: TinyModels, tmp_path: Path) -> None:
    folder = tmp_path / "torn"
    _run(MAKERS["last layers"](tiny), folder, 5)
    for path in folder.glob("step-*"):
        (path / "manifest.json").unlink()
    with pytest.raises(ModelError, match="no checkpoint is whole"):
        _run(MAKERS["last layers"](tiny), folder)


def test_a_disk_that_fills_up_ends_training_in_one_sentence_and_loses_no_step(tiny: TinyModels, tmp_path: Path) -> None:
    make = MAKERS["gpt2 with dropout"]
    _run(make(tiny), tmp_path / "whole")
    folder = tmp_path / "full"
    _run(make(tiny), folder, 5)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))  # room for the weights, not for the optimizer
    try:
        with pytest.raises(DiskError, match=r"step-00000006: cannot write: .*File too large.* MB are free there"):
            _run(make(tiny), folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(path.name for path in folder.iterdir()) == ["step-00000004", "step-00000005"]
    _run(make(tiny), folder)
    assert _newest(folder) == _newest(tmp_path / "whole")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lr": 1e-3}, "lr 0.003 -> 0.001"),
        ({"batch": 2, "seed": 4}, "batch 4 -> 2; seed 0 -> 4"),
        ({"epochs": 9}, "epochs 4 -> 9"),
        ({"optimizer": "lion", "ema": 0.9}, r"ema None -> 0.9; optimizer adamw -> lion"),
        ({"betas": (0.8, 0.9)}, r"betas None -> \[0.8, 0.9\]"),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(
    tiny: TinyModels, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    _run(MAKERS["last layers"](tiny), tmp_path / "run", 5)
    with pytest.raises(UsageError, match=rf"made with other settings or rows: {said}; change them back"):
        _run(MAKERS["last layers"](tiny), tmp_path / "run", **changes)


def test_a_checkpoint_of_other_rows_is_refused(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama")
    _run(token_learner(model, "last"), tmp_path / "run", 5)
    with pytest.raises(UsageError, match="made with other settings or rows: the training rows;"):
        _run(token_learner(model, "last", rows_of(model, seed=9)), tmp_path / "run")


def test_pieces_and_the_time_between_checkpoints_may_change(tiny: TinyModels, tmp_path: Path) -> None:
    _run(MAKERS["last layers"](tiny), tmp_path / "run", 5)
    result = _run(MAKERS["last layers"](tiny), tmp_path / "run", tokens_at_once=1, checkpoint_seconds=99.0)
    assert result is not None
    assert result.steps == STEPS


def test_other_threads_are_told(tiny: TinyModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _run(MAKERS["last layers"](tiny), tmp_path / "run", 5)
    desk, events = desk_at(tmp_path)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    train(MAKERS["last layers"](tiny), SETTINGS, desk=desk, folder=tmp_path / "run", evaluate=lambda: 0.0)
    told = [event.data["text"] for event in events if event.kind == "warning"]
    assert told == [
        {
            "en": "continued with 2 threads instead of 1: last digits may differ",
            "zh": "以 2 个线程继续（原为 1 个）：末位数字可能不同",
        }
    ]


def test_killed_at_random_moments_it_ends_in_the_same_bytes(tiny: TinyModels, tmp_path: Path) -> None:
    # Real SIGKILL, 10 times, in a process of its own (see killed_runs.py).
    script = Path(__file__).with_name("killed_runs.py")
    command = [sys.executable, str(script), str(tiny.folder("gpt2")), str(tmp_path), "10"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["kills"] == 10
    assert sum(found["killed_in_training"]) >= 3  # the moments are spread over the run, not all before or after it
    assert found["digests"]
    assert set(found["digests"]) == {found["undisturbed"]}
