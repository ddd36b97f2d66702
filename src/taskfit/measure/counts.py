"""Counts per label: how often each was right, answered, and asked for; confusion and per-class scores."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from taskfit.core.measurement import ClassScore, Confusion
from taskfit.core.target import names_of, spans_of

Array = NDArray[np.float64]


def one_hot(names: Sequence[str | None], labels: Sequence[str]) -> Array:
    """Return a [rows, labels] array of 0 and 1: the label of each row, or the several that it lists.

    A name that is no label gives nothing.
    """
    place = {label: column for column, label in enumerate(labels)}
    marks = np.zeros((len(names), len(labels)))
    for row, name in enumerate(names):
        for one in listed(name):
            if one in place:
                marks[row, place[one]] = 1.0
    return marks


def listed(name: str | None) -> tuple[str, ...]:
    """Return the labels of a target or answer: one, or the several that it lists."""
    if name is None:
        return ()
    several = names_of(name)
    return (name,) if several is None else several


def label_scores(
    golds: Sequence[str], answers: Sequence[str | None], labels: Sequence[str], *, spans: bool, seeds: int = 1
) -> tuple[ClassScore, ...]:
    """Return the scores of each label where a row may have several: labels, or entities (`spans`)."""
    counts = np.zeros((len(labels), 3))
    column = {label: place for place, label in enumerate(labels)}
    for gold, answer in zip(golds, answers, strict=True):
        wanted, given = ({*(spans_of(one or "") or () if spans else listed(one))} for one in (gold, answer))
        for place, found in enumerate((wanted & given, wanted, given)):
            for one in found:
                name = one if isinstance(one, str) else one.label
                if name in column:
                    counts[column[name], place] += 1
    return _scores(labels, *counts.T, seeds=seeds)


def confusion(golds: Sequence[str], answers: Sequence[str | None], labels: Sequence[str]) -> Confusion:
    """Return how often each label was answered with each; the last column counts answers that are no label."""
    counts = np.zeros((len(labels), len(labels) + 1), dtype=np.int64)
    place = {label: index for index, label in enumerate(labels)}
    for gold, answer in zip(golds, answers, strict=True):
        column = len(labels) if answer is None else place.get(answer, len(labels))
        counts[place[gold], column] += 1
    return Confusion(tuple(labels), tuple(tuple(int(count) for count in line) for line in counts))


def class_scores(table: Confusion, *, seeds: int = 1) -> tuple[ClassScore, ...]:
    """Return the scores of each label from counts added up over `seeds`; support counts each row once."""
    counts = np.array(table.counts, dtype=np.float64).reshape(len(table.labels), len(table.labels) + 1)
    asked, answered = counts.sum(axis=1), counts[:, :-1].sum(axis=0)
    return _scores(table.labels, np.diagonal(counts), asked, answered, seeds=seeds)


def _scores(labels: Sequence[str], hits: Array, asked: Array, answered: Array, *, seeds: int) -> tuple[ClassScore, ...]:
    precision, recall = ratio(hits, answered), ratio(hits, asked)
    f1 = ratio(2 * hits, asked + answered)
    return tuple(
        ClassScore(label, float(precision[i]), float(recall[i]), float(f1[i]), round(float(asked[i]) / seeds))
        for i, label in enumerate(labels)
    )


def ratio(above: Array, below: Array) -> Array:
    """Return above / below, and 0 where `below` is 0."""
    result: Array = np.divide(above, below, out=np.zeros(np.shape(below)), where=below > 0)
    return result


def mean_where(values: Array, known: NDArray[np.bool_]) -> Array:
    """Return the mean over the last axis of the `values` that are `known`; 0 where none is."""
    return ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1).astype(np.float64))
