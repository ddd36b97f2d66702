"""The chunked loss equals torch's cross-entropy in value and in both gradients.

Tolerance 1e-6 of the largest value: float32 sums of up to 2,300 terms in another order.
"""

import pytest
import torch

from taskfit.engine import losses
from taskfit.engine.losses import class_loss, token_loss


def _close(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-6 * float(theirs.detach().abs().max()))


def _inputs(count: int, width: int = 8, words: int = 30) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    drawn = torch.Generator().manual_seed(1)
    hidden = torch.randn(count, width, generator=drawn).requires_grad_()
    head = torch.randn(words, width, generator=drawn).requires_grad_()
    return hidden, head, torch.randint(words, (count,), generator=drawn)


@pytest.mark.parametrize("count", [1, 5, losses.CHUNK, 2 * losses.CHUNK + 300])
def test_equals_cross_entropy(count: int) -> None:
    hidden, head, targets = _inputs(count)
    ours = token_loss(hidden, head, targets, 7.0)
    found = torch.autograd.grad(3 * ours, (hidden, head))
    theirs = torch.nn.functional.cross_entropy(hidden @ head.T, targets, reduction="sum") / 7.0
    wanted = torch.autograd.grad(3 * theirs, (hidden, head))
    _close(ours, theirs)
    for one, other in zip(found, wanted, strict=True):
        _close(one, other)


@pytest.mark.parametrize("count", [3, losses.CHUNK_CPU + 50])
def test_in_bfloat16_the_loss_is_summed_in_float32(count: int) -> None:
    hidden, head, targets = (x.detach() for x in _inputs(count, words=300))
    hidden, head = hidden.bfloat16().requires_grad_(), head.bfloat16().requires_grad_()
    ours = token_loss(hidden, head, targets, 7.0)
    found = torch.autograd.grad(ours, (hidden, head))
    logits = (hidden @ head.T).detach().float().requires_grad_()
    theirs = torch.nn.functional.cross_entropy(logits, targets, reduction="sum") / 7.0
    d_logits = torch.autograd.grad(theirs, logits)[0]
    _close(ours, theirs)
    # bfloat16 has 8 binary digits: half a step is 2^-9 of a value, once for the logits' gradient, once for the product.
    for one, other in zip(found, (d_logits @ head.float(), d_logits.T @ hidden.float()), strict=True):
        torch.testing.assert_close(one.float(), other, rtol=0, atol=2**-7 * float(other.detach().abs().max()))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("count", [5, losses.CHUNK + 300])
@pytest.mark.parametrize("weighted", [True, False])
def test_weights_and_smoothing_are_those_of_torch(count: int, smoothing: float, weighted: bool) -> None:
    hidden, head, targets = _inputs(count)
    weights = torch.rand(count, generator=torch.Generator().manual_seed(5)) if weighted else None
    ours = token_loss(hidden, head, targets, 7.0, weights=weights, smoothing=smoothing)
    found = torch.autograd.grad(3 * ours, (hidden, head))
    each = torch.nn.functional.cross_entropy(hidden @ head.T, targets, reduction="none", label_smoothing=smoothing)
    theirs = (each if weights is None else weights * each).sum() / 7.0
    wanted = torch.autograd.grad(3 * theirs, (hidden, head))
    _close(ours, theirs)
    for one, other in zip(found, wanted, strict=True):
        _close(one, other)


def test_a_weight_of_two_is_the_same_label_twice() -> None:
    hidden, head, targets = _inputs(3)
    twice = torch.tensor([0, 1, 1, 2])
    weighted = token_loss(hidden, head, targets, 4.0, weights=torch.tensor([1.0, 2.0, 1.0]))
    _close(weighted, token_loss(hidden[twice], head, targets[twice], 4.0))


def test_class_smoothing_is_that_of_torch() -> None:
    logits, targets = torch.tensor([[2.0, 0.0, -1.0]]), torch.tensor([1])
    wanted = torch.nn.functional.cross_entropy(logits, targets, label_smoothing=0.3)
    assert class_loss(logits, targets, 1.0, 0.3).item() == pytest.approx(wanted.item(), rel=1e-6)


def test_a_head_that_is_not_trained_gets_no_gradient() -> None:
    hidden, head, targets = _inputs(4)
    token_loss(hidden, head.detach(), targets, 1.0).backward()
    assert head.grad is None
    assert hidden.grad is not None


def test_tied_weights_get_both_gradients() -> None:
    # The same matrix embeds and predicts.
    _, weights, ids = _inputs(6)
    ours = torch.autograd.grad(token_loss(weights[ids], weights, ids.roll(1), 6.0), weights)[0]
    plain = torch.nn.functional.cross_entropy(weights[ids] @ weights.T, ids.roll(1))
    _close(ours, torch.autograd.grad(plain, weights)[0])


def test_no_positions_give_no_loss() -> None:
    hidden, head, targets = _inputs(4)
    loss = token_loss(hidden[:0], head, targets[:0], 5.0)
    loss.backward()
    assert loss.item() == 0.0
    assert head.grad is not None
    assert not head.grad.any()


def test_large_logits_do_not_overflow() -> None:
    hidden = torch.full((1, 2), 300.0, requires_grad=True)
    head = torch.tensor([[300.0, 300.0], [-300.0, 300.0]])
    # By hand: logits 180,000 and 0; log p of the second is -180,000.
    assert token_loss(hidden, head, torch.tensor([1]), 1.0).item() == 180_000.0


def test_class_loss_is_the_sum_over_the_total() -> None:
    # By hand: equal logits of two classes cost ln 2 each; two rows over a total of 4.
    loss = class_loss(torch.zeros(2, 2), torch.tensor([0, 1]), 4.0)
    assert loss.item() == pytest.approx(2 * 0.693147 / 4, abs=1e-6)
