"""Predictors with a classification head on a network's pooled hidden states."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from taskfit.core.example import Example
from taskfit.core.meter import Meter
from taskfit.core.prediction import Prediction, Story
from taskfit.core.task import Task
from taskfit.engine.checkpoint import write_tensors
from taskfit.engine.features import batches_of, pool_states
from taskfit.engine.fit import refuse_longer
from taskfit.engine.flops import forward_flops
from taskfit.engine.learner import ClassHead
from taskfit.engine.outputs import read_outputs
from taskfit.engine.prefix import Prefix, fitting_prefix
from taskfit.engine.prompt import conversation
from taskfit.model.local import LocalModel

Pooling = Literal["auto", "mean", "last", "first"]
HEAD = "head.safetensors"


def pooling_of(model: LocalModel, asked: Pooling) -> str:
    """Return how to pool: as asked, else the mean for encoders and the last token for causal models."""
    if asked != "auto":
        return asked
    return "mean" if model.card.architecture == "encoder" else "last"


def head_rows(model: LocalModel, task: Task, examples: Sequence[Example]) -> list[list[int]]:
    """Return the token ids that a head reads: the text for encoders, the question up to its answer for causal models."""
    if model.card.architecture == "encoder":
        rows = model.encode([example.text for example in examples], special=True)
    else:
        rows = model.encode([model.render(conversation(task, example)) for example in examples])
    refuse_longer(model, rows)
    return rows


@dataclass
class HeadPredictor:
    """Answers what the head's outputs stand for; a prefix that all prompts share runs once and is kept."""

    model: LocalModel
    task: Task
    head: ClassHead
    pooling: str
    story: Story = field(default_factory=Story)
    known: Prefix | None = None

    def __post_init__(self) -> None:
        self.head.to(self.model.device)

    def predict(self, examples: Sequence[Example], meter: Meter) -> list[Prediction]:
        """See Predictor."""
        if not examples:
            return []
        before = meter.seconds
        with meter.running():
            rows = head_rows(self.model, self.task, examples)
            if self.model.body.causal and self.pooling == "last":
                self.known = fitting_prefix(self.model, rows, self.known)
            past = len(self.known.ids) if self.known else 0
            found = read_outputs(self.task, self._logits([row[past:] for row in rows]))
        share = (meter.seconds - before) / len(examples)
        own = [len(row) - past for row in rows]
        costs = [forward_flops(self.model.card, tokens, context=past + tokens / 2) for tokens in own]
        meter.add(tokens=sum(own), flops=sum(costs), requests=len(examples))
        return [
            Prediction(
                id=example.id,
                answer=said.answer,
                scores=said.scores,
                tokens_in=tokens,
                flops=cost,
                seconds=share,
                prompt=self.model.tokenizer.decode(row),
            )
            for example, row, tokens, said, cost in zip(examples, rows, own, found, costs, strict=True)
        ]

    def _logits(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Return logits [N, C] of rows that each continue the known prefix."""
        parts = []
        past = self.known.past if self.known else None
        with torch.inference_mode():
            for batch in batches_of([len(row) for row in rows]):
                start = len(self.known.ids) if self.known else 0
                hidden, layout = self.model.hidden([rows[i] for i in batch], start=start, past=past)
                pooled = pool_states(hidden, layout, self.pooling)
                parts.append(self.head(pooled.float()).double().cpu().numpy())
        return np.concatenate(parts)

    def save(self, folder: Path) -> None:
        """See Predictor: the head; the network is saved by the method that trained it."""
        write_tensors(folder / HEAD, dict(self.head.state_dict()))


def load_head(folder: Path, width: int, classes: int) -> ClassHead:
    """Return the head saved in `folder`."""
    from safetensors.torch import load_file

    head = ClassHead(width, classes)
    head.load_state_dict(load_file(folder / HEAD))
    return head
