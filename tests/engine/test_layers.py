"""Chosen layers: which weights are trained, and how many layers below keep what they give."""

import pytest
import torch

from taskfit.core.errors import NotPossible
from taskfit.engine.layers import lowest_layer, weights_matching, weights_of_layers
from taskfit.engine.wrap import layer_weights
from taskfit.model.body import run_layers
from taskfit.model.local import LocalModel, flat_rows
from tiny_models import FAMILIES, LAYERS, TinyModels

every_family = pytest.mark.parametrize("family", FAMILIES)


def states(model: LocalModel, end: int) -> torch.Tensor:
    """Return what the layers below `end` give."""
    rows = model.encode(["the cat sat 好", "很 不 喜欢 菜"], special=True)
    ids, positions, layout = flat_rows(rows, causal=model.body.causal)
    with torch.inference_mode():
        return run_layers(model.body, model.body.embed(ids, positions), positions, layout, 0, end)


@every_family
def test_the_last_layers_bring_the_final_norm_and_others_do_not(tiny: TinyModels, family: str) -> None:
    model = tiny.open(family)
    assert weights_of_layers(model, range(1, LAYERS)) == layer_weights(model, 1)
    first = weights_of_layers(model, [0])
    assert set(first).isdisjoint(layer_weights(model, 1))
    assert len(first) == len(list(model.body.layers[0].parameters()))


@every_family
def test_the_frozen_layers_give_the_same_whatever_becomes_of_the_trained_weights(tiny: TinyModels, family: str) -> None:
    model = tiny.open(family)
    number = {"llama": r"layers\.", "qwen2": r"layers\.", "gpt2": r"h\.", "bert": r"layer\."}[family]
    cases = {rf"{number}[12]\..*(attn|attention)": 1, rf"{number}2\.": 2, "embed|wte": 0, r"\.": 0}
    if family != "bert":
        cases[r"(^|\.)(norm|ln_f)\."] = LAYERS  # what follows all layers
    for expression, below in cases.items():
        names = weights_matching(model, expression)
        assert lowest_layer(model, names) == below, expression
        tuned = model.fork(names)
        with torch.no_grad():
            for name in names:
                dict(tuned.network.named_parameters())[name].add_(1.0)
        if below:
            assert torch.equal(states(tuned, below), states(model, below)), expression
        if below < LAYERS:
            assert not torch.equal(states(tuned, below + 1), states(model, below + 1)), expression


def test_an_untied_head_lies_above_all_layers_and_a_tied_one_below(tiny: TinyModels) -> None:
    untied, tied = tiny.open("qwen2"), tiny.open("llama")
    assert lowest_layer(untied, weights_matching(untied, "lm_head")) == LAYERS
    assert lowest_layer(tied, weights_matching(tied, "embed_tokens")) == 0


def test_an_expression_that_fits_nothing_is_refused_with_the_names_there_are(tiny: TinyModels) -> None:
    with pytest.raises(NotPossible, match=r"no weight .* 'h.+0'; there are: .*layers\.\*\.self_attn\.q_proj\.weight"):
        weights_matching(tiny.open("llama"), r"h\.0")
