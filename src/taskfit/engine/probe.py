"""The linear probe: features once, then a head for each penalty, the best on dev."""

import torch

from taskfit.core.example import Practice
from taskfit.core.method import Desk
from taskfit.core.prediction import Story
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.features import pooled
from taskfit.engine.flops import forward_flops
from taskfit.engine.headed import HeadPredictor, Pooling, head_rows, pooling_of
from taskfit.engine.learner import ClassHead
from taskfit.engine.linear import ChosenHead, Labelled, choose_linear, fit_linear
from taskfit.model.local import LocalModel


def probe(
    model: LocalModel, task: Task, practice: Practice, desk: Desk, *, decay: float | None, pooling: Pooling
) -> HeadPredictor:
    """Return the head on frozen features; the penalty is the best on dev of at most `desk.trials`."""
    how = pooling_of(model, pooling)
    both = head_rows(model, task, [*practice.train, *practice.dev])
    phase = Text("features", "特征")
    vectors = pooled(model, both, how, cache=desk.cache, told=lambda n: desk.progress(phase, n, len(both)))
    tokens = sum(len(row) for row in both)
    desk.meter.add(tokens=tokens, flops=forward_flops(model.card, tokens))
    train, dev = vectors[: len(practice.train)], vectors[len(practice.train) :]
    names = task.label_names
    targets, gold = ([names.index(one.target or "") for one in part] for part in (practice.train, practice.dev))
    if decay is None:
        chosen = choose_linear(Labelled(train, targets), Labelled(dev, gold), len(names), budget=desk.trials)
    else:
        chosen = ChosenHead(fit_linear(train, targets, len(names), decay=decay), ())
    best = chosen.head
    module = ClassHead(model.card.width, len(names)).requires_grad_(False)
    module.linear.weight.copy_(torch.from_numpy(best.weights))
    module.linear.bias.copy_(torch.from_numpy(best.bias))
    story = Story(trials=chosen.trials, parameters_trained=best.weights.size + best.bias.size)
    return HeadPredictor(model, task, module, how, story)
