"""From files to rows a climb can stand on: read, task guessed or given, split, checked; in = used + listed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from taskfit.app.settings import ClimbSettings, RowsSettings, TaskSettings
from taskfit.core.errors import DataError
from taskfit.core.example import Example, Splits
from taskfit.core.task import OTHER_KINDS, Kind, Label, Task
from taskfit.core.text import Text
from taskfit.data.check import check_rows, check_splits
from taskfit.data.columns import Columns
from taskfit.data.finding import RowFinding, refuse_blocked
from taskfit.data.guess import classification, guess_task, is_chinese, remarks_on
from taskfit.data.kinds import listed_kind, task_of_kind, usable
from taskfit.data.labels import MOST_LABELS
from taskfit.data.read import ListedRow, Reading, read_rows
from taskfit.data.rows import excerpt_of
from taskfit.data.split import drawn, given_splits, split_rows
from taskfit.measure.metric import leading_metric


@dataclass(frozen=True)
class Rows:
    """The rows of a climb: the task, the splits, every row not used with its reason, what the checks found."""

    task: Task
    splits: Splits
    read: int
    listed: tuple[ListedRow, ...]
    findings: tuple[RowFinding, ...]
    remarks: tuple[Text, ...]
    files: tuple[dict[str, object], ...]

    @property
    def used(self) -> int:
        """How many rows stand in the splits."""
        return len(self.splits.train) + len(self.splits.dev) + len(self.splits.test)


def rows_of(settings: ClimbSettings) -> Rows:
    """Read, check and divide the rows that the settings name; raise DataError when they cannot be used."""
    rows = settings.rows
    readings = {side: _read(path, side, rows) for side, path in _paths(rows).items()}
    everything = [example for reading in readings.values() for example in reading.examples]
    task = task_of(settings.task, everything)
    sides, foreign = {}, []
    for side, reading in readings.items():
        kept, strange = _with_known_labels(reading.examples, task, everything)
        sides[side] = kept
        foreign += strange
    splits, leaked = _divide(sides, rows, settings.seed)
    test, spare = _at_most(splits.test, settings.max_test, "max_test", settings.seed)
    train, spare_train = _at_most(splits.train, settings.max_train, "max_train", settings.seed)
    splits = Splits(train, splits.dev, test)
    listed = (
        [row for reading in readings.values() for row in reading.listed] + foreign + list(leaked) + spare + spare_train
    )
    findings = [finding for reading in readings.values() for finding in check_rows(reading)]
    findings += check_splits(splits, labelled=task.kind not in OTHER_KINDS)
    refuse_blocked(findings, rows.accept, listed)
    return Rows(
        task=task,
        splits=splits,
        read=sum(len(reading.examples) + len(reading.listed) for reading in readings.values()),
        listed=tuple(listed),
        findings=tuple(findings),
        remarks=remarks_on(task),
        files=tuple(_facts(reading) for reading in readings.values()),
    )


def _paths(rows: RowsSettings) -> dict[str, str]:
    named = {"train": rows.train, "dev": rows.dev, "test": rows.test}
    return {side: path for side, path in named.items() if path is not None}


def _read(path: str, side: str, rows: RowsSettings) -> Reading:
    asked = rows.columns
    columns = None
    if asked.text or asked.label or asked.group:
        columns = Columns(text=asked.text, label=asked.label, group=asked.group)
    reading = read_rows(path, columns=columns, encoding=rows.encoding, format=rows.format)
    same_name = [Path(other).name for other in _paths(rows).values()].count(Path(path).name) > 1
    name = f"{side}/{Path(path).name}" if same_name else Path(path).name
    return replace(reading, examples=tuple(_renamed(example, name) for example in reading.examples))


def _renamed(example: Example, name: str) -> Example:
    """Name a row by its file, not by the way to it, so that a run may be continued from another folder."""
    return replace(example, id=name + example.id.removeprefix(example.origin.file))


def _facts(reading: Reading) -> dict[str, object]:
    facts = reading.facts
    return {
        "path": str(facts.path),
        "format": facts.format,
        "encoding": facts.encoding,
        "rows": facts.rows,
        "sha256": facts.sha256,
    }


def task_of(asked: TaskSettings, examples: Sequence[Example]) -> Task:
    """Return the task: what the settings say, the rest guessed from the rows."""
    other = asked.kind or listed_kind(examples)
    if other is not None and other in OTHER_KINDS:
        return _of_other_kind(other, asked, examples)
    guessed = guess_task(examples)
    labels = tuple(Label(name, word) for name, word in asked.labels.items()) or guessed.labels
    kind = asked.kind or guessed.kind
    if kind == "classify" and guessed.kind != "classify":
        names = [label.name for label in labels] or _different_targets(examples)
        guessed = classification(names, chinese=is_chinese(examples))
        labels = labels or guessed.labels
    if kind != "classify" and not asked.labels:
        labels = ()
    if labels != guessed.labels or kind != guessed.kind:
        guessed = replace(guessed, kind=kind, labels=labels, instruction=_instruction(guessed, labels))
    if kind != "classify" and guessed.metrics[0] == "accuracy" and not labels:
        guessed = replace(guessed, metrics=("exact_match", "char_f1"))
    return replace(
        guessed, instruction=asked.instruction or guessed.instruction, metrics=asked.metrics or guessed.metrics
    )


def _of_other_kind(kind: Kind, asked: TaskSettings, examples: Sequence[Example]) -> Task:
    """Return the task of tagging, of several labels or of numbers."""
    found = task_of_kind(kind, examples, chinese=is_chinese(examples))
    labels = tuple(Label(name, word) for name, word in asked.labels.items()) or found.labels
    if kind != "regress" and not labels:
        raise DataError(
            Text(f"no row names a label for a task of the kind {kind}", f"没有任何一行含有 {kind} 类任务的标签"),
            todo=Text("name the column of the labels: rows.columns.label", "请指定标签所在列：rows.columns.label"),
        )
    instruction = asked.instruction or found.instruction
    task = replace(found, labels=labels, instruction=instruction, metrics=asked.metrics or found.metrics)
    leading_metric(task)
    return task


def _different_targets(examples: Sequence[Example]) -> list[str]:
    names = sorted({example.target for example in examples if example.target is not None})
    if len(names) > MOST_LABELS:
        raise DataError(
            Text(
                f"{len(names)} different targets are too many labels; {MOST_LABELS} are the most",
                f"不同的目标有 {len(names)} 个，作为标签过多；最多 {MOST_LABELS} 个",
            ),
            todo=Text(
                "leave out `task.kind`, or name the column of the labels", "请不填 `task.kind`，或指定标签所在列"
            ),
        )
    return names


def _instruction(guessed: Task, labels: Sequence[Label]) -> str:
    if not labels or not guessed.labels:
        return guessed.instruction
    words = [label.word for label in labels]
    old = [label.word for label in guessed.labels]
    for mark in (", ", "、"):
        guessed_list = mark.join(old)
        if guessed_list in guessed.instruction:
            return guessed.instruction.replace(guessed_list, mark.join(words))
    return guessed.instruction


def _with_known_labels(
    examples: Sequence[Example], task: Task, everything: Sequence[Example]
) -> tuple[list[Example], list[ListedRow]]:
    if task.kind in OTHER_KINDS:
        found = usable(examples, task, everything)
        return list(found.examples), list(found.listed)
    if not task.labels:
        return list(examples), []
    known = set(task.label_names)
    kept, strange = [], []
    for example in examples:
        if example.target in known:
            kept.append(example)
        else:
            reason = Text(
                f"its label '{example.target}' is not among the task's labels",
                f"标签 '{example.target}' 不在任务的标签中",
            )
            strange.append(
                ListedRow(example.origin.file, example.origin.line, reason, excerpt_of(example.text), "left out")
            )
    if not kept:
        names = ", ".join(sorted(known)[:10])
        raise DataError(
            Text(f"no row has one of the task's labels: {names}", f"没有任何一行的标签属于任务的标签：{names}"),
            todo=Text("mend `task.labels`, or leave it out", "请修改 `task.labels`，或不填"),
        )
    return kept, strange


def _divide(sides: dict[str, list[Example]], rows: RowsSettings, seed: int) -> tuple[Splits, tuple[ListedRow, ...]]:
    if "test" in sides:
        given = given_splits(
            sides["train"], dev=sides.get("dev"), test=sides["test"], seed=seed, dev_share=rows.dev_share
        )
        return given.splits, given.listed
    if "dev" in sides:
        cut = split_rows(sides["train"], seed=seed, test_share=rows.test_share, dev_share=0.0)
        given = given_splits(cut.train, dev=sides["dev"], test=cut.test, seed=seed)
        return given.splits, given.listed
    return split_rows(sides["train"], seed=seed, test_share=rows.test_share, dev_share=rows.dev_share), ()


def _at_most(
    rows: tuple[Example, ...], most: int | None, setting: str, seed: int
) -> tuple[tuple[Example, ...], list[ListedRow]]:
    """Keep at most `most` rows, drawn label by label by the seed; the others are listed under the name of the setting."""
    if most is None or len(rows) <= most:
        return rows, []
    kept = drawn(rows, most, seed=seed)
    reason = Text(f"beyond {setting}: {most}", f"超出 {setting}：{most}")
    spare = [
        ListedRow(one.origin.file, one.origin.line, reason, excerpt_of(one.text), "left out")
        for place, one in enumerate(rows)
        if place not in kept
    ]
    return tuple(one for place, one in enumerate(rows) if place in kept), spare


def reasons_counted(listed: Sequence[ListedRow]) -> list[dict[str, object]]:
    """Return how many rows were listed for each reason, most first; places and quoted values are left out."""
    counts = Counter((_general(row.reason.en), _general(row.reason.zh)) for row in listed)
    return [{"en": en, "zh": zh, "rows": count} for (en, zh), count in counts.most_common()]


def _general(reason: str) -> str:
    return reason.split(": ")[0].split("：")[0]
