"""A flat stream gives what transformers' own forward gives for each row alone: outputs, gradients, dropout.

Tolerances: float32 keeps 7 digits; sums over 32 to 192 terms in another order lose one of them. 1e-5 of the
largest value is ten times the rounding seen and a thousandth of what a wrong mask or position makes.
"""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from taskfit.core.errors import ModelError
from taskfit.engine.prefix import run_prefix
from taskfit.engine.recompute import recompute_layers
from taskfit.model import flat
from taskfit.model.body import LlamaBody, body_of, run_body, run_layers
from taskfit.model.flat import Layout, flat_attention
from taskfit.model.local import LocalModel, flat_rows, prove_flat
from tiny_models import CAUSAL, FAMILIES, TinyModels, sentences

TEXTS = ["the cat 好", "good", "很 不 喜欢 菜 太 咸 and the dog ran to see why", "电影 快 快 快"]


def _rows(model: LocalModel, texts: list[str] = TEXTS) -> list[list[int]]:
    return model.encode(texts, special=True)


def _run(network: Any, body: Any, rows: list[list[int]]) -> Tensor:
    ids, positions, layout = flat_rows(rows, causal=body.causal)
    return run_body(body, ids, positions, layout)[0]


def _alone(network: Any, rows: list[list[int]], *, causal: bool) -> Tensor:
    inner = network.base_model if causal else network
    return torch.cat([inner(torch.tensor([row]))[0][0] for row in rows])


def _close(ours: Tensor, theirs: Tensor, share: float = 1e-5) -> None:
    torch.testing.assert_close(ours, theirs, rtol=0, atol=share * float(theirs.detach().abs().max()))


def _same_gradients(ours: Any, theirs: Any) -> int:
    """Compare every gradient; a bias of keys has none by theory (softmax does not see it), hence the floor."""
    wanted = {name: p.grad for name, p in theirs.named_parameters() if p.grad is not None}
    got = {name: p.grad for name, p in ours.named_parameters() if p.grad is not None}
    assert got.keys() == wanted.keys()
    floor = 1e-6 * max(float(grad.abs().max()) for grad in wanted.values())
    for name, grad in wanted.items():
        torch.testing.assert_close(
            got[name], grad, rtol=0, atol=floor + 1e-5 * float(grad.abs().max()), msg=lambda m, n=name: f"{n}: {m}"
        )
    return len(wanted)


@pytest.mark.parametrize("family", FAMILIES)
def test_gives_what_each_row_alone_gives(tiny: TinyModels, family: str) -> None:
    model = tiny.open(family)
    rows = _rows(model)
    with torch.inference_mode():
        ours = _run(model.network, model.body, rows)
        _close(ours, _alone(tiny.plain(family), rows, causal=family in CAUSAL))
        _close(model.hidden(rows)[0], ours)


@pytest.mark.parametrize("family", FAMILIES)
def test_gives_the_gradient_of_every_weight(tiny: TinyModels, family: str) -> None:
    copy, plain = tiny.open(family).fork(), tiny.plain(family)
    rows = _rows(copy)
    weights = torch.randn(sum(map(len, rows)), copy.card.width, generator=torch.Generator().manual_seed(3))
    (_run(copy.network, copy.body, rows) * weights).sum().backward()
    (_alone(plain, rows, causal=family in CAUSAL) * weights).sum().backward()
    compared = _same_gradients(copy.network, plain)
    assert compared >= len(list(plain.parameters())) - 1  # all but an untied head, which hidden states do not reach


@pytest.mark.parametrize("family", ["gpt2", "bert"])
def test_dropout_drops_what_transformers_drops(tiny: TinyModels, family: str) -> None:
    # Both draw masks of the same shapes in the same order, so one seed gives both the same masks.
    copy, plain = tiny.open(family).fork(), tiny.plain(family)
    rows = _rows(copy)[2:3]
    copy.network.train()
    plain.train()
    assert any(module.p > 0 for module in plain.modules() if isinstance(module, torch.nn.Dropout))
    torch.manual_seed(11)
    ours = _run(copy.network, copy.body, rows)
    torch.manual_seed(11)
    theirs = _alone(plain, rows, causal=family in CAUSAL)
    _close(ours, theirs)
    assert float((ours - _run(copy.network, copy.body, rows)).detach().abs().max()) > 0.1  # other masks, other values
    ours.square().sum().backward()
    theirs.square().sum().backward()
    _same_gradients(copy.network, plain)


@pytest.mark.parametrize(
    ("causal", "dropout", "shared"), [(True, 0.0, False), (False, 0.0, False), (True, 0.4, False), (True, 0.4, True)]
)
def test_backward_is_the_derivative_of_forward(causal: bool, dropout: float, shared: bool) -> None:
    # Finite differences in float64 against our backward: 4 query heads on 2 key heads, rows of 3, 1 and 2 tokens.
    drawn = torch.Generator().manual_seed(5)
    q = torch.randn(4, 6, 2, generator=drawn, dtype=torch.float64, requires_grad=True)
    k, v = (torch.randn(2, 6, 2, generator=drawn, dtype=torch.float64, requires_grad=True) for _ in range(2))
    layout = Layout((3, 1, 2), causal=causal, shared=shared)

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        torch.manual_seed(9)
        return flat_attention(None, q[None], k[None], v[None], None, scaling=0.7, dropout=dropout, flat=layout)[0]

    # What rows send back to a shared prefix adds up in float32, so there it has 7 digits.
    assert torch.autograd.gradcheck(attend, (q, k, v), atol=1e-5 if shared else 1e-7, rtol=1e-4, nondet_tol=0.0)


def test_tree_masks_replace_the_causal_rule() -> None:
    drawn = torch.Generator().manual_seed(5)
    q, k, v = (torch.randn(2, 4, 3, generator=drawn) for _ in range(3))
    # Token 2 is a child of token 0, not of its neighbour 1; token 3 is a child of 2.
    sees = torch.tensor([[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 1, 1]], dtype=torch.bool)
    mask = torch.zeros(4, 4).masked_fill(~sees, float("-inf"))
    layout = Layout((4,), trees=[mask])
    ours = flat_attention(None, q[None], k[None], v[None], None, scaling=0.5, flat=layout)[0][0]
    theirs = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=sees, scale=0.5)
    _close(ours, theirs.transpose(0, 1))


@pytest.mark.parametrize("family", FAMILIES)
def test_long_rows_give_what_short_rows_give(tiny: TinyModels, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    explicit, fused = tiny.open(family).fork(), tiny.open(family).fork()
    rows = _rows(explicit, [*TEXTS, " ".join(sentences(6, seed=4))])
    ours = _run(explicit.network, explicit.body, rows)
    ours.square().mean().backward()
    monkeypatch.setattr(flat, "LONGEST_EXPLICIT", 3)
    theirs = _run(fused.network, fused.body, rows)
    theirs.square().mean().backward()
    _close(theirs, ours)
    _same_gradients(fused.network, explicit.network)


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_do_not_see_each_other(tiny: TinyModels, family: str) -> None:
    model = tiny.open(family)
    first, second, third = _rows(model)[:3]
    with torch.inference_mode():
        one = _run(model.network, model.body, [first, second])[: len(first)]
        other = _run(model.network, model.body, [first, third])[: len(first)]
    _close(one, other, 1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_only_encoders_look_ahead(tiny: TinyModels, family: str) -> None:
    model = tiny.open(family)
    row = _rows(model)[2]
    changed = [*row[:-2], 60, row[-1]]
    with torch.inference_mode():
        gap = (_run(model.network, model.body, [row]) - _run(model.network, model.body, [changed]))[0].abs().max()
    assert (float(gap) > 1e-2) == (family == "bert")


@pytest.mark.parametrize("family", CAUSAL)
def test_a_shared_past_gives_what_the_whole_row_gives(tiny: TinyModels, family: str) -> None:
    model = tiny.open(family)
    past, rows = _rows(model)[2], [row for i, row in enumerate(_rows(model)) if i != 2]
    kept = run_prefix(model, past)
    ids = torch.tensor([token for row in rows for token in row])
    positions = torch.cat([torch.arange(len(past), len(past) + len(row)) for row in rows])
    layout = Layout(tuple(map(len, rows)), past=kept.past)
    with torch.inference_mode():
        hidden = run_layers(model.body, model.body.embed(ids, positions), positions, layout, 0, len(model.body.layers))
        whole = _alone(tiny.plain(family), [past + row for row in rows], causal=True)
    spans, starts = layout.spans, [0]
    for row in rows:
        starts.append(starts[-1] + len(past) + len(row))
    wanted = torch.cat([whole[end - len(row) : end] for row, end in zip(rows, starts[1:], strict=True)])
    assert spans[-1][1] == len(wanted)
    _close(model.body.finish(hidden)[0], wanted)


def test_calls_without_a_layout_run_as_before(tiny: TinyModels) -> None:
    model, plain = tiny.open("llama"), tiny.plain("llama")
    rows = _rows(model)
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    with torch.inference_mode():
        ours, theirs = (network(ids, attention_mask=mask).logits for network in (model.network, plain))
    for row, a, b in zip(rows, ours, theirs, strict=True):
        _close(a[: len(row)], b[: len(row)])


class _UpsideDown(LlamaBody):
    def __init__(self, network: Any):
        super().__init__(network)
        self.layers = torch.nn.ModuleList(reversed(self.layers))


class _NoNorm(LlamaBody):
    def finish(self, hidden: Tensor) -> Tensor:
        return hidden


@pytest.mark.parametrize("broken", [_UpsideDown, _NoNorm])
def test_a_broken_body_is_refused(tiny: TinyModels, broken: type[LlamaBody]) -> None:
    model = tiny.open("llama")
    prove_flat(model.network, body_of(model.network, "llama"), model.tokenizer)
    with pytest.raises(ModelError, match=r"does not run correctly without padding \(difference \d"):
        prove_flat(model.network, broken(model.network), model.tokenizer)


def test_wrong_learned_positions_are_refused(tiny: TinyModels, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.open("gpt2")
    body = body_of(model.network, "gpt2")
    right = body.embed
    monkeypatch.setattr(body, "embed", lambda ids, positions: right(ids, torch.arange(len(ids))))
    with pytest.raises(ModelError, match="does not run correctly without padding"):
        prove_flat(model.network, body, model.tokenizer)


@pytest.mark.parametrize(("family", "recomputed"), [*((family, False) for family in FAMILIES), ("llama", True)])
def test_places_that_are_kept_are_those_of_the_whole_stream(tiny: TinyModels, family: str, recomputed: bool) -> None:
    whole, few = tiny.open(family).fork(), tiny.open(family).fork()
    if recomputed:
        recompute_layers(few)
        few.network.train()
    rows, keep = _rows(whole), torch.tensor([1, 4, 5, 12])
    ids, positions, layout = flat_rows(rows, causal=whole.body.causal)
    wanted = run_body(whole.body, ids, positions, layout)[0, keep]
    ours = run_body(few.body, ids, positions, replace(layout, keep=keep))[0]
    _close(ours, wanted)
    for states in (ours, wanted):
        (states * torch.arange(states.numel()).view(states.shape)).sum().backward()
    _same_gradients(few.network, whole.network)


@pytest.mark.parametrize("family", FAMILIES)
def test_lower_layers_keep_every_place(tiny: TinyModels, family: str) -> None:
    body = tiny.open(family).body
    ids, positions, layout = flat_rows(_rows(tiny.open(family)), causal=body.causal)
    fewer, count = replace(layout, keep=torch.tensor([0, 3])), len(body.layers)
    with torch.inference_mode():
        start = body.embed(ids, positions)
        lower = run_layers(body, start, positions, fewer, 0, count - 1)
        assert torch.equal(lower, run_layers(body, start, positions, layout, 0, count - 1))
        upper = run_layers(body, lower, positions, fewer, count - 1, count)
        assert torch.equal(
            run_layers(body, upper, positions, replace(layout, keep=torch.tensor([1])), count, count), upper[:, 1:]
        )


@pytest.mark.parametrize("family", CAUSAL)
def test_a_layer_that_is_watched_from_outside_runs_whole(tiny: TinyModels, family: str) -> None:
    model = tiny.open(family).fork(())
    ids, positions, layout = flat_rows(_rows(model), causal=True)
    seen: list[int] = []
    layer = model.body.layers[-1]
    hook = layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[1]))
    with torch.inference_mode():
        ours = run_body(model.body, ids, positions, replace(layout, keep=torch.tensor([2, 6])))[0]
        hook.remove()
        wanted = run_body(model.body, ids, positions, layout)[0, [2, 6]]
    assert seen == [len(ids)]
    _close(ours, wanted)
