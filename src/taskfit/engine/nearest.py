"""Answers by nearness of vectors: what prompting becomes for encoders, which cannot say a word.

Anchors are vectors with a label each: the label words themselves (zero-shot), the mean of a few examples of
each label (few-shot; Snell et al. 2017, arXiv:1703.05175), or all training rows (nearest neighbours vote).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from taskfit.core.example import Example, Practice, texts_of
from taskfit.core.files import read_json, write_json
from taskfit.core.meter import Meter
from taskfit.core.method import Desk
from taskfit.core.model import Model
from taskfit.core.prediction import Prediction, Story, Trial
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.asking import draw_shots
from taskfit.engine.calibrate import dev_value, log_softmax
from taskfit.engine.checkpoint import write_tensors
from taskfit.engine.features import pooled
from taskfit.engine.flops import forward_flops
from taskfit.engine.retrieve import unit
from taskfit.model.local import LocalModel

Floats = NDArray[np.float32]
SHARPNESS = 20.0  # cosines times this are logits, the usual temperature of 0.05
NEIGHBOURS = (1, 3, 5, 16, 32)


@dataclass(frozen=True)
class Anchors:
    """vectors [A, W] of length 1 after subtracting `mean` [W]; `labels` [A]; votes are of the `neighbours` nearest."""

    vectors: Floats
    mean: Floats
    labels: tuple[int, ...]
    ids: tuple[str, ...]
    neighbours: int

    def scores(self, vectors: Floats, classes: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return log-probabilities [N, C] and the places of the nearest anchors [N, neighbours]."""
        cosines = unit(vectors, self.mean) @ self.vectors.T
        near = np.argsort(-cosines, axis=1, kind="stable")[:, : self.neighbours]
        weights = np.exp(SHARPNESS * (np.take_along_axis(cosines, near, 1) - 1.0))
        votes = np.full((len(vectors), classes), 1e-9)
        labels = np.array(self.labels)[near]
        for column in range(near.shape[1]):
            votes[np.arange(len(vectors)), labels[:, column]] += weights[:, column]
        return log_softmax(np.log(votes)), near


@dataclass
class NearestPredictor:
    """Answers with the label of the nearest anchors."""

    model: LocalModel
    task: Task
    anchors: Anchors
    story: Story = field(default_factory=Story)
    cache: Path | None = None

    def predict(self, examples: Sequence[Example], meter: Meter) -> list[Prediction]:
        """See Predictor."""
        if not examples:
            return []
        before = meter.seconds
        with meter.running():
            rows = self.model.encode(texts_of(examples), special=True)
            vectors = pooled(self.model, rows, "mean")
            log_p, near = self.anchors.scores(vectors, len(self.task.labels))
        share = (meter.seconds - before) / len(examples)
        costs = [forward_flops(self.model.card, len(row), context=len(row) / 2) for row in rows]
        meter.add(tokens=sum(map(len, rows)), flops=sum(costs), requests=len(examples))
        names, ids = self.task.label_names, self.anchors.ids
        return [
            Prediction(
                id=example.id,
                answer=names[int(scores.argmax())],
                scores=dict(zip(names, (float(x) for x in scores), strict=True)),
                tokens_in=len(row),
                flops=cost,
                seconds=share,
                evidence=tuple(ids[place] for place in places) if ids else (),
                prompt=self.model.tokenizer.decode(row),
            )
            for example, row, scores, places, cost in zip(examples, rows, log_p, near, costs, strict=True)
        ]

    def save(self, folder: Path) -> None:
        """See Predictor."""
        tensors = {"vectors": torch.from_numpy(self.anchors.vectors), "mean": torch.from_numpy(self.anchors.mean)}
        write_tensors(folder / "anchors.safetensors", tensors)
        facts = {"labels": self.anchors.labels, "ids": self.anchors.ids, "neighbours": self.anchors.neighbours}
        write_json(folder / "anchors.json", facts)


def _vectors(model: LocalModel, texts: Sequence[str], desk: Desk) -> Floats:
    rows = model.encode(texts, special=True)
    tokens = sum(map(len, rows))
    desk.meter.add(tokens=tokens, flops=forward_flops(model.card, tokens))
    phase = Text("vectors", "向量")
    desk.progress(phase, 0, len(rows))
    return pooled(model, rows, "mean", cache=desk.cache, told=lambda done: desk.progress(phase, done, len(rows)))


def by_label_words(model: Model, task: Task, desk: Desk) -> NearestPredictor:
    """Return the predictor whose anchors are the label words."""
    local = cast(LocalModel, model)
    words = _vectors(local, task.label_words, desk)
    mean = np.zeros(words.shape[1], np.float32)
    return NearestPredictor(local, task, Anchors(unit(words, mean), mean, tuple(range(len(words))), (), len(words)))


def by_prototypes(model: Model, task: Task, practice: Practice, desk: Desk, *, shots: int) -> NearestPredictor:
    """Return the predictor whose anchors are label means of a few examples; the best of several sets on dev.

    At least one example of each label is used, so that every label can be answered.
    """
    local = cast(LocalModel, model)
    vectors = dict(zip((e.id for e in practice.train), _vectors(local, texts_of(practice.train), desk), strict=True))
    dev, gold = _dev(local, task, practice, desk)
    tried: list[tuple[float, Anchors, int, float]] = []
    for number in range(max(1, desk.trials)):
        start = time.perf_counter()
        chosen = draw_shots(
            task, practice.train, max(shots, len(task.labels)), np.random.default_rng([desk.seed, number])
        )
        anchors = _prototypes(task, chosen, vectors)
        tried.append(
            (dev_value(anchors.scores(dev, len(task.labels))[0], gold), anchors, number, time.perf_counter() - start)
        )
    _, anchors, best, _ = max(tried, key=lambda one: one[0])
    trials = tuple(Trial({"set": n, "shots": shots}, s, t, chosen=n == best) for s, _, n, t in tried)
    return NearestPredictor(local, task, anchors, Story(trials=trials, dev_metric="accuracy"))


def _prototypes(task: Task, chosen: Sequence[Example], vectors: dict[str, Floats]) -> Anchors:
    names = task.label_names
    mean = np.mean([vectors[one.id] for one in chosen], 0).astype(np.float32)
    present = [name for name in names if any(one.target == name for one in chosen)]
    means = [np.mean([vectors[one.id] for one in chosen if one.target == name], 0) for name in present]
    centred = unit(np.stack(means).astype(np.float32), mean)
    return Anchors(centred, mean, tuple(names.index(name) for name in present), (), len(present))


def by_neighbours(model: Model, task: Task, practice: Practice, desk: Desk, *, neighbours: int) -> NearestPredictor:
    """Return the predictor whose anchors are all training rows; the number of neighbours is the best on dev."""
    local = cast(LocalModel, model)
    vectors = _vectors(local, texts_of(practice.train), desk)
    mean = vectors.mean(0)
    labels = tuple(task.label_names.index(example.target or "") for example in practice.train)
    ids = tuple(example.id for example in practice.train)
    dev, gold = _dev(local, task, practice, desk)
    tried: list[tuple[float, Anchors, float]] = []
    for count in sorted({neighbours, *NEIGHBOURS[: max(0, desk.trials - 1)]}):
        start = time.perf_counter()
        anchors = Anchors(unit(vectors, mean), mean, labels, ids, min(count, len(ids)))
        tried.append((dev_value(anchors.scores(dev, len(task.labels))[0], gold), anchors, time.perf_counter() - start))
    _, best, _ = max(tried, key=lambda one: one[0])
    trials = tuple(Trial({"neighbours": a.neighbours}, s, t, chosen=a is best) for s, a, t in tried)
    return NearestPredictor(local, task, best, Story(trials=trials, dev_metric="accuracy"))


def _dev(model: LocalModel, task: Task, practice: Practice, desk: Desk) -> tuple[Floats, list[int]]:
    gold = [task.label_names.index(example.target or "") for example in practice.dev]
    return _vectors(model, texts_of(practice.dev), desk), gold


def restore(model: Model, task: Task, folder: Path) -> NearestPredictor:
    """Return the predictor that `NearestPredictor.save` wrote."""
    from safetensors.numpy import load_file

    stored, facts = load_file(folder / "anchors.safetensors"), read_json(folder / "anchors.json")
    anchors = Anchors(
        stored["vectors"], stored["mean"], tuple(facts["labels"]), tuple(facts["ids"]), facts["neighbours"]
    )
    return NearestPredictor(cast(LocalModel, model), task, anchors)
