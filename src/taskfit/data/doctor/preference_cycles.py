"""Preferences that contradict one another: A before B and B before A, for the same question."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.asked import key_of_record
from taskfit.data.checking import Check, Chunk, Means, Whole
from taskfit.data.finding import KEPT, SHOWN, STEP, RowFinding, Spot, counted, spot
from taskfit.data.normal import keys_of, normal

Preferred = dict[tuple[int, int, int], tuple[Spot, ...]]
"""Hashes of (question, better answer, worse answer), with the first rows that say so."""


@dataclass(frozen=True)
class PreferenceCycles(Check[Preferred]):
    """Pairs of one question that say the opposite."""

    title: ClassVar[Text] = Text("preferences that contradict one another", "互相矛盾的偏好")

    def map(self, chunk: Chunk, means: Means) -> Preferred:  # noqa: ARG002
        """Return what is preferred to what."""
        pairs = [record for record in chunk.records if record.kind == "pair" and record.chosen]
        sides = (
            keys_of([key_of_record(record) for record in pairs]).tolist(),
            keys_of([normal(record.chosen[-1].content) for record in pairs]).tolist(),
            keys_of([normal(record.rejected[-1].content) for record in pairs]).tolist(),
        )
        found: dict[tuple[int, int, int], list[Spot]] = {}
        for record, key in zip(pairs, zip(*sides, strict=True), strict=True):
            found.setdefault(key, []).append(spot(record))
        return {key: tuple(spots[:SHOWN]) for key, spots in found.items()}

    def merge(self, one: Preferred, other: Preferred) -> Preferred:
        """Return the preferences of both."""
        both = dict(one)
        for key, spots in other.items():
            both[key] = (*both.get(key, ()), *spots)[:SHOWN]
        return both

    def finish(self, part: Preferred, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield the pairs whose opposite is there, too."""
        torn = [key for key in part if key[1] != key[2] and (key[0], key[2], key[1]) in part]
        if not torn:
            return
        spots = [one for key in torn for one in part[key]]
        count = len(spots)
        what = Text(
            f"preferences whose opposite is there, too: {counted(count)}, {counted(len(torn) // 2, 'pair', 'pairs')} of answers",
            f"存在相反偏好的行：{count:,} 行，涉及 {len(torn) // 2:,} 对回答",
        )
        rule = Text(
            "for one question A is preferred to B in a row and B to A in another; any warns",
            "同一问题中一行偏好 A 胜于 B，另一行相反；有即警告",
        )
        fix = {"drop_rows": {"ids": [one.id for one in spots]}} if count <= KEPT else None
        yield RowFinding(
            "preference_cycles", "warn", what, count, tuple(spots[:SHOWN]), rule=rule, fix=fix, effort=STEP
        )
