"""Learn several tasks at once: the one that is measured, and others beside it, each with its share of the loss."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from taskfit.core.errors import DataError
from taskfit.core.example import Example
from taskfit.core.files import write_lines
from taskfit.core.model import ModelCard
from taskfit.core.prediction import Predictor
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.aims.aim import Aim, Asked, Lesson, Work, aim_for
from taskfit.engine.aims.imitate import question
from taskfit.engine.aims.words import answer_rows
from taskfit.engine.conflict import DRAWN, DRAWS, ProjectedLearner, Pull, cosines, gradient_of, pull_of
from taskfit.engine.dev_loss import mean_loss
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.reading import Length
from taskfit.engine.truncate import too_long
from taskfit.model.local import LocalModel

Mixing = Literal["size", "temperature", "equal", "weight"]
MAIN = "main"


@dataclass(frozen=True)
class Other:
    """A task beside the main one: what is asked, its rows, its weight (read with mixing: weight)."""

    name: str
    task: Task
    train: tuple[Example, ...]
    dev: tuple[Example, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True)
class Several(Aim):
    """Settings of learning several tasks; `project` takes conflicts out of every step (PCGrad)."""

    others: tuple[Other, ...] = ()
    mixing: Mixing = "temperature"
    temperature: float = 2.0
    weight: float = 1.0
    project: bool = False
    length: Length = field(default_factory=Length)

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Aim."""
        del task
        if card.architecture == "encoder":
            return Text(
                "several tasks at once are answered in words, which an encoder cannot say",
                "多任务以词语作答，编码器不能生成词语",
            )
        return None

    def lesson(self, work: Work) -> "SeveralLesson":
        """See Aim."""
        main = Other(MAIN, work.task, work.practice.train, work.practice.dev, self.weight)
        tasks = (main, *self.others)
        limit = min(work.model.card.context, self.length.most or work.model.card.context)
        rows = [_rows(work.model, one.task, one.train) for one in tasks]
        if found := too_long([row for some in rows for row in some], limit):
            raise DataError(found)
        dev = {one.name: _rows(work.model, one.task, one.dev) for one in tasks if one.dev}
        sizes = [len(some) for some in rows]
        shares = shares_of(sizes, self.mixing, self.temperature, [one.weight for one in tasks])
        tokens = [sum(sum(row.learn) for row in some) for some in rows]
        flat = tuple(
            Row(row.ids, [learned * share * sum(tokens) / own for learned in row.learn], row.origin)
            for some, share, own in zip(rows, shares, tokens, strict=True)
            for row in some
        )
        task_of = tuple(place for place, size in enumerate(sizes) for _ in range(size))
        plain = aim_for(Asked(), work.model.card, work.task).lesson(work)
        names = tuple(one.name for one in tasks)
        told = [_mix_told(names, sizes, shares)]
        return SeveralLesson(work, plain, flat, dev, names, task_of, self.project, told)

    @classmethod
    def restore(cls, tuned: LocalModel, task: Task, folder: Path, facts: Mapping[str, Any]) -> Predictor:
        """See Aim."""
        return aim_for(Asked(), tuned.card, task).restore(tuned, task, folder, facts)


@dataclass(frozen=True)
class SeveralLesson:
    """See Lesson: the main task's dev rows choose; the losses of all tasks, and how they pull, are told beside it."""

    work: Work
    plain: Lesson
    rows: Sequence[Row]
    dev: Mapping[str, Sequence[Row]]
    names: tuple[str, ...]
    task_of: Sequence[int]
    project: bool
    told: list[Text]
    looks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def remarks(self) -> tuple[Text, ...]:
        """See Lesson."""
        return (*self.told, *self.plain.remarks)

    @property
    def dev_tokens(self) -> int:
        """See Lesson."""
        return self.plain.dev_tokens + sum(len(row.ids) for rows in self.dev.values() for row in rows)

    @property
    def dev_metric(self) -> str:
        """See Lesson."""
        return self.plain.dev_metric

    def learner(self, tuned: LocalModel) -> TokenLearner:
        """See Lesson."""
        stream = self.work.stream([row.ids for row in self.rows])
        smoothing, alpha = self.work.label_smoothing, self.work.neftune_alpha
        if self.project:
            return ProjectedLearner(tuned, self.rows, stream, smoothing, alpha, task_of=self.task_of)
        return TokenLearner(tuned, self.rows, stream, smoothing, alpha)

    def dev_score(self, learner: TokenLearner) -> float:
        """Return the main task's value; write down the loss of every task and how their gradients pull."""
        losses = {name: round(mean_loss(learner.model, rows), 6) for name, rows in self.dev.items()}
        self.looks.append({"dev_loss": losses, "gradient_cosines": self._cosines(learner)})
        write_lines(self.work.desk.folder / "tasks.jsonl", self.looks)
        return self.plain.dev_score(learner)

    def predictor(self, learner: TokenLearner) -> Predictor:
        """See Lesson."""
        losses = {name: mean_loss(learner.model, rows) for name, rows in self.dev.items()}
        self.told.append(_losses_told(losses))
        self.told.extend(conflicts_told(pulls_of(self.looks)))
        return self.plain.predictor(learner)

    def _cosines(self, learner: TokenLearner) -> list[dict[str, Any]]:
        """Return the cosines of each two tasks, one for each draw of rows; none where there is only one task."""
        if len(self.names) < 2:
            return []
        found: dict[tuple[str, str], list[float]] = {}
        for drawn in self._draws():
            gradients = {name: gradient_of(learner, rows) for name, rows in drawn.items()}
            for pair, cosine in cosines(gradients).items():
                found.setdefault(pair, []).append(round(cosine, 4))
        return [{"tasks": list(pair), "cosines": some} for pair, some in found.items()]

    def _draws(self) -> Iterator[dict[str, list[int]]]:
        """Give rows of each task, several times: none twice in one look, and others at the next."""
        random = np.random.default_rng([self.work.desk.seed, 31, len(self.looks)])
        mixed = {name: random.permutation(self._rows_of(place)) for place, name in enumerate(self.names)}
        size = max(1, min(DRAWN, *(len(rows) // DRAWS for rows in mixed.values())))
        for draw in range(min(DRAWS, *(len(rows) // size for rows in mixed.values()))):
            yield {name: [int(row) for row in rows[draw * size :][:size]] for name, rows in mixed.items()}

    def _rows_of(self, place: int) -> list[int]:
        return [row for row, task in enumerate(self.task_of) if task == place]


def shares_of(sizes: Sequence[int], mixing: Mixing, temperature: float, weights: Sequence[float]) -> list[float]:
    """Return each task's share of the loss; they sum to 1.

    size: n_i / n; temperature: proportional to n_i ^ (1 / T) (Raffel et al. 2020, arXiv:1910.10683, 3.5.2); equal: 1 / k;
    weight: as the weights say.
    """
    raw = {
        "size": [float(size) for size in sizes],
        "temperature": [size ** (1 / temperature) for size in sizes],
        "equal": [1.0] * len(sizes),
        "weight": list(weights),
    }[mixing]
    return [one / sum(raw) for one in raw]


def _rows(model: LocalModel, task: Task, examples: Sequence[Example]) -> list[Row]:
    asked = [question(example) for example in examples]
    return answer_rows(model, task, [one for one in asked if one.target])


def _mix_told(names: Sequence[str], sizes: Sequence[int], shares: Sequence[float]) -> Text:
    parts = [f"{name} {size:,} ({share:.0%})" for name, size, share in zip(names, sizes, shares, strict=True)]
    return Text(
        f"rows of each task and its share of the loss: {', '.join(parts)}",
        f"各任务的行数及其在损失中的占比：{'，'.join(parts)}",
    )


def _losses_told(losses: Mapping[str, float]) -> Text:
    parts = [f"{name} {loss:.3f}" for name, loss in losses.items()]
    return Text(
        f"loss on dev, nats per learned token: {', '.join(parts)}",
        f"dev 损失（每个学习的 token，nat）：{'，'.join(parts)}",
    )


def pulls_of(looks: Sequence[Mapping[str, Any]]) -> dict[str, Pull]:
    """Return how each two tasks pull, over all looks."""
    found: dict[str, list[float]] = {}
    for look in looks:
        for one in look["gradient_cosines"]:
            found.setdefault(" / ".join(one["tasks"]), []).extend(one["cosines"])
    return {pair: pull_of(some, pairs=len(found)) for pair, some in found.items()}


def conflicts_told(pulls: Mapping[str, Pull]) -> list[Text]:
    """Return what may be said of the tasks: each mean cosine with its interval, and which of them are in conflict."""
    if not pulls:
        return []
    measured = ", ".join(f"{pair} {_signed(pull)}" for pair, pull in pulls.items())
    told = [
        Text(
            f"mean cosine between the tasks' gradients, with its 95 % interval: {measured}",
            f"任务梯度之间的平均余弦及其 95 % 区间：{measured}",
        )
    ]
    named = {verdict: ", ".join(p for p, one in pulls.items() if one.verdict == verdict) for verdict in _VERDICTS}
    return told + [
        Text(f"{pairs}: {said.en}", f"{pairs}：{said.zh}")
        for verdict, said in _VERDICTS.items()
        if (pairs := named[verdict])
    ]


_VERDICTS = {
    "conflict": Text(
        "these tasks pull against each other; try project: true, or train them apart",
        "这些任务相互冲突；可尝试 project: true，或分开训练",
    ),
    "help": Text("these tasks pull the same way", "这些任务方向一致"),
    "neither": Text("no conflict of a size that matters was found", "未发现值得重视的冲突"),
    "unknown": Text("too few looks and rows to tell whether they conflict", "评估次数与数据太少，无法判断是否冲突"),
}


def _signed(pull: Pull) -> str:
    interval = "" if pull.low is None or pull.high is None else f" [{_number(pull.low)}, {_number(pull.high)}]"
    return f"{_number(pull.mean)}{interval}"


def _number(value: float) -> str:
    """Return two digits with a sign; what rounds to nothing has none."""
    shown = f"{value:+.2f}".replace("-", "−")
    return "0.00" if shown[1:] == "0.00" else shown
