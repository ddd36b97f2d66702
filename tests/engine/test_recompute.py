"""Gradient checkpointing changes memory, never a bit of what is learned; layers really are computed again."""

from pathlib import Path

import pytest
import torch

from engine.learners import desk_at, digest_of, token_learner
from taskfit.engine.loop import LoopSettings, train
from taskfit.engine.recompute import recompute_layers
from tiny_models import LAYERS, TinyModels


@pytest.mark.parametrize(("family", "how"), [("llama", "full"), ("gpt2", "full"), ("llama", "lora"), ("qwen2", "last")])
def test_the_weights_are_the_same_to_the_last_bit(tiny: TinyModels, tmp_path: Path, family: str, how: str) -> None:
    # gpt2 has dropout: the second computation must draw the same.
    ends = []
    for again in (False, True):
        learner = token_learner(tiny.open(family), how, dropout=0.2 if how == "lora" else 0.0)
        if again:
            recompute_layers(learner.model)
        train(learner, LoopSettings(epochs=2, batch=4, lr=3e-3), desk=desk_at(tmp_path)[0])
        ends.append(digest_of(dict(learner.trained())))
    assert ends[0] == ends[1]


def test_layers_are_computed_again_in_training_only(tiny: TinyModels) -> None:
    learner = token_learner(tiny.open("llama"), "full")
    recompute_layers(learner.model)
    calls = []
    for layer in learner.model.body.layers:
        layer.mlp.register_forward_pre_hook(lambda *_: calls.append(1))
    learner.mode(training=True)
    learner.loss([0, 1], 5.0).backward()
    assert len(calls) == 2 * LAYERS
    learner.mode(training=False)
    with torch.inference_mode():
        learner.loss([0, 1], 5.0)
    assert len(calls) == 3 * LAYERS
