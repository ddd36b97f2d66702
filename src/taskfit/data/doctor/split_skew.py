"""Train and test that are not alike: labels, lengths, languages, or whatever a classifier can tell them apart by."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Whole, threshold
from taskfit.data.finding import RowFinding
from taskfit.data.labelled_sample import LabelledCheck, LabelledRow, Sample, sample_of
from taskfit.data.out_of_fold import separability

TRAIN, TEST = "train", "test"
FEWEST, MOST = 50, 2000


@dataclass(frozen=True)
class SplitSkew(LabelledCheck):
    """Train beside test: rows that name their split, or the test rows given."""

    title: ClassVar[Text] = Text("train and test that are not alike", "训练集与测试集的分布差异")
    distance: float = threshold(
        0.1, "total variation between train and test above which this warns", "训练与测试分布的总变差超过此值时警告"
    )
    curve: float = threshold(
        0.7,
        "area under the ROC curve of telling train from test above which this warns",
        "区分训练与测试的 AUC 超过此值时警告",
    )

    def tell(self, sample: Sample, whole: Whole) -> Iterator[RowFinding]:
        """Yield in what train and test differ."""
        test: Sequence[LabelledRow] = [row for row in sample.rows if row.split == TEST]
        train = [row for row in sample.rows if row.split in ((TRAIN,) if test else (TRAIN, ""))]
        if not test and whole.means.test:
            test = sample_of(Chunk(whole.means.test)).rows
        if min(len(train), len(test)) < FEWEST:
            return
        parts = {
            Text("labels", "标签"): [row.label for row in (*train, *test)],
            Text("lengths", "长度"): _lengths([row.text for row in (*train, *test)]),
            Text("languages", "语言"): [_script(row.text) for row in (*train, *test)],
        }
        for what, values in parts.items():
            distance = total_variation(values[: len(train)], values[len(train) :])
            # So much comes by chance: two samples of one population differ by about this much.
            chance = 0.5 * (len(set(values)) * (1 / len(train) + 1 / len(test))) ** 0.5
            if distance > max(self.distance, chance):
                told = Text(
                    f"the {what.en} of test rows are spread otherwise than those of train rows (total variation {distance:.2f})",
                    f"测试集的{what.zh}分布与训练集不同（总变差 {distance:.2f}）",
                )
                yield self._finding(f"skewed_{what.en}", told, test=test, share=distance)
        yield from self._apart(train, test)

    def _apart(self, train: Sequence[LabelledRow], test: Sequence[LabelledRow]) -> Iterator[RowFinding]:
        some = [sorted(rows, key=lambda row: row.key)[:MOST] for rows in (train, test)]
        texts = [row.text for rows in some for row in rows]
        curve = separability(texts, np.repeat([0, 1], [len(rows) for rows in some]))
        if curve > self.curve:
            told = Text(
                f"a simple classifier tells test rows from train rows (area under the ROC curve {curve:.2f}; 0.5 is chance)",
                f"简单分类器就能区分测试行与训练行（AUC {curve:.2f}；0.5 为随机）",
            )
            yield self._finding("split_apart", told, test=test, share=2 * curve - 1)

    def _finding(self, id: str, what: Text, *, test: Sequence[LabelledRow], share: float) -> RowFinding:
        rule = Text(
            f"total variation above {self.distance} (and above chance), or an adversarial classifier above {self.curve}: "
            "split again, by group and label (taskfit does), unless the difference is meant",
            f"总变差超过 {self.distance}（且超出随机波动），或对抗分类器的 AUC 超过 {self.curve}："
            "除非有意为之，请按组和标签重新划分（taskfit 默认如此）",
        )
        return RowFinding(
            id,
            "warn",
            what,
            max(1, round(share * len(test))),
            tuple(row.spot() for row in test[:20]),
            rule=rule,
        )


def total_variation(one: Sequence[str], other: Sequence[str]) -> float:
    """Return half the sum of the differences of the shares: 0 for equal distributions, 1 for disjoint ones."""
    here, there = Counter(one), Counter(other)
    return sum(abs(here[name] / len(one) - there[name] / len(other)) for name in {**here, **there}) / 2


def _lengths(texts: Sequence[str]) -> list[str]:
    sizes = np.array([len(text) for text in texts])
    edges = np.unique(np.quantile(sizes, np.linspace(0, 1, 6)[1:-1]))
    return [str(place) for place in np.searchsorted(edges, sizes).tolist()]


def _script(text: str) -> str:
    han = sum("\u3400" <= one <= "\u9fff" for one in text)
    letters = sum(one.isascii() and one.isalpha() for one in text)
    return "chinese" if 4 * han > letters else "latin" if letters else "other"
