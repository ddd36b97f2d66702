"""The linear probe: features once, then a head for each penalty, the best on dev."""

from dataclasses import dataclass

from taskfit.core.example import Practice
from taskfit.core.method import Desk
from taskfit.core.prediction import Story, Trial
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.features import pooled
from taskfit.engine.flops import forward_flops
from taskfit.engine.headed import HeadPredictor, Pooling, head_rows, pooling_of
from taskfit.engine.learner import ClassHead
from taskfit.engine.linear import ChosenHead, Floats, Labelled, choose_linear, fit_linear
from taskfit.engine.outputs import outputs_of
from taskfit.engine.values import Measured, as_module, choose_outputs, finished
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
    fit = _of_classes if task.closed else _of_values
    found = fit(task, practice, (train, dev), decay=decay, trials=desk.trials)
    story = Story(
        trials=found.trials,
        parameters_trained=sum(one.numel() for one in found.head.parameters()),
        dev_metric="accuracy" if task.closed else outputs_of(task, practice.train).metric,
    )
    return HeadPredictor(model, task, found.head, how, story)


@dataclass(frozen=True)
class _Found:
    head: ClassHead
    trials: tuple[Trial, ...]


def _of_classes(
    task: Task, practice: Practice, vectors: tuple[Floats, Floats], *, decay: float | None, trials: int
) -> _Found:
    names = task.label_names
    targets, gold = ([names.index(one.target or "") for one in part] for part in (practice.train, practice.dev))
    train, dev = Labelled(vectors[0], targets), Labelled(vectors[1], gold)
    if decay is None:
        chosen = choose_linear(train, dev, len(names), budget=trials)
    else:
        chosen = ChosenHead(fit_linear(train.features, targets, len(names), decay=decay), ())
    return _Found(as_module(chosen.head).requires_grad_(False), chosen.trials)


def _of_values(
    task: Task, practice: Practice, vectors: tuple[Floats, Floats], *, decay: float | None, trials: int
) -> _Found:
    """Numbers or several labels."""
    outputs = outputs_of(task, practice.train)
    train = Measured(vectors[0], outputs.targets(practice.train))
    dev = Measured(vectors[1], outputs.targets(practice.dev))
    if decay is None:
        chosen = choose_outputs(outputs, train, dev, budget=trials)
    else:
        chosen = ChosenHead(outputs.fit(train.features, train.targets, decay), ())
    return _Found(finished(outputs, chosen.head, dev), chosen.trials)
