"""Tuning: one recipe from rows to a trained predictor, for every method that changes weights.

A method says which weights are trained (`prepare`) and below which layer nothing changes
(`frozen_below`); everything else is here once: the two ways to answer (saying the label's word, or a
classification head), the search for a learning rate on dev, checkpoints, resume.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from safetensors.torch import load_file

from taskfit.core.errors import DataError, TrainingError
from taskfit.core.example import Example, Practice
from taskfit.core.files import read_json, write_json
from taskfit.core.method import Desk
from taskfit.core.prediction import CurvePoint, Story
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.calibrate import dev_value
from taskfit.engine.checkpoint import write_tensors
from taskfit.engine.features import FrozenStream, batches_of, freeze_stream, pool_states, pooled
from taskfit.engine.fit import refuse_longer
from taskfit.engine.flops import forward_flops, training_flops
from taskfit.engine.headed import HeadPredictor, Pooling, head_rows, pooling_of
from taskfit.engine.learner import ClassHead, ClassLearner, Row, TokenLearner, stream_hidden
from taskfit.engine.linear import Labelled, choose_linear
from taskfit.engine.loop import LoopSettings, train
from taskfit.engine.prompt import conversation
from taskfit.engine.prompted import PromptPredictor
from taskfit.engine.search import Searched, Tried, search_lr
from taskfit.model.flat import Layout
from taskfit.model.local import LocalModel

AnswerBy = Literal["auto", "words", "head"]
WEIGHTS = "weights.safetensors"
# Penalties tried for the head that fine-tuning starts from; they cost next to nothing.
FIRST_HEADS = 5


@dataclass(frozen=True)
class Recipe:
    """What differs between training methods."""

    prepare: Callable[[LocalModel, int], LocalModel]
    lr: float | None
    lr_centre: float
    epochs: float | None
    batch: int
    patience: int
    weight_decay: float
    answer_by: AnswerBy
    pooling: Pooling
    frozen_below: int = 0


def answer_by(model: LocalModel, asked: AnswerBy) -> AnswerBy:
    """Return how a tuned model answers: as asked, else words for causal models and a head for encoders."""
    if asked != "auto":
        return asked
    return "words" if model.card.architecture == "causal" else "head"


def epochs_for(rows: int, batch: int, asked: float | None) -> float:
    """Return the epochs: as asked, else 3, more for few rows (about 100 steps), at most 20."""
    if asked is not None:
        return asked
    return float(min(20, max(3, round(100 * batch / max(1, rows)))))


def tune(
    model: LocalModel, task: Task, practice: Practice, desk: Desk, recipe: Recipe
) -> PromptPredictor | HeadPredictor:
    """Train by the recipe and return the predictor; its `story` tells trials, curve and costs."""
    job = _job(model, task, practice, desk, recipe)
    if recipe.lr is not None:
        _attempt(job, recipe.lr)
        searched = Searched(recipe.lr, ())
    else:
        searched = search_lr(recipe.lr_centre, desk.trials, lambda lr: _attempt_or_none(job, lr))
    chosen = _trial_folder(desk.folder, searched.value)
    predictor = job.predictor(load_file(chosen / WEIGHTS))
    for weights in (desk.folder / "trials").glob(f"*/{WEIGHTS}"):
        if weights.parent != chosen:
            weights.unlink()
    found = read_json(chosen / "result.json")
    predictor.story = Story(
        trials=searched.trials,
        curve=tuple(CurvePoint(**point) for point in found["curve"]),
        parameters_trained=found["parameters"],
        remarks=job.remarks,
    )
    return predictor


@dataclass
class _Job:
    """Everything that the trials of one rung share; frozen states are computed once for all of them."""

    model: LocalModel
    task: Task
    practice: Practice
    desk: Desk
    recipe: Recipe
    how: AnswerBy
    train_rows: list[Any]
    train_stream: FrozenStream | None
    dev_rows: list[list[int]]
    dev_stream: FrozenStream | None
    targets: list[int]
    start_head: ClassHead | None
    remarks: tuple[dict[str, str], ...] = ()

    def learner(self, tuned: LocalModel) -> TokenLearner | ClassLearner:
        """Return the learner of one trial on freshly prepared weights."""
        if self.how == "words":
            return TokenLearner(tuned, self.train_rows, self.train_stream)
        assert self.start_head is not None
        head = ClassHead(self.model.card.width, len(self.task.labels))
        head.load_state_dict(self.start_head.state_dict())
        head.to(tuned.device)
        pooling = pooling_of(self.model, self.recipe.pooling)
        return ClassLearner(tuned, head, self.train_rows, self.targets, pooling, self.train_stream)

    def dev_score(self, learner: TokenLearner | ClassLearner) -> float:
        """Return the accuracy on dev, less a sliver of the loss so that equal accuracies are ordered."""
        if isinstance(learner, TokenLearner):
            scores = PromptPredictor(learner.model, self.task).raw_scores(self.practice.dev).values
        else:
            scores = self._head_scores(learner)
        gold = [self.task.label_names.index(example.target or "") for example in self.practice.dev]
        return dev_value(scores, gold)

    def _head_scores(self, learner: ClassLearner) -> Any:
        parts = []
        with torch.inference_mode():
            for batch in batches_of([len(row) for row in self.dev_rows]):
                rows = [self.dev_rows[i] for i in batch]
                hidden = stream_hidden(learner.model, rows, self.dev_stream, batch)
                pooled_states = pool_states(hidden, Layout(tuple(len(row) for row in rows)), learner.pooling)
                parts.append(learner.head(pooled_states.float()).double().cpu().numpy())
        return np.concatenate(parts)

    def predictor(self, weights: dict[str, torch.Tensor]) -> PromptPredictor | HeadPredictor:
        """Return the predictor with the trained weights put into a fresh copy."""
        learner = self.learner(self.recipe.prepare(self.model, self.desk.seed))
        with torch.no_grad():
            for name, parameter in learner.trained().items():
                parameter.copy_(weights[name])
        learner.mode(training=False)
        learner.model.network.requires_grad_(False)
        if isinstance(learner, TokenLearner):
            return PromptPredictor(learner.model, self.task)
        return HeadPredictor(learner.model, self.task, learner.head.requires_grad_(False), learner.pooling)


def _job(model: LocalModel, task: Task, practice: Practice, desk: Desk, recipe: Recipe) -> _Job:
    if not practice.train or not practice.dev:
        raise DataError(Text("training needs rows in train and in dev", "训练需要 train 与 dev 都有数据"))
    how = answer_by(model, recipe.answer_by)
    dev_ids = head_rows(model, task, practice.dev)
    if how == "words":
        rows: list[Any] = answer_rows(model, task, practice.train)
        ids: list[Sequence[int]] = [row.ids for row in rows]
        targets: list[int] = []
        head = None
    else:
        rows = head_rows(model, task, practice.train)
        ids = list(rows)
        targets = [task.label_names.index(example.target or "") for example in practice.train]
        gold = [task.label_names.index(example.target or "") for example in practice.dev]
        head = _first_head(model, task, (rows, targets), (dev_ids, gold), desk, pooling_of(model, recipe.pooling))
    below, tokens = recipe.frozen_below, sum(map(len, ids))
    once = (below / max(1, model.card.layers)) + (head is not None)  # frozen layers, and features of the first head
    desk.meter.add(flops=once * forward_flops(model.card, tokens))
    phase = Text("frozen layers", "冻结层特征")
    train_stream = freeze_stream(model, ids, below, lambda n: desk.progress(phase, n, len(ids))) if below else None
    dev_stream = freeze_stream(model, dev_ids, below) if below and how == "head" else None
    return _Job(model, task, practice, desk, recipe, how, rows, train_stream, dev_ids, dev_stream, targets, head)


def answer_rows(model: LocalModel, task: Task, examples: Sequence[Example]) -> list[Row]:
    """Return training rows: the question, then the answer and one token that ends the turn, which are learned."""
    prompts = [model.render(conversation(task, example)) for example in examples]
    words = [task.word_of(example.target or "") for example in examples]
    end = model.template.answer_end
    asked = model.encode(prompts)
    said = model.encode([p + w for p, w in zip(prompts, words, strict=True)])
    whole = model.encode([p + w + end for p, w in zip(prompts, words, strict=True)])
    refuse_longer(model, whole)
    return [
        Row(ids[: len(answer) + 1], [place >= len(question) for place in range(len(answer) + 1)][: len(ids)])
        for question, answer, ids in zip(asked, said, whole, strict=True)
    ]


Numbered = tuple[Sequence[Sequence[int]], Sequence[int]]  # rows of token ids, and their class numbers


def _first_head(model: LocalModel, task: Task, train: Numbered, dev: Numbered, desk: Desk, pooling: str) -> ClassHead:
    """Return the linear probe on frozen features: fine-tuning starts from it (Kumar et al. 2022, arXiv:2202.10054)."""
    parts = [Labelled(pooled(model, rows, pooling, cache=desk.cache), targets) for rows, targets in (train, dev)]
    classes = len(task.labels)
    probe = choose_linear(parts[0], parts[1], classes, budget=FIRST_HEADS).head
    head = ClassHead(model.card.width, classes)
    with torch.no_grad():
        head.linear.weight.copy_(torch.from_numpy(probe.weights))
        head.linear.bias.copy_(torch.from_numpy(probe.bias))
    return head


def _trial_folder(folder: Path, lr: float) -> Path:
    return folder / "trials" / f"lr-{lr:.3g}"


def _attempt_or_none(job: _Job, lr: float) -> Tried | None:
    """Train once; a rate at which training stops being numbers is no candidate, and the report says so."""
    try:
        return _attempt(job, lr)
    except TrainingError as problem:
        what = problem.findings[0].what
        job.remarks += ({"en": f"lr {lr:.3g}: {what.en}; left out", "zh": f"学习率 {lr:.3g}：{what.zh}；不予考虑"},)
        return None


def _attempt(job: _Job, lr: float) -> Tried:
    """Train once, or find what a trial finished before an interruption left."""
    desk, recipe = job.desk, job.recipe
    folder = _trial_folder(desk.folder, lr)
    if (folder / "result.json").is_file():
        found = read_json(folder / "result.json")
        _count(job, found)
        desk.meter.seconds += found["seconds"]
        desk.meter.cpu_seconds += found["cpu_seconds"]
        return Tried(found["score"], found["seconds"])
    folder.mkdir(parents=True, exist_ok=True)
    start, cpu = time.perf_counter(), time.process_time()
    learner = job.learner(recipe.prepare(job.model, desk.seed))
    settings = LoopSettings(
        epochs=epochs_for(learner.rows, recipe.batch, recipe.epochs),
        batch=recipe.batch,
        lr=lr,
        patience=recipe.patience,
        weight_decay=recipe.weight_decay,
        seed=desk.seed,
    )
    told = replace(desk, note=f"lr {lr:.3g}")
    result = train(learner, settings, desk=told, folder=folder / "checkpoints", evaluate=lambda: job.dev_score(learner))
    write_tensors(folder / WEIGHTS, dict(learner.trained()))
    found = {
        "score": result.best_dev,
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu,
        "curve": [vars(point) for point in result.curve],
        "parameters": sum(p.numel() for p in learner.trained().values()),
        "tokens": result.tokens,
    }
    write_json(folder / "result.json", found)
    _count(job, found)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    assert result.best_dev is not None
    return Tried(result.best_dev, found["seconds"])


def _count(job: _Job, found: dict[str, Any]) -> None:
    """Count what a trial cost: its training, and a look at dev after each epoch."""
    card, tokens = job.model.card, found["tokens"]
    share = min(1.0, found["parameters"] / max(1, card.parameters_body))
    frozen = job.recipe.frozen_below / max(1, card.layers)
    training = training_flops(card, tokens, trained_share=share, frozen_share=frozen)
    looks = len(found["curve"]) * forward_flops(card, sum(map(len, job.dev_rows)))
    job.desk.meter.add(tokens=tokens, flops=training + looks)
