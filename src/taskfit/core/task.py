"""The Task: what is asked, in which words it may be answered, and how it is scored."""

import re
from dataclasses import dataclass
from typing import Literal

from taskfit.core.target import names_of, names_text, number_of, number_text, spans_of, spans_text
from taskfit.core.text import Text

Kind = Literal["classify", "multilabel", "regress", "extract", "tag", "choose", "answer", "generate"]
# Kinds whose answer is neither one label nor a text of its own.
OTHER_KINDS: frozenset[Kind] = frozenset({"tag", "multilabel", "regress"})

_BETWEEN = re.compile(r"[,，、;；|\n]")
_MARKS = " \t.。!！,，:：\"'“”`*"
_NUMBER = re.compile(r"[-+]?(\d{1,3}(,\d{3})+(\.\d*)?|\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Label:
    """One class: the `name` that stands in the rows, and the `word` that a model reads and says."""

    name: str
    word: str


@dataclass(frozen=True)
class Task:
    """A task, without any model or file. `labels` is empty for open-ended kinds and numbers.

    The target of "multilabel" is a list of labels, of "tag" the entities in the text (the labels are their kinds),
    of "regress" a number; `taskfit.core.target` says how each is written.
    """

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
    def closed(self) -> bool:
        """Whether the answer is exactly one of the labels."""
        return bool(self.labels) and self.kind not in ("tag", "multilabel")

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
        in it (longest first, so that "very good" is not read as "good"). Several labels: a list of them and of
        nothing else. Numbers: the first one. Open tasks: the stripped text.
        """
        stripped = text.strip()
        if self.kind == "regress":
            return self._number_in(stripped)
        if self.kind == "multilabel":
            return self._several_in(stripped)
        if self.kind == "tag":
            found = spans_of(stripped)
            return None if found is None else spans_text(found)
        if not self.labels:
            return stripped or None
        line = stripped.splitlines()[0].strip(_MARKS) if stripped else ""
        named = self._label_called(line)
        return named if named is not None else self._only_label_inside(line.casefold())

    def why_no_target(self, target: str) -> Text | None:
        """Return why a target from the rows is none of this task, or None when it is one."""
        if self.kind == "regress":
            return None if number_of(target) is not None else Text(f"'{target}' is no number", f"'{target}' 不是数字")
        if self.kind == "tag":
            spans = spans_of(target)
            names = None if spans is None else {one.label for one in spans}
        elif self.kind == "multilabel":
            several = names_of(target)
            names = None if several is None else set(several)
        else:
            names = {target} if self.labels else set()
        if names is None:
            return Text(f"'{target}' is no target of the kind {self.kind}", f"'{target}' 不是 {self.kind} 类任务的目标")
        strange = sorted(names - set(self.label_names))
        if not strange:
            return None
        return Text(f"'{strange[0]}' is no label of the task", f"'{strange[0]}' 不是任务的标签")

    def _number_in(self, text: str) -> str | None:
        found = _NUMBER.search(text)
        value = None if found is None else number_of(found.group().replace(",", ""))
        return None if value is None else number_text(value)

    def _several_in(self, text: str) -> str | None:
        listed = names_of(text)
        parts = _BETWEEN.split(text) if listed is None else listed
        named = [self._label_called(part.strip(_MARKS)) for part in parts if part.strip(_MARKS)]
        if not named and listed is None:
            return None
        return None if None in named else names_text(name for name in named if name is not None)

    def _label_called(self, words: str) -> str | None:
        for label in self.labels:
            if words.casefold() in (label.word.casefold(), label.name.casefold()):
                return label.name
        return None

    def _only_label_inside(self, line: str) -> str | None:
        found: set[str] = set()
        for label in sorted(self.labels, key=lambda one: -len(one.word)):
            word = label.word.casefold()
            if word and word in line:
                found.add(label.name)
                line = line.replace(word, "\0")
        return found.pop() if len(found) == 1 else None
