"""Learners weigh tokens, smooth labels and put noise on embeddings as a plain computation with transformers does.

Tolerance 1e-5 of the loss: float32 sums in another order.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.learners import class_learner, desk_at, digest_of, prepared, rows_of, without_dropout
from taskfit.core.errors import UsageError
from taskfit.engine.features import freeze_stream
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.loop import LoopSettings, train
from taskfit.engine.neftune import neftune_noise
from taskfit.model.local import LocalModel
from tiny_models import TinyModels

SETTINGS = LoopSettings(epochs=2, batch=4, lr=3e-3)


def _weighted(model: LocalModel) -> list[Row]:
    """Rows with weights of 0, a quarter, 1 and 2, token by token."""
    drawn = torch.Generator().manual_seed(8)
    share = (0.0, 0.25, 1.0, 2.0)
    return [
        Row(row.ids, [share[int(i)] for i in torch.randint(4, (len(row.ids),), generator=drawn)])
        for row in rows_of(model)
    ]


def _learner(model: LocalModel, rows: Sequence[Row], **more: Any) -> TokenLearner:
    learner = TokenLearner(prepared(model, "full"), rows, **more)
    without_dropout(learner.model)
    return learner


def _plain_loss(network: Any, rows: Sequence[Row], *, smoothing: float = 0.0, noise: Sequence[Tensor] = ()) -> Tensor:
    """Return the weighted mean, one row after the other."""
    loss, total = torch.zeros(()), 0.0
    for place, row in enumerate(rows):
        ids = torch.tensor([row.ids])
        words = network.get_input_embeddings()(ids)
        logits = network(inputs_embeds=words + noise[place] if noise else words).logits[0, :-1]
        each = torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="none", label_smoothing=smoothing)
        weights = torch.tensor([float(one) for one in row.learn[1:]])
        loss, total = loss + (each * weights).sum(), total + float(weights.sum())
    return loss / total


def _ours(learner: TokenLearner) -> Tensor:
    rows = range(learner.rows)
    return learner.loss(rows, sum(map(learner.weight, rows)))


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_the_weighted_mean_of_transformers_losses(tiny: TinyModels, family: str, smoothing: float) -> None:
    model, plain = tiny.open(family), tiny.plain(family)
    rows = _weighted(model)
    learner = _learner(model, rows, label_smoothing=smoothing)
    learner.mode(training=True)
    ours, theirs = _ours(learner), _plain_loss(plain, rows, smoothing=smoothing)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    ours.backward()
    theirs.backward()
    named = dict(plain.named_parameters())
    for name, weight in learner.trained().items():
        near = 1e-5 * float(named[name].grad.abs().max())
        torch.testing.assert_close(weight.grad, named[name].grad, rtol=1e-4, atol=near, msg=name)


def test_rows_with_a_common_beginning_are_weighted_alike(tiny: TinyModels) -> None:
    model = tiny.open("qwen2")
    start = model.encode(["the dog ran to see why it was good or bad and "])[0]
    rows = [Row([*start, *row.ids], [0.0] * len(start) + list(row.learn)) for row in _weighted(model)]
    learner = _learner(model, rows)
    assert learner.shared >= len(start) - 1
    assert _ours(learner).item() == pytest.approx(_plain_loss(tiny.plain("qwen2"), rows).item(), rel=1e-5)


def test_a_row_weighs_what_its_tokens_weigh(tiny: TinyModels) -> None:
    rows = [Row([1, 2, 3, 4], [1.0, 0.5, 0.0, 2.0]), Row([1, 2], b"\x01\x01")]
    learner = TokenLearner(tiny.open("llama").fork(), rows)
    assert [learner.weight(0), learner.weight(1)] == [2.5, 1.0]  # nothing stands before the first token


def test_smoothing_and_noise_are_off_in_evaluation(tiny: TinyModels) -> None:
    model = tiny.open("llama")
    plain, odd = (_learner(model, rows_of(model), **more) for more in ({}, _ODD))
    for learner in (plain, odd):
        learner.mode(training=False)
    torch.testing.assert_close(_ours(odd), _ours(plain), rtol=1e-6, atol=0)
    odd.mode(training=True)
    assert _ours(odd).item() != pytest.approx(_ours(plain).item(), rel=1e-3)


_ODD: dict[str, Any] = {"label_smoothing": 0.3, "neftune_alpha": 5.0}


def test_noise_is_uniform_and_as_large_as_the_paper_says() -> None:
    # By hand: uniform in (-1, 1) times 6 / sqrt(300 * 12) = 0.1; its standard deviation is 0.1 / sqrt(3).
    noise = neftune_noise([300], 12, 6.0, [0])
    assert noise.shape == (300, 12)
    assert 0.099 < float(noise.abs().max()) < 0.1
    assert float(noise.std()) == pytest.approx(0.1 / math.sqrt(3), rel=0.03)
    assert abs(float(noise.mean())) < 0.004


def test_noise_follows_the_step_and_the_row_not_the_batch() -> None:
    torch.manual_seed(11)
    both = neftune_noise([3, 5], 4, 5.0, [7, 2])
    assert torch.equal(neftune_noise([5], 4, 5.0, [2]), both[3:])
    assert not torch.equal(neftune_noise([5], 4, 5.0, [3]), both[3:])
    torch.manual_seed(12)
    assert not torch.equal(neftune_noise([5], 4, 5.0, [2]), both[3:])


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_the_noise_is_on_the_embeddings(tiny: TinyModels, family: str) -> None:
    model, rows = tiny.open(family), rows_of(tiny.open(family))
    learner = _learner(model, rows, neftune_alpha=5.0)
    learner.mode(training=True)
    torch.manual_seed(3)
    ours = _ours(learner)
    width = model.card.width
    noise = [neftune_noise([len(row.ids)], width, 5.0, [place]) for place, row in enumerate(rows)]
    assert ours.item() == pytest.approx(_plain_loss(tiny.plain(family), rows, noise=noise).item(), rel=1e-5)


def test_rows_with_a_common_beginning_share_nothing_under_noise(tiny: TinyModels) -> None:
    model = tiny.open("qwen2")
    rows = [Row([*range(10, 30), last], [0.0] * 20 + [1.0]) for last in (30, 31)]
    assert _learner(model, rows).shared
    noisy = _learner(model, rows, neftune_alpha=5.0)
    assert not noisy.shared
    noisy.mode(training=True)
    assert torch.isfinite(_ours(noisy))


def test_noise_changes_nothing_when_a_step_is_cut_into_pieces(tiny: TinyModels, tmp_path: Path) -> None:
    losses = []
    for pieces in (1, 4):
        learner = _learner(tiny.open("llama"), rows_of(tiny.open("llama")), neftune_alpha=5.0)
        desk, events = desk_at(tmp_path)
        train(learner, replace(SETTINGS, accumulation=pieces), desk=desk)
        losses.append([float(str(event.data["loss"])) for event in events if event.kind == "train.step"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_a_stopped_run_goes_on_with_the_same_noise_to_the_last_bit(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama")
    whole = _learner(model, rows_of(model), **_ODD)
    train(whole, SETTINGS, desk=desk_at(tmp_path)[0])
    first, second = (_learner(model, rows_of(model), **_ODD) for _ in range(2))
    asked: list[int] = []
    desk = replace(desk_at(tmp_path)[0], stop=lambda: len(asked) > 2 or bool(asked.append(1)))
    with pytest.raises(KeyboardInterrupt):
        train(first, SETTINGS, desk=desk, folder=tmp_path / "kept")
    train(second, SETTINGS, desk=desk_at(tmp_path)[0], folder=tmp_path / "kept")
    assert digest_of(dict(second.trained())) == digest_of(dict(whole.trained()))
    assert digest_of(dict(first.trained())) != digest_of(dict(whole.trained()))


def test_heads_learn_with_smoothing_and_noise_too(tiny: TinyModels) -> None:
    learner = class_learner(tiny.open("bert"))
    without_dropout(learner.model)
    rows = range(learner.rows)
    learner.mode(training=True)
    plain = learner.loss(rows, 9.0)
    learner.label_smoothing = 0.3
    smooth = learner.loss(rows, 9.0)
    learner.neftune_alpha = 20.0
    noisy = learner.loss(rows, 9.0)
    assert len({round(float(loss.detach()), 5) for loss in (plain, smooth, noisy)}) == 3
    learner.mode(training=False)
    assert learner.loss(rows, 9.0).item() == pytest.approx(plain.item(), rel=1e-6)


def test_noise_below_layers_that_are_not_run_is_refused(tiny: TinyModels) -> None:
    model = tiny.open("llama")
    rows = rows_of(model)
    stream = freeze_stream(model, [row.ids for row in rows], 1)
    with pytest.raises(UsageError, match="neftune_alpha"):
        TokenLearner(prepared(model, "last"), rows, stream, neftune_alpha=5.0)
