"""What a data set looks like, for the pictures of a report: lengths, labels, languages, turns. Finds nothing wrong."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

import numpy as np

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole
from taskfit.data.finding import RowFinding
from taskfit.data.label_tally import LabelTally, label_tally
from taskfit.data.scripts import HAN, HANGUL, KANA, LATIN, Scripts, answer_scripts, prompt_scripts
from taskfit.data.sizes import Sizes, sizes_of

Key = TypeVar("Key")

BINS_PER_OCTAVE = 4
"""Lengths are counted in bins of a quarter of an octave: 1, 1.19, 1.41, 1.68, 2 ... tokens."""


@dataclass(frozen=True)
class View:
    """Counts by bin of length, of labels, languages and turns; and the sums of tokens."""

    prompts: Mapping[int, int] = field(default_factory=dict)
    answers: Mapping[int, int] = field(default_factory=dict)
    labels: LabelTally = field(default_factory=LabelTally)
    languages: Mapping[str, int] = field(default_factory=dict)
    turns: Mapping[int, int] = field(default_factory=dict)
    tokens: Mapping[str, int] = field(default_factory=dict)


class Overview(Check[View]):
    """Looks at all rows and finds nothing; its part is the view."""

    title: ClassVar[Text] = Text("what the rows look like", "数据概况")

    def map(self, chunk: Chunk, means: Means) -> View:
        """Return the view of a chunk."""
        prompts, answers = sizes_of(chunk, means, "prompt"), sizes_of(chunk, means, "answer")
        asked, said = chunk.shared(prompt_scripts), chunk.shared(answer_scripts)
        both = Scripts(asked.counts + said.counts, asked.sizes + said.sizes)
        turns = Counter(sum(one.role == "user" for one in record.messages) for record in chunk.records)
        tokens = {"prompts": int(prompts.sum()), "answers": int(answers.sum())}
        return View(_binned(prompts), _binned(answers), chunk.shared(label_tally), _languages(both), turns, tokens)

    def merge(self, one: View, other: View) -> View:
        """Return the view of both."""
        return View(
            _sum(one.prompts, other.prompts),
            _sum(one.answers, other.answers),
            one.labels + other.labels,
            _sum(one.languages, other.languages),
            _sum(one.turns, other.turns),
            _sum(one.tokens, other.tokens),
        )

    def finish(self, part: View, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield nothing."""
        yield from ()


def tokens_at(bin: int) -> float:
    """Return how many tokens a text at the start of a bin has."""
    return float(2 ** (bin / BINS_PER_OCTAVE))


def _binned(sizes: Sizes) -> dict[int, int]:
    known = sizes[sizes > 0]
    bins, counts = np.unique(np.floor(BINS_PER_OCTAVE * np.log2(known)).astype(int), return_counts=True)
    return dict(zip(bins.tolist(), counts.tolist(), strict=True))


def _languages(scripts: Scripts) -> dict[str, int]:
    counts = scripts.counts
    letters = np.maximum(1, scripts.letters)
    japanese, korean = counts[:, KANA] > 0.1 * letters, counts[:, HANGUL] > 0.3 * letters
    chinese = ~japanese & ~korean & (counts[:, HAN] > 0.3 * letters)
    latin = ~japanese & ~korean & ~chinese & (counts[:, LATIN] > 0.5 * letters)
    other = ~(japanese | korean | chinese | latin)
    named = {"zh": chinese, "latin": latin, "ja": japanese, "ko": korean, "other": other}
    return {name: int(flags.sum()) for name, flags in named.items() if flags.any()}


def _sum(one: Mapping[Key, int], other: Mapping[Key, int]) -> dict[Key, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in (*one, *(key for key in other if key not in one))}
