"""The Task: what is asked, in which words it may be answered, and how it is scored."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["classify", "extract", "tag", "choose", "answer", "generate"]


@dataclass(frozen=True)
class Label:
    """One class: the `name` that stands in the rows, and the `word` that a model reads and says."""

    name: str
    word: str


@dataclass(frozen=True)
class Task:
    """A task, without any model or file. `labels` is empty for open-ended kinds."""

    kind: Kind
    instruction: str
    labels: tuple[Label, ...] = ()
    metrics: tuple[str, ...] = ()
    max_answer_tokens: int = 64

    @property
    def label_names(self) -> tuple[str, ...]:
        """The label names in their fixed order."""
        return tuple(label.name for label in self.labels)

    @property
    def label_words(self) -> tuple[str, ...]:
        """The words a model says for the labels, in the order of `label_names`."""
        return tuple(label.word for label in self.labels)

    @property
    def primary_metric(self) -> str:
        """The metric that the verdict is about."""
        return self.metrics[0]

    def word_of(self, name: str) -> str:
        """Return what a model says for the target `name`: the label's word, or the text itself."""
        for label in self.labels:
            if label.name == name:
                return label.word
        return name

    def read_answer(self, text: str) -> str | None:
        """Return the target that a generated `text` stands for, or None when it names none.

        Closed sets: the first line must equal a label word or name, else exactly one of them must occur
        in it (longest first, so that "very good" is not read as "good"). Open tasks: the stripped text.
        """
        stripped = text.strip()
        if not self.labels:
            return stripped or None
        line = stripped.splitlines()[0].strip(" \t.。!！,，:：\"'“”`*") if stripped else ""
        for label in self.labels:
            if line.casefold() in (label.word.casefold(), label.name.casefold()):
                return label.name
        return self._only_label_inside(line.casefold())

    def _only_label_inside(self, line: str) -> str | None:
        found: set[str] = set()
        for label in sorted(self.labels, key=lambda one: -len(one.word)):
            word = label.word.casefold()
            if word and word in line:
                found.add(label.name)
                line = line.replace(word, "\0")
        return found.pop() if len(found) == 1 else None
