"""The loop: what it trains on and in which order, at which rate, in which pieces, and when it stops."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.learners import Line, class_learner, desk_at, token_learner, without_dropout
from taskfit.core.errors import DataError, TrainingError
from taskfit.engine.learner import Row
from taskfit.engine.loop import LoopResult, LoopSettings, rows_of_step, train
from tiny_models import TinyModels

SETTINGS: dict[str, Any] = {"epochs": 3, "batch": 3, "lr": 0.05, "schedule": "constant", "warmup": 0.0}


def _train(learner: Any, tmp_path: Path, evaluate: Any = None, **settings: Any) -> tuple[LoopResult, list[Any]]:
    desk, events = desk_at(tmp_path)
    return train(learner, LoopSettings(**{**SETTINGS, **settings}), desk=desk, evaluate=evaluate), events


@pytest.mark.parametrize("family", ["llama", "gpt2", "bert"])
def test_a_step_may_be_cut_into_pieces(
    tiny: TinyModels, tmp_path: Path, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Batch 8 = 4 x 2 = 1 x 8: only rounding may differ, here 1e-6 of the largest gradient. Without dropout, whose
    # masks are drawn piece by piece.
    found: list[dict[str, torch.Tensor]] = []
    real = torch.optim.AdamW.step
    pieces = []
    cuts: list[dict[str, Any]] = [{"tokens_at_once": at_once} for at_once in (10_000, 45, 1)]
    for cut in [*cuts, *({"accumulation": number} for number in (1, 2, 3, 8))]:
        learner = class_learner(tiny.open(family)) if family == "bert" else token_learner(tiny.open(family), "full")
        without_dropout(learner.model)
        trained, inner, seen = learner.trained(), learner.loss, list[int]()

        def step(self: Any, trained: Any = trained) -> Any:
            found.append({name: p.grad.clone() for name, p in trained.items() if p.grad is not None})
            return real(self)

        def loss(rows: Any, total: float, inner: Any = inner, seen: Any = seen) -> torch.Tensor:
            seen.append(len(rows))
            return inner(rows, total)

        monkeypatch.setattr(torch.optim.AdamW, "step", step)
        monkeypatch.setattr(learner, "loss", loss)
        _train(learner, tmp_path, epochs=0.5, batch=8, clip=0.0, **cut)
        pieces.append(seen)
    assert pieces[0] == [8]
    assert 1 < len(pieces[1]) < 8
    assert pieces[2:] == [[1] * 8, [8], [4, 4], [3, 3, 2], [1] * 8]
    largest = max(float(grad.abs().max()) for grad in found[0].values())
    for other in found[1:]:
        assert max(float((other[name] - found[0][name]).abs().max()) for name in found[0]) < 1e-6 * largest


def test_labels_count_the_same_in_short_and_long_rows(tmp_path: Path) -> None:
    # By hand: a row that weighs 3 counts like three rows, in one step and in two pieces.
    losses = []
    for at_once in (100, 1):
        learner = Line(2, [3.0, 1.0])
        result, _ = _train(learner, tmp_path, epochs=1, batch=2, tokens_at_once=at_once)
        losses.append(result.curve[0].loss)
    line = Line(2)
    errors = [(0.3 * float(x) - 0.1 - float(y)) ** 2 for x, y in zip(line.xs, line.ys, strict=True)]
    assert losses == pytest.approx([(3 * errors[0] + errors[1]) / 4] * 2, rel=1e-6)


def test_gradients_are_clipped_over_all_weights(tmp_path: Path) -> None:
    # SGD would show the length at once; AdamW's first moment does: exp_avg = 0.1 * clipped gradient.
    learner = Line()
    norms: list[float] = []
    real = torch.nn.utils.clip_grad_norm_
    with pytest.MonkeyPatch.context() as patch:

        def clip(parameters: list[Any], most: float) -> Any:
            before = real(parameters, most)
            norms.append(float(torch.stack([p.grad.norm() for p in parameters]).norm()))
            return before

        patch.setattr(torch.nn.utils, "clip_grad_norm_", clip)
        _train(learner, tmp_path, clip=0.01)
    assert norms == pytest.approx([0.01] * len(norms), rel=1e-3)


def test_only_matrices_decay(tmp_path: Path) -> None:
    # With a gradient of zero AdamW only decays: w <- w (1 - lr * decay), here ten times.
    learner = Line()
    learner.ys = 0.3 * learner.xs - 0.1  # already perfect
    _train(learner, tmp_path, epochs=10, batch=7, lr=0.1, weight_decay=0.5)
    untouched = Line()
    untouched.ys = learner.ys
    assert learner.line.weight.item() < 0.3
    _train(untouched, tmp_path, epochs=10, batch=7, lr=0.1)
    assert untouched.line.weight.item() == pytest.approx(0.3, abs=1e-6)
    assert untouched.line.bias.item() == pytest.approx(-0.1, abs=1e-6)


def test_the_best_weights_are_put_back_and_training_stops_in_time(tmp_path: Path) -> None:
    learner = Line()
    scores = iter([0.5, 0.7, 0.6, 0.7, 0.65, 0.9])
    weights: list[float] = []

    def evaluate() -> float:
        weights.append(learner.line.weight.item())
        return next(scores)

    result, _ = _train(learner, tmp_path, evaluate, epochs=50, patience=2)
    # The second look was the best; after it two without a better one, then the end. A tie is not better.
    assert [point.dev_score for point in result.curve] == [0.5, 0.7, 0.6, 0.7]
    assert (result.best_dev, result.best_step, result.steps) == (0.7, 6, 12)
    assert learner.line.weight.item() == weights[1]


def test_without_dev_the_last_weights_stay(tmp_path: Path) -> None:
    learner = Line()
    result, events = _train(learner, tmp_path)
    assert (result.steps, result.best_dev, result.tokens) == (9, None, 3 * sum(range(1, 8)))
    steps = [event.data for event in events if event.kind == "train.step"]
    assert [step["step"] for step in steps] == list(range(1, 10))
    assert [point.step for point in result.curve] == [3, 6, 9]
    assert result.curve[0].loss == pytest.approx(sum(float(s["loss"]) for s in steps[:3]) / 3, abs=1e-6)


@pytest.mark.parametrize(("epochs", "steps"), [(0.01, 1), (0.5, 2), (1, 3), (1.5, 4)])
def test_a_part_of_an_epoch_can_be_trained(tmp_path: Path, epochs: float, steps: int) -> None:
    assert _train(Line(), tmp_path, epochs=epochs)[0].steps == steps


def test_a_rate_that_breaks_the_weights_ends_training_with_step_and_rows(tiny: TinyModels, tmp_path: Path) -> None:
    learner = token_learner(tiny.open("llama"), "full")
    with pytest.raises(TrainingError, match=r"at step 2 with training rows \d+, \d+, \d+; lower the learning rate"):
        _train(learner, tmp_path, lr=1e20)


def test_a_row_that_is_not_finite_is_named(tmp_path: Path) -> None:
    learner = Line()
    learner.ys[4] = math.inf
    step = next(s for s in range(3) if 4 in rows_of_step(7, 3, 0, s))
    named = ", ".join(str(row + 1) for row in rows_of_step(7, 3, 0, step))
    with pytest.raises(
        TrainingError, match=rf"loss inf, gradient norm \S+ at step {step + 1} with training rows {named};"
    ):
        _train(learner, tmp_path)
    assert math.isfinite(learner.line.weight.item())


def test_a_gradient_that_is_not_finite_ends_training_though_the_loss_is(tmp_path: Path) -> None:
    class Steep(Line):
        def loss(self, rows: Any, total: float) -> torch.Tensor:
            return super().loss(rows, total) + 0 * (self.line.weight - 0.3).abs().sqrt().sum()

    with pytest.raises(TrainingError, match=r"training became loss 0?\S+, gradient norm nan at step 1"):
        _train(Steep(), tmp_path)


def test_a_dev_score_that_is_not_a_number_ends_training(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"the dev score became nan after step 3"):
        _train(Line(), tmp_path, lambda: math.nan)


def test_rows_with_nothing_to_learn_are_counted(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama")
    ids = model.encode(["the cat sat on a mat"])[0]
    taught, idle = Row(ids, [True] * len(ids)), Row(ids, [False] * len(ids))
    learner = token_learner(model, "full", [taught, idle, taught, idle, idle])
    # One row per step and per piece: some steps and pieces have nothing to learn at all.
    result, events = _train(learner, tmp_path, batch=2, tokens_at_once=1)
    told = [event.data["text"] for event in events if event.kind == "warning"]
    assert told == [
        {
            "en": "3 of 5 training rows have nothing to learn: rows 2, 4, 5",
            "zh": "5 条训练数据中有 3 条没有可学习的内容：第 2, 4, 5 行",
        }
    ]
    assert result.steps == 9
    assert all(math.isfinite(point.loss) for point in result.curve)


def test_rows_of_which_none_can_be_learned_are_refused_before_the_first_step(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama")
    ids = model.encode(["the cat"])[0]
    # Only the first token is marked, and nothing stands before it to predict it from.
    learner = token_learner(model, "full", [Row(ids, [True] + [False] * (len(ids) - 1))] * 3)
    with pytest.raises(DataError, match="none of the 3 training rows has anything to learn"):
        _train(learner, tmp_path)
    with pytest.raises(DataError, match="none of the 0 training rows"):
        _train(token_learner(model, "full", []), tmp_path)


def test_bfloat16_weights_are_trained_by_float32_masters(tiny: TinyModels, tmp_path: Path) -> None:
    # A rate so small that no bfloat16 weight would move in one step: only masters can add the steps up.
    model = tiny.open("llama")
    learner = token_learner(model, "full")
    learner.model = model.fork(dtype=torch.bfloat16)
    before = {name: p.detach().clone() for name, p in learner.trained().items()}
    _train(learner, tmp_path, epochs=8, lr=2e-4)
    moved = [float((p.detach() - before[name]).abs().max()) for name, p in learner.trained().items() if p.ndim == 2]
    assert {p.dtype for p in learner.trained().values()} == {torch.bfloat16}
    assert min(moved) > 1e-3
