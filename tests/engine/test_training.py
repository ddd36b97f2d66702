"""Training with our loop equals a plain loop: transformers' forward on padded batches, torch's AdamW, the same order.

Tolerance per step: 1e-5 of the loss. Float32 rounding is 1e-7; Adam divides small gradients by their own size, which
carries rounding on from step to step, so after a dozen steps one or two digits are gone.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.learners import class_learner, desk_at, lora_config, prepared, rows_of, token_learner, without_dropout
from taskfit.engine.features import freeze_stream
from taskfit.engine.learner import ClassHead, ClassLearner, Row, TokenLearner, shared_tokens
from taskfit.engine.loop import LoopSettings, lr_at, rows_of_step, train
from taskfit.engine.wrap import layer_weights
from taskfit.model.local import LocalModel
from tiny_models import LAYERS, TinyModels

SETTINGS = LoopSettings(epochs=3, batch=4, lr=3e-3, schedule="cosine", warmup=0.2, weight_decay=0.1)


def _ours(learner: TokenLearner | ClassLearner, tmp_path: Path) -> list[float]:
    without_dropout(learner.model)
    desk, events = desk_at(tmp_path)
    train(learner, SETTINGS, desk=desk)
    return [float(str(event.data["loss"])) for event in events if event.kind == "train.step"]


def _plain(named: dict[str, Tensor], rows: int, loss_of: Callable[[Sequence[int]], Tensor]) -> list[float]:
    """A loop as anyone would write it."""
    matrices, vectors = ([p for p in named.values() if (p.ndim >= 2) == wide] for wide in (True, False))
    groups = [{"params": matrices, "weight_decay": SETTINGS.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.0)
    per_epoch = -(-rows // SETTINGS.batch)
    steps = round(per_epoch * SETTINGS.epochs)
    losses = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = lr_at(step, steps, SETTINGS)
        loss = loss_of(rows_of_step(rows, SETTINGS.batch, SETTINGS.seed, step))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*matrices, *vectors], SETTINGS.clip)
        optimizer.step()
        losses.append(loss.item())
    return losses


def _padded(rows: Sequence[Sequence[int]]) -> dict[str, Tensor]:
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return {"input_ids": ids, "attention_mask": mask}


def _token_loss(network: Any, data: Sequence[Row]) -> Callable[[Sequence[int]], Tensor]:
    def loss_of(rows: Sequence[int]) -> Tensor:
        batch = _padded([data[row].ids for row in rows])
        labels = torch.full_like(batch["input_ids"], -100)
        for place, row in enumerate(rows):
            for position, learned in enumerate(data[row].learn):
                if learned and position:
                    labels[place, position] = data[row].ids[position]
        logits = network(**batch).logits[:, :-1]
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())

    return loss_of


def _trainable(network: Any) -> dict[str, Tensor]:
    return {name: p for name, p in network.named_parameters() if p.requires_grad}


def _equal(ours: list[float], theirs: list[float]) -> None:
    assert len(ours) == len(theirs) == 9
    assert ours == pytest.approx(theirs, rel=1e-5)
    assert ours[-1] < 0.95 * ours[0]  # it learns, so the steps after the first are compared on moved weights


@pytest.mark.parametrize("family", ["llama", "qwen2", "gpt2"])
def test_full(tiny: TinyModels, tmp_path: Path, family: str) -> None:
    model, plain = tiny.open(family), tiny.plain(family)
    data = rows_of(model)
    ours = _ours(token_learner(model, "full", data), tmp_path)
    _equal(ours, _plain(_trainable(plain), len(data), _token_loss(plain, data)))


def test_rows_that_begin_alike(tiny: TinyModels, tmp_path: Path) -> None:
    # Their common beginning runs once per step; what is learned must not notice.
    model, plain = tiny.open("qwen2"), tiny.plain("qwen2")
    start = model.encode(["the dog ran to see why it was good or bad and "])[0]
    data = [Row([*start, *row.ids], [False] * len(start) + list(row.learn)) for row in rows_of(model)]
    learner = token_learner(model, "full", data)
    assert learner.shared >= len(start)
    _equal(_ours(learner, tmp_path), _plain(_trainable(plain), len(data), _token_loss(plain, data)))


def test_rows_share_nothing_where_attention_drops(tiny: TinyModels) -> None:
    # Llama-like models keep this probability as a number in the config, not as a module.
    fork = tiny.open("llama").fork()
    rows = [[*range(10, 30), last] for last in (30, 31)]
    assert shared_tokens(fork, rows) == 20
    fork.network.config.attention_dropout = 0.1
    assert shared_tokens(fork, rows) == 0


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_last_layers_with_and_without_frozen_states(tiny: TinyModels, tmp_path: Path, family: str) -> None:
    model, plain = tiny.open(family), tiny.plain(family)
    data = rows_of(model)
    wanted = set(layer_weights(model, LAYERS - 2))
    for name, parameter in plain.named_parameters():
        parameter.requires_grad_(name in wanted)
    theirs = _plain(_trainable(plain), len(data), _token_loss(plain, data))
    live = token_learner(model, "last", data)
    kept = TokenLearner(prepared(model, "last"), data, freeze_stream(model, [row.ids for row in data], LAYERS - 2))
    _equal(_ours(live, tmp_path), theirs)
    _equal(_ours(kept, tmp_path), theirs)
    for (name, a), b in zip(live.trained().items(), kept.trained().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5, msg=name)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_lora(tiny: TinyModels, tmp_path: Path, family: str) -> None:
    from peft import get_peft_model

    model = tiny.open(family)
    data = rows_of(model)
    learner = token_learner(model, "lora", data)
    torch.manual_seed(1)  # as `prepared` does: both draw the same A
    plain = get_peft_model(tiny.plain(family), lora_config(model))
    theirs = _plain(_trainable(plain), len(data), _token_loss(plain, data))
    _equal(_ours(learner, tmp_path), theirs)
    named = _trainable(plain)
    assert learner.trained().keys() == named.keys()
    for name, ours in learner.trained().items():
        torch.testing.assert_close(ours, named[name], rtol=0, atol=1e-4, msg=name)


@pytest.mark.parametrize(("family", "pooling"), [("bert", "mean"), ("bert", "first"), ("llama", "last")])
def test_a_classification_head_and_all_weights(tiny: TinyModels, tmp_path: Path, family: str, pooling: str) -> None:
    model, plain = tiny.open(family), tiny.plain(family)
    learner = class_learner(model, pooling=pooling)
    head = ClassHead(model.card.width, 3)
    head.load_state_dict(learner.head.state_dict())
    inner = plain if family == "bert" else plain.base_model
    for module in plain.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0

    def loss_of(rows: Sequence[int]) -> Tensor:
        batch = _padded([learner.data[row] for row in rows])
        hidden, mask = inner(**batch).last_hidden_state, batch["attention_mask"]
        ends = {"first": torch.zeros(len(rows), dtype=torch.long), "last": mask.sum(1) - 1}
        if pooling == "mean":
            vectors = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        else:
            vectors = hidden[torch.arange(len(rows)), ends[pooling]]
        return torch.nn.functional.cross_entropy(head(vectors), torch.tensor([learner.targets[row] for row in rows]))

    named = _trainable(inner) | {f"head.{name}": p for name, p in head.named_parameters()}
    theirs = _plain(named, learner.rows, loss_of)
    _equal(_ours(learner, tmp_path), theirs)


def test_a_head_on_last_layers_reads_frozen_states(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("bert")
    live, kept = class_learner(model, "last"), class_learner(model, "last")
    kept.stream = freeze_stream(model, kept.data, LAYERS - 2)
    assert _ours(live, tmp_path) == pytest.approx(_ours(kept, tmp_path), rel=1e-5)


@pytest.mark.parametrize("how", ["full", "last", "lora"])
@pytest.mark.parametrize("family", ["llama", "gpt2", "bert"])
def test_training_never_touches_the_base(tiny: TinyModels, tmp_path: Path, family: str, how: str) -> None:
    model = tiny.open(family)
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    learner = class_learner(model, how) if family == "bert" else token_learner(model, how)
    start = {name: p.detach().clone() for name, p in learner.trained().items()}
    _ours(learner, tmp_path)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.network.state_dict().items())
    assert not any(p.requires_grad for p in model.network.parameters())
    assert not model.network.training
    moved = [name for name, p in learner.trained().items() if not torch.equal(p, start[name])]
    assert len(moved) == len(start)


def test_a_learner_of_a_model_is_itself_a_model(tiny: TinyModels) -> None:
    model: LocalModel = prepared(tiny.open("llama"), "lora")
    rows = model.encode(["the cat sat"])
    assert torch.equal(model.hidden(rows)[0], tiny.open("llama").hidden(rows)[0])
