"""Prompted predictors: the answer is what the model says next, with or without examples shown before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import cast

from taskfit.core.errors import DataError
from taskfit.core.example import Example, Message
from taskfit.core.files import write_json
from taskfit.core.meter import Meter
from taskfit.core.model import Model
from taskfit.core.prediction import Prediction, Story
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.calibrate import LabelCalibration
from taskfit.engine.fit import refuse_longer
from taskfit.engine.prefix import Prefix, fitting_prefix
from taskfit.engine.prompt import conversation
from taskfit.engine.score import LabelScores, score_labels
from taskfit.model.local import LocalModel

Told = Callable[[int], None]
Show = Callable[[Sequence[Example]], list[tuple[Example, ...]]]


def show_nothing(examples: Sequence[Example]) -> list[tuple[Example, ...]]:
    """Show no examples."""
    return [() for _ in examples]


def scored_exactly(model: Model, task: Task) -> bool:
    """Return whether answers are label scores (closed set on a local causal model) rather than generated text."""
    return bool(task.labels) and "score" in model.card.abilities


@dataclass
class LabelScorer:
    """Scores the labels of a task after a conversation; keeps the shared prefix from call to call."""

    model: LocalModel
    task: Task
    known: Prefix | None = None
    _labels: list[list[int]] | None = None

    def labels(self, prompt: str) -> list[list[int]]:
        """Return the token ids of every label as they follow the prompt's last line.

        Labels are tokenised together with what stands before them, so that merges across the boundary are
        those of the whole text; where one label begins another, the end-of-answer token is added to both.
        """
        if self._labels is None:
            words = self.task.label_words
            found = [self._after(prompt, word) for word in words]
            end = self.model.template.answer_end
            if end and _one_begins_another(found):
                stop = len(self.model.encode([end])[0][:1])
                found = [
                    self._after(prompt, word + end)[: len(ids) + stop] for word, ids in zip(words, found, strict=True)
                ]
            self._labels = found
        return self._labels

    def _after(self, prompt: str, words: str) -> list[int]:
        alone, whole = self.model.encode([prompt, prompt + words])
        shared = next((i for i, (a, b) in enumerate(zip(alone, whole, strict=False)) if a != b), len(alone))
        if shared < len(alone):
            raise DataError(
                Text(
                    f"the label '{words}' melts with the end of the prompt into one token",
                    f"标签 '{words}' 与提示末尾合并成了一个 token",
                ),
                todo=Text("give the label another word in `labels`", "请在 `labels` 中为该标签换一个词"),
            )
        return whole[shared:]

    def scores(self, talks: Sequence[Sequence[Message]], told: Told = lambda _: None) -> tuple[LabelScores, list[str]]:
        """Return the label scores of each conversation, and the prompts as the model saw them."""
        prompts = [self.model.render(talk) for talk in talks]
        rows = self.model.encode(prompts)
        labels = self.labels(prompts[0])
        refuse_longer(self.model, rows, spare=max(map(len, labels)) - 1)  # a label's last token is never fed
        self.known = fitting_prefix(self.model, rows, self.known)
        scores = score_labels(self.model, rows, labels, prefix=self.known, told=told)
        return scores, prompts


def _one_begins_another(labels: Sequence[Sequence[int]]) -> bool:
    ordered = sorted(tuple(label) for label in labels)
    return any(b[: len(a)] == a for a, b in pairwise(ordered))


@dataclass
class PromptPredictor:
    """Asks a model each question after the examples that `show` picks for it."""

    model: Model
    task: Task
    show: Show = show_nothing
    calibration: LabelCalibration = field(default_factory=LabelCalibration)
    story: Story = field(default_factory=Story)
    scorer: LabelScorer | None = None

    def predict(self, examples: Sequence[Example], meter: Meter) -> list[Prediction]:
        """See Predictor."""
        if not examples:
            return []
        shown = self.show(examples)
        talks = [conversation(self.task, example, some) for example, some in zip(examples, shown, strict=True)]
        evidence = [tuple(one.id for one in some) for some in shown]
        if scored_exactly(self.model, self.task):
            return self._scored(examples, talks, evidence, meter)
        return self._generated(examples, talks, evidence, meter)

    def raw_scores(self, examples: Sequence[Example], told: Told = lambda _: None) -> LabelScores:
        """Return uncalibrated label log-probabilities [rows, labels] and their cost; only for closed sets on local models."""
        shown = self.show(examples)
        talks = [conversation(self.task, example, some) for example, some in zip(examples, shown, strict=True)]
        return self._label_scorer().scores(talks, told)[0]

    def _label_scorer(self) -> LabelScorer:
        if self.scorer is None:
            self.scorer = LabelScorer(cast(LocalModel, self.model), self.task)
        return self.scorer

    def _scored(
        self,
        examples: Sequence[Example],
        talks: Sequence[Sequence[Message]],
        evidence: Sequence[tuple[str, ...]],
        meter: Meter,
    ) -> list[Prediction]:
        before = meter.seconds
        with meter.running():
            scores, prompts = self._label_scorer().scores(talks)
            log_p = self.calibration.apply(scores.values)
        share = (meter.seconds - before) / len(examples)
        meter.add(tokens=sum(scores.tokens), flops=sum(scores.flops), requests=len(examples))
        names = self.task.label_names
        return [
            Prediction(
                id=example.id,
                answer=names[int(row.argmax())],
                scores=dict(zip(names, (float(x) for x in row), strict=True)),
                tokens_in=tokens,
                flops=flops,
                seconds=share,
                evidence=seen,
                prompt=prompt,
            )
            for example, row, tokens, flops, seen, prompt in zip(
                examples, log_p, scores.tokens, scores.flops, evidence, prompts, strict=True
            )
        ]

    def _generated(
        self,
        examples: Sequence[Example],
        talks: Sequence[Sequence[Message]],
        evidence: Sequence[tuple[str, ...]],
        meter: Meter,
    ) -> list[Prediction]:
        before, most = meter.seconds, self.task.max_answer_tokens
        if isinstance(self.model, LocalModel):
            prompts = [
                self.model.render(talk, tools=example.tools) for talk, example in zip(talks, examples, strict=True)
            ]
            rows = self.model.encode(prompts)
            refuse_longer(self.model, rows, spare=most)
            answers = self.model.continue_rows(rows, max_tokens=most, meter=meter)
        else:
            prompts = [_as_text(talk) for talk in talks]
            answers = self.model.generate(talks, max_tokens=most, meter=meter)
        share = (meter.seconds - before) / len(examples)
        predictions = []
        for example, prompt, seen, answer in zip(examples, prompts, evidence, answers, strict=True):
            failed = answer.finish == "error"
            read = None if failed else self.task.read_answer(answer.text)
            problem = answer.text if failed else "" if read is not None else f"not an answer: {answer.text[:200]!r}"
            predictions.append(
                Prediction(
                    id=example.id,
                    answer=read,
                    tokens_in=answer.tokens_in,
                    tokens_out=answer.tokens_out,
                    flops=2.0 * self.model.card.parameters * (answer.tokens_in + answer.tokens_out),
                    seconds=answer.seconds or share,
                    evidence=seen,
                    prompt=prompt,
                    problem=problem,
                )
            )
        return predictions

    def save(self, folder: Path) -> None:
        """See Predictor: the calibration; what is shown is saved by the method."""
        write_json(folder / "prompt.json", {"calibration": self.calibration})


def _as_text(talk: Sequence[Message]) -> str:
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in talk)
