"""The linear tagger: states of words once, then a head for each penalty, the best on dev."""

import numpy as np

from taskfit.core.errors import DataError
from taskfit.core.example import Practice
from taskfit.core.method import Desk
from taskfit.core.prediction import Story
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.flops import forward_flops
from taskfit.engine.linear import ChosenHead, fit_linear
from taskfit.engine.tagged import TagPredictor, choose_tags, remarks_on, tagged, word_states
from taskfit.engine.tagging import TagClasses
from taskfit.engine.values import as_module
from taskfit.model.local import LocalModel

AT_ONCE = 64


def tag_probe(model: LocalModel, task: Task, practice: Practice, desk: Desk, *, decay: float | None) -> TagPredictor:
    """Return the tagger on frozen states; the penalty is the best on dev of at most `desk.trials`."""
    if not practice.train:
        raise DataError(Text("there are no rows to train on", "没有可训练的数据"))
    classes, phase = TagClasses(task.label_names), Text("features", "特征")
    train, dev = (tagged(model, classes, part) for part in (practice.train, practice.dev))
    rows = [*train.rows, *dev.rows]
    states = []
    for start in range(0, len(rows), AT_ONCE):
        desk.progress(phase, start, len(rows))
        states += word_states(model, rows[start : start + AT_ONCE])
    desk.progress(phase, len(rows), len(rows))
    tokens = train.tokens + dev.tokens
    desk.meter.add(tokens=tokens, flops=forward_flops(model.card, tokens))
    words, seen = np.concatenate(states[: len(train.rows)]), states[len(train.rows) :]
    if decay is None:
        chosen = choose_tags((words, train), (seen, dev), classes, budget=desk.trials)
    else:
        targets = [one for row in train.classes for one in row]
        chosen = ChosenHead(fit_linear(words, targets, classes.count, decay=decay), ())
    head = as_module(chosen.head).requires_grad_(False)
    story = Story(
        trials=chosen.trials,
        dev_metric="entity_f1",
        parameters_trained=sum(one.numel() for one in head.parameters()),
        remarks=tuple({"en": one.en, "zh": one.zh} for one in remarks_on(train, classes)),
    )
    return TagPredictor(model, task, head, story)
