"""How evenly the questions spread over topics: the largest of a hundred clusters, and what the rows are worth together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from taskfit.core.text import Text
from taskfit.data.checking import Check, Chunk, Means, Whole, percent, threshold
from taskfit.data.finding import COLLECT, KEPT, RowFinding
from taskfit.data.row_sample import AskedSample, asked_sample
from taskfit.data.vectors import k_means, vectors_of, vendi


@dataclass(frozen=True)
class Topics(Check[AskedSample]):
    """Cluster balance and the Vendi score."""

    title: ClassVar[Text] = Text("how evenly the questions spread over topics", "主题分布")
    rows: int = threshold(1000, "rows from which it is judged", "至少多少行才判断")
    clusters: int = threshold(100, "clusters", "簇数")
    even: float = threshold(
        0.85, "entropy of the clusters (1 = all alike) below which it warns", "簇分布的归一化熵下限"
    )
    largest: float = threshold(0.2, "share of the largest cluster above which it warns", "最大簇的比例上限")
    sample: int = threshold(2000, "rows of which the Vendi score is taken", "计算 Vendi 分数的行数")

    def map(self, chunk: Chunk, means: Means) -> AskedSample:  # noqa: ARG002
        """Return the sample."""
        return chunk.shared(asked_sample)

    def merge(self, one: AskedSample, other: AskedSample) -> AskedSample:
        """Return the sample of both."""
        return one + other

    def finish(self, part: AskedSample, whole: Whole) -> Iterator[RowFinding]:
        """Yield how even the clusters are, and the Vendi score."""
        rows = part.shuffled
        if len(rows) < self.rows:
            return
        vectors = vectors_of([row.asked for row in rows], whole.means)
        kept = np.flatnonzero(vectors.any(axis=1))
        if len(kept) < self.rows:
            return
        vectors = vectors[kept]
        score = vendi(vectors[: self.sample])
        count = min(self.clusters, len(kept) // 10)
        cluster = k_means(vectors, count)
        shares = np.bincount(cluster, minlength=count) / len(kept)
        filled = shares[shares > 0]
        entropy = float(-(filled * np.log(filled)).sum() / np.log(count))
        first = int(shares.argmax())
        what = Text(
            f"{count} topics: evenness {entropy:.2f}, the largest has {percent(float(shares[first]))} of the rows; "
            f"Vendi score {score:,.0f} of {min(self.sample, len(kept)):,} rows",
            f"{count} 个主题：均匀度 {entropy:.2f}，最大主题占 {percent(float(shares[first]))}；"
            f"{min(self.sample, len(kept)):,} 行的 Vendi 分数为 {score:,.0f}",
        )
        rule = Text(
            f"{count} clusters (k-means by cosine over vectors of the questions); entropy below {self.even} or a cluster with more than "
            f"{percent(self.largest)} warns. The Vendi score says how many quite different rows these are worth; compare it "
            "between versions",
            f"{count} 个簇（对问题向量按余弦做 k-means）；归一化熵低于 {self.even} 或某簇超过 {percent(self.largest)} 时警告。"
            "Vendi 分数表示相当于多少条完全不同的数据，用于比较版本",
        )
        uneven = entropy < self.even or shares[first] > self.largest
        shown = tuple(rows[place].spot for place in kept[cluster == first][:KEPT].tolist()) if uneven else ()
        touched = round(float(shares[first]) * whole.rows) if uneven else whole.rows
        yield RowFinding(
            "topics", "warn" if uneven else "info", what, touched, shown, rule=rule, effort=COLLECT,
            fix={"cap_cluster": {"most": 5}} if uneven else None,
        )  # fmt: skip
