"""The queue of a review: rows ordered by how likely a look at them changes something, each with the reasons for it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskfit.core.text import Text
from taskfit.data.asked import key_of_record
from taskfit.data.checking import Check, Means
from taskfit.data.decisions import Decision, is_torn_between
from taskfit.data.doctor.label_errors import suspicion_of
from taskfit.data.examine import able, chunks_of, conclude, examine
from taskfit.data.finding import RowFinding
from taskfit.data.label_tally import LabelTally, label_of, label_tally
from taskfit.data.labelled_sample import Sample, sample_of
from taskfit.data.record import Record
from taskfit.data.revise import current

SCORES = ("judge_score", "score", "quality", "rating")
LOWEST_SHARE = 0.25
LEAST_ROWS = 20
"""Below so many rows neither a classifier nor the order of scores says anything."""
SEVERITY = {"block": 0.5, "warn": 0.3}
OTHERWISE_TOLD = ("label_errors", "conflicts")
DISAGREED = 0.95


@dataclass(frozen=True)
class Reason:
    """Why a row is looked at: the chance that something is wrong with it, and the label that would be right."""

    kind: str
    what: Text
    chance: float
    suggested: str | None = None


@dataclass(frozen=True)
class Item:
    """A row to look at, the strongest reason first; `gain` is the chance that a look changes something."""

    record: Record
    reasons: tuple[Reason, ...] = ()

    @property
    def gain(self) -> float:
        """The chance that at least one of the reasons is right, as if they were independent."""
        left = 1.0
        for one in self.reasons:
            left *= 1 - one.chance
        return 1 - left

    @property
    def suggested(self) -> str | None:
        """What the strongest reason that knows a label suggests; None when that is the label the row has."""
        found = next((one.suggested for one in self.reasons if one.suggested is not None), None)
        return None if found == current(self.record) else found


Reasons = Mapping[str, Sequence[Reason]]
"""The reasons by the id of the row."""


def queue_of(records: Sequence[Record], sources: Iterable[Reasons], *, everything: bool = False) -> tuple[Item, ...]:
    """Return the rows that a source names, by falling gain; with `everything` all others behind them, in order."""
    found: dict[str, list[Reason]] = defaultdict(list)
    for source in sources:
        for row, reasons in source.items():
            found[row] += reasons
    items = [
        Item(one, tuple(sorted(found.get(one.id, ()), key=lambda reason: -reason.chance)))
        for one in records
        if everything or one.id in found
    ]
    return tuple(sorted(items, key=lambda one: -one.gain))


def labels_of(records: Sequence[Record]) -> tuple[str, ...]:
    """Return the labels of rows that are a closed set, the most frequent first; none where answers are free texts."""
    tally = LabelTally()
    several: Counter[str] = Counter()
    for chunk in chunks_of(records):
        tally += chunk.shared(label_tally)
        several.update(name for one in chunk.records for name in one.labels or ())
    if several:
        return tuple(name for name, _ in several.most_common())
    counts = Counter({name: count for name, count in tally.counts.items() if name})
    closed = LabelTally(counts).is_closed or all(one.kind in ("labelled", "prompt") for one in records)
    return tuple(name for name, _ in counts.most_common()) if closed and not tally.given_up else ()


def suspected(records: Sequence[Record]) -> Reasons:
    """Return rows whose label a simple classifier, trained on the others, would not have given."""
    sample = Sample(LabelTally())
    for chunk in chunks_of(records):
        sample += sample_of(chunk)
    if not sample.tally.is_closed or len(sample.names) < 2 or len(sample.rows) < LEAST_ROWS:
        return {}
    found = suspicion_of(sample)
    return {
        one.row.id: [
            Reason(
                "labels",
                Text(
                    f"a simple classifier gives '{one.row.label}' {one.probability:.0%} and prefers '{one.likelier}'",
                    f"简单分类器认为“{one.row.label}”的概率仅 {one.probability:.0%}，更可能是“{one.likelier}”",
                ),
                found.accuracy * (1 - one.probability),
                one.likelier,
            )
        ]
        for one in found.queue[: found.wrong]
    }


def conflicting(records: Sequence[Record]) -> Reasons:
    """Return rows whose text stands with another label as well."""
    alike: dict[str, list[Record]] = defaultdict(list)
    for one in records:
        if label_of(one.kind, one.answer) is not None and one.labels is None:
            alike[key_of_record(one)].append(one)
    return {
        one.id: [_conflict(one, counts)]
        for same in alike.values()
        if len(counts := Counter(one.answer for one in same)) > 1
        for one in same
    }


def _conflict(record: Record, counts: Counter[str]) -> Reason:
    (first, most), (_, second) = counts.most_common(2)
    told = ", ".join(f"'{name}' {count}×" for name, count in counts.most_common(4))
    chance = 1 - counts[record.answer] / counts.total()
    what = Text(f"equal texts have different labels: {told}", f"相同文本带有不同标签：{told}")
    return Reason("conflicts", what, chance, first if most > second else None)


def low_scored(records: Sequence[Record]) -> Reasons:
    """Return the quarter of the rows with the lowest scores of a judge; equal to the best score is never low."""
    scores = {one.id: score for one in records if (score := score_of(one)) is not None}
    if len(scores) < LEAST_ROWS or len(set(scores.values())) < 2:
        return {}
    ordered = sorted(scores.values())
    limit, highest = ordered[int(LOWEST_SHARE * len(ordered))], ordered[-1]
    return {
        row: [
            Reason(
                "scores",
                Text(f"a low score: {score:g} (the best is {highest:g})", f"评分偏低：{score:g}（最高 {highest:g}）"),
                0.6 * (highest - score) / (highest - ordered[0]),
            )
        ]
        for row, score in scores.items()
        if score <= limit and score < highest
    }


def score_of(record: Record) -> float | None:
    """Return the score that a judge gave to a row; None when it has none."""
    for name in SCORES:
        value = record.about.get(name, record.extra.get(name))
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            try:
                return float(value)
            except ValueError:
                continue
    return None


def disagreeing(records: Sequence[Record], fields: Sequence[str]) -> Reasons:
    """Return rows where one of the `fields`, which hold the labels of further annotators, says another label."""
    found: dict[str, list[Reason]] = {}
    for one in records:
        others = {name: str(one.extra[name]) for name in fields if one.extra.get(name) not in (None, "")}
        counts = Counter([current(one), *others.values()])
        if len(counts) < 2:
            continue
        (first, most), (_, second) = counts.most_common(2)
        told = ", ".join(f"{name}: '{label}'" for name, label in others.items() if label != current(one))
        chance = 1 - counts[current(one)] / counts.total()
        what = Text(f"another annotator says otherwise ({told})", f"其他标注者意见不同（{told}）")
        found[one.id] = [Reason("annotators", what, chance, first if most > second else next(iter(others.values())))]
    return found


def undecided(votes: Mapping[str, Mapping[str, Decision]]) -> Reasons:
    """Return rows about which people decided differently, so that nothing can be done."""
    return {row: [_tie(by_whom)] for row, by_whom in votes.items() if is_torn_between(by_whom)}


def _tie(votes: Mapping[str, Decision]) -> Reason:
    said = {who: outcome[:2] for who, one in votes.items() if (outcome := one.outcome) is not None}
    told = "; ".join(f"{who}: {label or what}" for who, (what, label) in said.items())
    return Reason("people", Text(f"people disagree ({told})", f"审阅者意见不一（{told}）"), DISAGREED)


def found_by_doctor(records: Sequence[Record], checks: Mapping[str, Check[Any]]) -> Reasons:
    """Return the rows that findings of the doctor show: those that block or warn, the first of each."""
    means = Means()
    running = {name: one for name, one in able(checks, means).items() if name not in OTHERWISE_TOLD}
    seen = examine(chunks_of(records), running, means)
    found: dict[str, list[Reason]] = defaultdict(list)
    for finding in conclude(seen, running, means):
        if finding.severity in SEVERITY:
            for row, reason in _shown(finding):
                found[row].append(reason)
    return found


def _shown(finding: RowFinding) -> Iterator[tuple[str, Reason]]:
    reason = Reason(finding.id, finding.what, SEVERITY[finding.severity])
    for row in dict.fromkeys(one.id for one in finding.examples if one.id):
        yield row, reason
