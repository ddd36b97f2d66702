"""What was gained on sealed test rows in nats per token: of plain text all tokens, of conversations and answers what is said.

It needs no gold answer and no metric, so every training on open rows has it, before and after.
"""

from collections.abc import Sequence

import numpy as np
import torch

from taskfit.app.train_score import LossWorth
from taskfit.core.example import Example
from taskfit.core.prediction import Predictor
from taskfit.core.task import Task
from taskfit.engine.language import WholeModel
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.prompted import PromptPredictor
from taskfit.engine.talk import rows_of_examples
from taskfit.engine.trained import TunedPredictor
from taskfit.engine.truncate import fit_rows
from taskfit.measure.counts import Array
from taskfit.measure.forgetting import mean_per_token
from taskfit.measure.forgetting_reading import adapted_model
from taskfit.model.local import LocalModel


def loss_worth(predictor: Predictor, model: LocalModel, task: Task, test: Sequence[Example]) -> LossWorth | None:
    """Measure the model and what was made of it on the same rows; None where the answers are no words of a network."""
    trained = adapted_model(predictor)
    if trained is None or not model.body.causal or task.labels:
        return None
    asked = _asked(predictor, task)
    room = min(model.card.context, trained.card.context)
    before, tokens = _losses(model, _rows(model, task, test, room))
    after, said = _losses(trained, _rows(trained, asked, test, room))
    if not tokens.sum() or not np.array_equal(tokens, said):  # another tokenizer: not the same ruler
        return None
    base, now, change = (mean_per_token(one, tokens) for one in (before, after, after - before))
    return LossWorth(len(test), int(tokens.sum()), base, now, change)


def _asked(predictor: Predictor, task: Task) -> Task:
    """Return the task as the predictor asks it: its instruction may be a shorter one."""
    inner = predictor.inner if isinstance(predictor, WholeModel) else predictor
    inner = inner.tuned.predictor if isinstance(inner, TunedPredictor) else inner
    return inner.task if isinstance(inner, PromptPredictor) else task


def _rows(model: LocalModel, task: Task, examples: Sequence[Example], room: int) -> list[list[Row]]:
    """Return the rows of each example; longer ones in pieces, so that every token counts once."""
    found = []
    for example in examples:
        rows = rows_of_examples(model, task, [example]).rows
        found.append(list(fit_rows(rows, room, "split").rows))
    return found


def _losses(model: LocalModel, rows: Sequence[Sequence[Row]]) -> tuple[Array, Array]:
    """Return the nats and the learned tokens of each example."""
    learner = TokenLearner(model, [row for some in rows for row in some])
    place, nats, tokens = 0, [], []
    with torch.inference_mode():
        for some in rows:
            own = range(place, place + len(some))
            weight = sum(learner.weight(row) for row in own)
            nats.append(float(learner.loss(own, 1.0)) if weight else 0.0)
            tokens.append(weight)
            place += len(some)
    return np.array(nats), np.array(tokens)
