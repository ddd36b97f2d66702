"""Mix the sources of the rows in chosen shares: by weights, or by size with a temperature."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.finding import excerpt
from taskfit.data.record import Record
from taskfit.data.step import Applied, Entry, Step, dropped


class WeighSources(Step):
    """Take each source so often that the sources stand in the wanted shares; the whole keeps its number of rows.

    With weights w the share of source i is w_i / sum(w) (1 for a source that is not named). Without weights it is
    n_i^(1/T) / sum(n^(1/T)) (Raffel et al. 2020): T = 1 keeps the sizes, large T makes all sources equal.
    """

    about: ClassVar[Text] = Text("mix the sources of the rows in chosen shares", "按指定比例混合各来源")
    weights: Mapping[str, float] = setting({}, "source: its weight", "来源: 权重")
    temperature: float = setting(1.0, "1 = by size, large = all sources alike", "1 = 按规模，越大越平均", ge=1)
    rows: int = setting(0, "rows in all; 0 = as many as there are", "总行数；0 = 保持不变", ge=0)
    seed: int = setting(0, "seed of the draw", "随机种子", ge=0)

    def apply(self, records: Sequence[Record], means: Means) -> Applied:  # noqa: ARG002
        """Return the mixed rows, those of one source in their order; a row taken again gets an id of its own."""
        sources: dict[str, list[int]] = defaultdict(list)
        for row, record in enumerate(records):
            sources[source_of(record)].append(row)
        names = sorted(sources)
        sizes = np.array([len(sources[name]) for name in names], float)
        shares = (
            np.array([self.weights.get(name, 1.0) for name in names])
            if self.weights
            else sizes ** (1 / self.temperature)
        )
        wanted = _rounded(shares / shares.sum() * (self.rows or len(records)))
        times = dict[int, int]()
        for number, (name, count) in enumerate(zip(names, wanted, strict=True)):
            rounds, rest = divmod(count, len(sources[name]))
            order = np.random.default_rng([self.seed, 9, number]).permutation(len(sources[name])).tolist()
            times |= dict.fromkeys(sources[name], rounds)
            for at in order[:rest]:
                times[sources[name][at]] += 1
        return _taken(records, times)


def source_of(record: Record) -> str:
    """Return the source of a row: what it says itself, else its file."""
    return record.about.get("source") or record.origin.file


def _taken(records: Sequence[Record], times: Mapping[int, int]) -> Applied:
    kept: list[Record] = []
    entries: list[Entry] = []
    for row, record in enumerate(records):
        if not times[row]:
            entries.append(dropped(record, Text("no room in the share of its source", "超出其来源的份额")))
        for turn in range(times[row]):
            kept.append(record if not turn else replace(record, id=f"{record.id}~{turn + 1}"))
        entries += _again(record, times[row])
    return Applied(tuple(kept), tuple(entries))


def _again(record: Record, times: int) -> Iterator[Entry]:
    reason = Text("taken again for the share of its source", "为满足来源份额重复取用")
    for turn in range(1, times):
        yield Entry(f"{record.id}~{turn + 1}", str(record.origin), "repeated", reason, excerpt(record.prompt))


def _rounded(wanted: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[int]:
    """Round so that the sum is kept (largest remainders)."""
    counts = np.floor(wanted).astype(int)
    left = round(float(wanted.sum())) - int(counts.sum())
    for at in np.argsort(counts - wanted, kind="stable")[:left]:
        counts[at] += 1
    return [int(one) for one in counts]
