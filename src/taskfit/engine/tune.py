"""Tuning: one recipe from rows to a trained predictor, for every change of weights and every aim.

A Change says which weights are trained and below which layer nothing changes, an Aim what is learned from the rows;
everything else is here once: the search for a learning rate on dev, checkpoints, resume, costs.
"""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from taskfit.core.errors import DataError, TrainingError
from taskfit.core.events import Emit, Event
from taskfit.core.example import Practice
from taskfit.core.files import plain, read_json, write_json
from taskfit.core.method import Desk
from taskfit.core.prediction import CurvePoint, Predictor, Story
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.aims.aim import Aim, Lesson, Work
from taskfit.engine.before import FREE
from taskfit.engine.change import Change
from taskfit.engine.checkpoint import write_tensors
from taskfit.engine.flops import forward_flops, training_flops
from taskfit.engine.learner import Learner
from taskfit.engine.loop import LoopSettings, train
from taskfit.engine.recompute import recompute_layers
from taskfit.engine.search import Searched, Tried, search_lr
from taskfit.engine.training import Training
from taskfit.model.local import LocalModel
from taskfit.model.quantized import bits_of

WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class Recipe:
    """What is trained, what is learned, and how; without `lr` it is chosen on dev."""

    change: Change
    aim: Aim
    training: Training
    lr: float | None = None


@dataclass(frozen=True)
class Tuned:
    """What tuning made: the tuned copy, the predictor on it, and how both were made."""

    model: LocalModel
    predictor: Predictor
    story: Story


def epochs_for(rows: int, batch: int) -> float:
    """Return the epochs when none were asked for: 3, more for few rows (about 100 steps), at most 20."""
    return float(min(20, max(3, round(100 * batch / max(1, rows)))))


def in_precision(model: LocalModel, precision: str) -> LocalModel:
    """Return the model with weights of the precision asked for; one that has them already as it is."""
    wanted = getattr(torch, precision)
    if bits_of(model.network):  # computes in the precision it was opened with
        return model
    held = {weight.dtype for weight in model.network.parameters() if weight.is_floating_point()}
    return model if wanted is torch.float32 or held == {wanted} else model.fork(dtype=wanted)


def tune(model: LocalModel, task: Task, practice: Practice, desk: Desk, recipe: Recipe) -> Tuned:
    """Train by the recipe and return what it made; its story tells trials, curve and costs."""
    job = _job(model, task, practice, desk, recipe)
    if recipe.lr is not None:
        _attempt(job, recipe.lr)
        searched = Searched(recipe.lr, ())
    else:
        centre = recipe.change.lr_centre(model.card)
        searched = search_lr(centre, desk.trials, lambda lr: _attempt_or_none(job, lr))
    chosen = _trial_folder(desk.folder, searched.value)
    learner = job.kept(load_file(chosen / WEIGHTS))
    for weights in (desk.folder / "trials").glob(f"*/{WEIGHTS}"):
        if weights.parent != chosen:
            weights.unlink()
    predictor = job.lesson.predictor(learner)
    found = read_json(chosen / "result.json")
    story = Story(
        trials=searched.trials,
        curve=tuple(CurvePoint(**point) for point in found["curve"]),
        parameters_trained=found["parameters"],
        dev_metric=job.lesson.dev_metric if practice.dev else "",
        remarks=(*({"en": one.en, "zh": one.zh} for one in job.lesson.remarks), *job.remarks),
    )
    return Tuned(learner.model, predictor, story)


@dataclass
class _Job:
    """Everything that the trials of one rung share."""

    work: Work
    recipe: Recipe
    lesson: Lesson
    remarks: list[Mapping[str, str]] = field(default_factory=list)

    def learner(self) -> Any:
        """Return the learner of one trial on freshly prepared weights."""
        return self.lesson.learner(self.recipe.change.prepare(self.work.model, self.work.desk.seed))

    def kept(self, weights: Mapping[str, torch.Tensor]) -> Any:
        """Return a learner on a fresh copy that holds trained weights and learns no more."""
        learner = self.learner()
        with torch.no_grad():
            for name, parameter in learner.trained().items():
                parameter.copy_(weights[name])
        learner.mode(training=False)
        learner.model.network.requires_grad_(False)
        return learner


def _job(model: LocalModel, task: Task, practice: Practice, desk: Desk, recipe: Recipe) -> _Job:
    if not practice.train:
        raise DataError(Text("there are no rows to train on", "没有可训练的数据"))
    if not practice.dev and recipe.lr is None and desk.trials > 1:
        raise DataError(
            Text("a learning rate is chosen on dev rows, and there are none", "选择学习率需要 dev 数据，而这里没有"),
            todo=Text("set lr, or give dev rows", "请设置 lr，或提供 dev 数据"),
        )
    training = recipe.training
    base = in_precision(model, training.precision)
    # Noise on the embeddings reaches every layer: none of them gives the same twice.
    below = 0 if training.neftune_alpha else recipe.change.frozen_below(base.card)
    work = Work(base, task, practice, desk, below, training.label_smoothing, training.neftune_alpha)
    return _Job(work, recipe, recipe.aim.lesson(work))


def _trial_folder(folder: Path, lr: float) -> Path:
    return folder / "trials" / f"lr-{lr:.3g}"


def _attempt_or_none(job: _Job, lr: float) -> Tried | None:
    """Train once; a rate at which training stops being numbers is no candidate, and the report says so."""
    try:
        return _attempt(job, lr)
    except TrainingError as problem:
        what = problem.findings[0].what
        job.remarks.append({"en": f"lr {lr:.3g}: {what.en}; left out", "zh": f"学习率 {lr:.3g}：{what.zh}；不予考虑"})
        return None


def _attempt(job: _Job, lr: float) -> Tried:
    """Train once, or find what a trial finished before an interruption left."""
    desk, training = job.work.desk, job.recipe.training
    folder = _trial_folder(desk.folder, lr)
    learner = job.learner()
    settings = training.loop_settings(desk.seed, lr=lr, epochs=_epochs(learner, training))
    told = {key: value for key, value in plain(settings).items() if key not in FREE}
    found = _finished(folder, told)
    if found is not None:
        _count(job, found)
        desk.meter.seconds += found["seconds"]
        desk.meter.cpu_seconds += found["cpu_seconds"]
        return Tried(found["score"] or 0.0, found["seconds"])
    found = {**_train(job, learner, settings, folder), "settings": told}
    write_json(folder / "result.json", found)
    _count(job, found)
    if training.save_every is None:  # else the user asked to keep them
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return Tried(found["score"] or 0.0, found["seconds"])


def _epochs(learner: Learner, training: Training) -> float | None:
    if training.epochs is not None or training.max_steps is not None:
        return training.epochs
    return epochs_for(learner.rows, training.batch)


def _finished(folder: Path, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a trial with these settings found, or None when it is not finished (or was asked for less)."""
    if not (folder / "result.json").is_file():
        return None
    found: dict[str, Any] = read_json(folder / "result.json")
    return found if found["settings"] == settings else None


def _train(job: _Job, learner: Any, settings: LoopSettings, folder: Path) -> dict[str, Any]:
    """Train one trial, write its weights, and return what was found."""
    work, lesson = job.work, job.lesson
    folder.mkdir(parents=True, exist_ok=True)
    start, cpu = time.perf_counter(), time.process_time()
    job.recipe.change.begin(learner)
    if job.recipe.training.gradient_checkpointing:
        recompute_layers(learner.model)
    result = train(
        learner,
        settings,
        desk=replace(work.desk, note=f"lr {settings.lr:.3g}", emit=_naming(work.desk.emit, lesson.dev_metric)),
        folder=folder / "checkpoints",
        evaluate=(lambda: lesson.dev_score(learner)) if work.practice.dev else None,
        lr_factors=job.recipe.change.lr_factors(learner.model),
    )
    write_tensors(folder / WEIGHTS, dict(learner.trained()))
    return {
        "score": result.best_dev,
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu,
        "curve": [vars(point) for point in result.curve],
        "parameters": sum(p.numel() for p in learner.trained().values()),
        "tokens": result.tokens,
    }


def _naming(emit: Emit, metric: str) -> Emit:
    """Return `emit` with the name of what is measured in every look at dev."""

    def named(event: Event) -> None:
        look = event.kind == "train.look" and event.data.get("dev_score") is not None
        emit(replace(event, data={**event.data, "dev_metric": metric}) if look else event)

    return named


def _count(job: _Job, found: Mapping[str, Any]) -> None:
    """Count what a trial cost: its training, and its looks at dev."""
    card, tokens = job.work.model.card, found["tokens"]
    share = min(1.0, found["parameters"] / max(1, card.parameters_body))
    frozen = job.work.below / max(1, card.layers)
    training = training_flops(card, tokens, trained_share=share, frozen_share=frozen)
    looks = len(found["curve"]) * forward_flops(card, job.lesson.dev_tokens)
    job.work.desk.meter.add(tokens=tokens, flops=training + looks)
