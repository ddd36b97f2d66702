"""A head that names the tag of every word: what learns it, what answers with it, the linear one on frozen features."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from taskfit.core.example import Example
from taskfit.core.meter import Meter
from taskfit.core.prediction import Prediction, Story
from taskfit.core.target import spans_of, spans_text
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.calibrate import log_softmax
from taskfit.engine.checkpoint import write_tensors
from taskfit.engine.features import FrozenStream, batches_of
from taskfit.engine.fit import refuse_longer
from taskfit.engine.flops import forward_flops
from taskfit.engine.headed import HEAD
from taskfit.engine.learner import ClassHead, stream_hidden
from taskfit.engine.linear import ChosenHead, Floats, LinearHead, fit_linear
from taskfit.engine.losses import class_loss
from taskfit.engine.search import Tried, search
from taskfit.engine.tagging import TagClasses, WordRow, unlearnable, word_rows
from taskfit.model.local import LocalModel

# There are many words for each row, and most are of one class: the penalty of whole texts would hide the others.
WORD_DECAY = 0.003


@dataclass(frozen=True)
class Tagged:
    """Rows of words, their targets as text, and the class of each word."""

    rows: list[WordRow]
    targets: list[str]
    classes: list[list[int]]

    @property
    def ids(self) -> list[list[int]]:
        """The tokens of each row."""
        return [row.ids for row in self.rows]

    @property
    def tokens(self) -> int:
        """The tokens of all rows."""
        return sum(len(row.ids) for row in self.rows)


def tagged(model: LocalModel, classes: TagClasses, examples: Sequence[Example]) -> Tagged:
    """Return the examples as rows of words with their classes; raise DataError for rows that are too long."""
    rows = word_rows(model, [example.text for example in examples]) if examples else []
    refuse_longer(model, [row.ids for row in rows])
    targets = [example.target or "[]" for example in examples]
    return Tagged(rows, targets, [classes.of(row, target) for row, target in zip(rows, targets, strict=True)])


def remarks_on(rows: Tagged, classes: TagClasses) -> tuple[Text, ...]:
    """Return how many entities no tags of words can say."""
    lost = unlearnable(rows.rows, rows.targets, classes)
    if not lost:
        return ()
    return (
        Text(
            f"{lost} entities of the training rows begin or end inside a word, overlap another or lie beyond the text: "
            "they are learned as whole words, or not at all",
            f"训练数据中有 {lost} 个实体在词中间开始或结束、相互重叠或超出文本：只能按整词学习，或无法学习",
        ),
    )


@dataclass
class TagLearner:
    """Learns the tag of every word: a head on the state of the token that speaks for the word; the mean over words."""

    model: LocalModel
    head: ClassHead
    data: Tagged
    stream: FrozenStream | None = None
    label_smoothing: float = 0.0
    neftune_alpha: float = 0.0

    @property
    def rows(self) -> int:
        """See Learner."""
        return len(self.data.rows)

    def trained(self) -> dict[str, nn.Parameter]:
        """See Learner."""
        named = {name: p for name, p in self.model.network.named_parameters() if p.requires_grad}
        return named | {f"head.{name}": p for name, p in self.head.named_parameters()}

    def tokens(self, row: int) -> int:
        """See Learner."""
        return len(self.data.rows[row].ids)

    def weight(self, row: int) -> float:
        """See Learner: a word is a label."""
        return float(len(self.data.classes[row]))

    def loss(self, rows: Sequence[int], total: float) -> Tensor:
        """See Learner."""
        training = self.model.network.training
        alpha = self.neftune_alpha if training else 0.0
        part = [self.data.rows[r] for r in rows]
        hidden = stream_hidden(self.model, [row.ids for row in part], self.stream, rows, neftune_alpha=alpha)
        logits = self.head(speakers(hidden, part).float())
        targets = torch.tensor([one for r in rows for one in self.data.classes[r]], device=hidden.device)
        return class_loss(logits, targets, total, self.label_smoothing if training else 0.0)

    def mode(self, *, training: bool) -> None:
        """See Learner."""
        self.model.network.train(training)


def speakers(hidden: Tensor, rows: Sequence[WordRow]) -> Tensor:
    """Return the states [U, W] of the tokens that speak for the words of rows laid side by side in hidden [T, W]."""
    starts = np.cumsum([0, *(len(row.ids) for row in rows)])
    places = [int(start) + place for start, row in zip(starts, rows, strict=False) for place in row.places]
    return hidden.index_select(0, torch.tensor(places, dtype=torch.long, device=hidden.device))


def word_states(
    model: LocalModel, rows: Sequence[WordRow], stream: FrozenStream | None = None, head: ClassHead | None = None
) -> list[NDArray[np.float32]]:
    """Return for each row the states [U, W] of its words, or the outputs [U, C] of a `head` on them."""
    found: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        for batch in batches_of([len(row.ids) for row in rows]):
            part = [rows[i] for i in batch]
            states = speakers(stream_hidden(model, [row.ids for row in part], stream, batch), part).float()
            whole = (states if head is None else head(states)).cpu().numpy()
            found += np.split(whole, np.cumsum([len(row.places) for row in part])[:-1])
    return found


def span_f1(outputs: Sequence[NDArray[np.float32]], data: Tagged, classes: TagClasses) -> float:
    """Return the F1 of the entities on dev, less a sliver of the loss of words so that equal ones are ordered."""
    hits = asked = answered = words = 0
    loss = 0.0
    for row, target, wanted, logits in zip(data.rows, data.targets, data.classes, outputs, strict=True):
        scores = log_softmax(logits.astype(np.float64)) if len(logits) else np.empty((0, classes.count))
        gold, said = set(spans_of(target) or ()), set(classes.spans(row, classes.best(scores)))
        hits, asked, answered = hits + len(gold & said), asked + len(gold), answered + len(said)
        loss -= float(scores[np.arange(len(wanted)), wanted].sum())
        words += len(wanted)
    f1 = 2 * hits / (asked + answered) if asked + answered else 1.0
    return f1 - 1e-3 * float(np.tanh(loss / max(1, words)))


def choose_tags(
    train: tuple[Floats, Tagged], dev: tuple[Sequence[Floats], Tagged], classes: TagClasses, *, budget: int
) -> ChosenHead:
    """Return the linear head on words whose penalty is best on dev; without dev rows, that of the usual penalty."""
    targets = [one for row in train[1].classes for one in row][: len(train[0])]
    if not dev[1].rows:
        return ChosenHead(fit_linear(train[0], targets, classes.count, decay=WORD_DECAY), ())
    heads: dict[float, LinearHead] = {}

    def attempt(decay: float) -> Tried:
        start = time.perf_counter()
        heads[decay] = fit_linear(train[0], targets, classes.count, decay=decay)
        score = span_f1([heads[decay].logits(one) for one in dev[0]], dev[1], classes)
        return Tried(score, time.perf_counter() - start)

    found = search("decay", WORD_DECAY, budget, attempt, factor=10.0)
    return ChosenHead(heads[found.value], found.trials)


@dataclass
class TagPredictor:
    """Answers with the entities of the best valid tags of all words."""

    model: LocalModel
    task: Task
    head: ClassHead
    story: Story = field(default_factory=Story)

    def __post_init__(self) -> None:
        self.head.to(self.model.device)

    def predict(self, examples: Sequence[Example], meter: Meter) -> list[Prediction]:
        """See Predictor."""
        if not examples:
            return []
        classes = TagClasses(self.task.label_names)
        before = meter.seconds
        with meter.running():
            rows = word_rows(self.model, [example.text for example in examples])
            refuse_longer(self.model, [row.ids for row in rows])
            outputs = word_states(self.model, rows, head=self.head)
            answers = [_entities(row, logits, classes) for row, logits in zip(rows, outputs, strict=True)]
        share = (meter.seconds - before) / len(examples)
        costs = [forward_flops(self.model.card, len(row.ids)) for row in rows]
        meter.add(tokens=sum(len(row.ids) for row in rows), flops=sum(costs), requests=len(examples))
        return [
            Prediction(
                id=example.id,
                answer=answer,
                tokens_in=len(row.ids),
                flops=cost,
                seconds=share,
                prompt=example.text,
            )
            for example, row, answer, cost in zip(examples, rows, answers, costs, strict=True)
        ]

    def save(self, folder: Path) -> None:
        """See Predictor: the head; the network is saved by the method that trained it."""
        write_tensors(folder / HEAD, dict(self.head.state_dict()))


def _entities(row: WordRow, logits: NDArray[np.float32], classes: TagClasses) -> str:
    if not row.words:
        return spans_text(())
    return spans_text(classes.spans(row, classes.best(log_softmax(logits.astype(np.float64)))))
