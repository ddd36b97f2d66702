"""Optimizers: each against numbers by hand or a second implementation; what they remember comes back whole."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine.learners import Line, desk_at
from taskfit.core.errors import UsageError
from taskfit.engine.loop import train
from taskfit.engine.optimizers import Lion, make_optimizer, optimizer_tensors, restore_optimizer, set_lr
from taskfit.engine.training import LoopSettings

NAMES = ["adamw", "adafactor", "sgd", "lion", "adagrad", "rmsprop"]


def _settings(name: Any, **more: Any) -> LoopSettings:
    return LoopSettings(epochs=1, batch=1, lr=0.1, optimizer=name, **more)


def _weights(seed: int = 0) -> dict[str, nn.Parameter]:
    drawn = torch.Generator().manual_seed(seed)
    return {
        "wide": nn.Parameter(torch.randn(4, 3, generator=drawn)),
        "bias": nn.Parameter(torch.randn(3, generator=drawn)),
    }


def _step(optimizer: torch.optim.Optimizer, weights: dict[str, nn.Parameter], seed: int) -> None:
    drawn = torch.Generator().manual_seed(seed)
    for weight in weights.values():
        weight.grad = torch.randn(weight.shape, generator=drawn)
    optimizer.step()


def test_lion_by_hand() -> None:
    # Algorithm 2 with b1 = 0.9, b2 = 0.99, decay 0.5, rate 0.1.
    weight = nn.Parameter(torch.tensor([[1.0, -2.0]]))
    optimizer = Lion([{"params": [weight], "lr": 0.1, "weight_decay": 0.5}])
    weight.grad = torch.tensor([[0.3, -0.2]])
    optimizer.step()
    torch.testing.assert_close(weight.detach(), torch.tensor([[1.0 - 0.1 * (1 + 0.5), -2.0 - 0.1 * (-1 - 1.0)]]))
    torch.testing.assert_close(optimizer.state[weight]["exp_avg"], torch.tensor([[0.003, -0.002]]))
    weight.grad = torch.tensor([[-0.01, 0.0]])  # against what it remembers: 0.9 * 0.003 + 0.1 * -0.01 is positive
    before = weight.detach().clone()
    optimizer.step()
    torch.testing.assert_close(weight.detach(), before * 0.95 - 0.1 * torch.tensor([[1.0, -1.0]]))


@pytest.mark.parametrize("fused", [True, False])
def test_the_fused_adamw_is_the_plain_one(fused: bool) -> None:
    ours, plain = _weights(), _weights()
    optimizer = make_optimizer(ours, _settings("adamw", betas=(0.8, 0.95), eps=1e-6, weight_decay=0.2), {})
    theirs = torch.optim.AdamW(
        [{"params": [plain["wide"]], "weight_decay": 0.2}, {"params": [plain["bias"]], "weight_decay": 0.0}],
        lr=0.1,
        betas=(0.8, 0.95),
        eps=1e-6,
        fused=fused,
    )
    for seed in range(20):
        _step(optimizer, ours, seed)
        _step(theirs, plain, seed)
    for name, weight in ours.items():
        torch.testing.assert_close(weight, plain[name], rtol=2e-6, atol=2e-6)


def test_matrices_decay_and_factors_multiply_the_rate() -> None:
    weights = _weights()
    optimizer = make_optimizer(weights, _settings("sgd", weight_decay=0.5), {"wide": 16.0})
    before = {name: weight.detach().clone() for name, weight in weights.items()}
    set_lr(optimizer, 0.01)
    for weight in weights.values():
        weight.grad = torch.ones_like(weight)
    optimizer.step()
    torch.testing.assert_close(weights["wide"].detach(), before["wide"] - 0.16 * (1 + 0.5 * before["wide"]))
    torch.testing.assert_close(weights["bias"].detach(), before["bias"] - 0.01)


@pytest.mark.parametrize("name", NAMES)
def test_what_an_optimizer_remembers_comes_back_whole(name: str) -> None:
    settings = _settings(name, momentum=0.9 if name in ("sgd", "rmsprop") else 0.0)
    whole, first = _weights(), _weights()
    optimizer, begun = make_optimizer(whole, settings, {}), make_optimizer(first, settings, {})
    for seed in range(3):
        _step(optimizer, whole, seed)
        _step(begun, first, seed)
    again = {key: nn.Parameter(weight.detach().clone()) for key, weight in first.items()}
    kept = {key: value.clone() for key, value in optimizer_tensors(begun, first).items()}
    resumed = make_optimizer(again, settings, {})
    restore_optimizer(resumed, again, kept)
    for seed in range(3, 6):
        _step(optimizer, whole, seed)
        _step(resumed, again, seed)
    assert all(torch.equal(whole[key], again[key]) for key in whole)


@pytest.mark.parametrize("name", NAMES)
def test_each_learns_a_line(tmp_path: Path, name: str) -> None:
    learner = Line()
    learner.ys = 0.5 * learner.xs + 0.2
    desk, _ = desk_at(tmp_path)
    rate = {"adafactor": 0.5, "sgd": 0.2, "lion": 0.01, "adagrad": 0.1}.get(name, 0.02)
    settings = LoopSettings(epochs=150, batch=7, lr=rate, optimizer=name, warmup=0.0)  # type: ignore[arg-type]
    result = train(learner, settings, desk=desk)
    assert result.curve[-1].loss < 0.05 * result.curve[0].loss


def test_what_this_machine_has_not_is_refused_in_one_sentence() -> None:
    with pytest.raises(UsageError, match=r"^optimizer: adamw_8bit needs .*; use optimizer: adamw "):
        make_optimizer(_weights(), _settings("adamw_8bit"), {})
