"""A prompt prefix that all rows share runs once per step: loss and all gradients are those of rows run alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from taskfit.core.model import ModelCard
from taskfit.engine.features import freeze_stream, pooled
from taskfit.engine.learner import ClassHead, ClassLearner, Row, TokenLearner, shared_tokens, stream_hidden
from taskfit.model.body import body_of
from taskfit.model.flat import FLAT, register
from taskfit.model.local import LocalModel
from taskfit.model.template import PLAIN


@pytest.fixture(params=["llama", "gpt2"])
def model(request: pytest.FixtureRequest, tmp_path):
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    register()
    torch.manual_seed(0)
    if request.param == "llama":
        config = LlamaConfig(
            vocab_size=90,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=2,
            tie_word_embeddings=True,
            max_position_embeddings=64,
            attn_implementation=FLAT,
        )
        network = LlamaForCausalLM(config)
    else:
        network = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=90,
                n_embd=32,
                n_layer=3,
                n_head=4,
                n_positions=64,
                attn_implementation=FLAT,
                attn_pdrop=0.0,
                embd_pdrop=0.0,
                resid_pdrop=0.0,
                bos_token_id=1,
                eos_token_id=1,
            )
        )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(8 if parameter.ndim > 1 else 1)  # larger weights: attention that is not nearly uniform
    card = ModelCard("tiny", "causal", request.param, frozenset(), layers=3, width=32)
    return LocalModel(card, network.requires_grad_(False), None, PLAIN, body_of(network, request.param), tmp_path)


def _rows(seed: int = 0) -> list[list[int]]:
    random = np.random.default_rng(seed)
    prefix = random.integers(2, 90, 11).tolist()
    return [prefix + random.integers(2, 90, int(random.integers(3, 12))).tolist() for _ in range(7)]


def _gradients(learner) -> tuple[float, dict[str, torch.Tensor]]:
    loss = learner.loss(range(len(learner.data)), 5.0)
    loss.backward()
    found = {name: p.grad.clone() for name, p in learner.trained().items() if p.grad is not None}
    for parameter in learner.trained().values():
        parameter.grad = None
    return float(loss.detach()), found


def _same(shared, alone) -> None:
    assert shared.shared == 11
    (loss, gradients), (plain_loss, plain) = _gradients(shared), _gradients(alone)
    assert loss == pytest.approx(plain_loss, rel=1e-5)
    assert gradients.keys() == plain.keys()
    for name, gradient in gradients.items():
        # float32: sums over rows in another order differ by a few units of the last of 7 digits
        torch.testing.assert_close(
            gradient, plain[name], rtol=2e-4, atol=2e-5 * float(plain[name].abs().max()), msg=name
        )


def test_token_losses_and_gradients_are_those_of_whole_rows(model):
    rows = [Row(ids, [place >= len(ids) - 2 for place in range(len(ids))]) for ids in _rows()]
    shared, alone = TokenLearner(model.fork(), rows), TokenLearner(model.fork(), rows)
    alone.shared = 0
    _same(shared, alone)


def test_class_losses_and_gradients_are_those_of_whole_rows(model):
    torch.manual_seed(1)
    heads = [ClassHead(32, 3) for _ in range(2)]
    heads[1].load_state_dict(heads[0].state_dict())
    shared, alone = (ClassLearner(model.fork(), head, _rows(), [0, 1, 2, 0, 1, 2, 0], "last") for head in heads)
    alone.shared = 0
    _same(shared, alone)


def test_frozen_layers_are_taken_once_for_the_prefix(model):
    rows = _rows()
    stream = freeze_stream(model, rows, 2)
    with torch.inference_mode():
        together = stream_hidden(model, rows, stream, range(len(rows)), shared=11)
        own = torch.cat([stream_hidden(model, [row])[11:] for row in rows])
    torch.testing.assert_close(together[11:], own, rtol=1e-4, atol=1e-4)


def test_features_after_a_shared_prefix_are_those_of_whole_rows(model):
    rows = _rows()
    alone = np.concatenate([pooled(model, [row], "last") for row in rows])
    np.testing.assert_allclose(pooled(model, rows, "last"), alone, rtol=1e-4, atol=1e-4)


def test_learned_tokens_inside_the_common_part_are_not_shared(model):
    rows = [Row(ids, [place >= 5 for place in range(len(ids))]) for ids in _rows()]
    assert TokenLearner(model, rows).shared == 4


def test_nothing_is_shared_where_it_would_change_training(model):
    rows = _rows()
    dropping = model.fork()
    dropping.network.add_module("extra", torch.nn.Dropout(0.1))
    assert shared_tokens(model, rows) == 11
    assert shared_tokens(dropping, rows) == 0
    assert shared_tokens(model, [[*row[:2], 7 + i] for i, row in enumerate(rows)]) == 0
    assert shared_tokens(replace(model, body=type("Both", (), {"causal": False})()), rows) == 0
    assert ClassLearner(model, ClassHead(32, 2), rows, [0] * 7, "mean").shared == 0
