"""From the rows that a recipe names to what is trained on: read, checked, divided, mixed; in = used + listed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from taskfit.app.ground import task_of
from taskfit.app.train_settings import RowFile, TrainRows, TrainSettings
from taskfit.core.errors import DataError, Finding, NotPossible
from taskfit.core.example import Example, Practice, Splits
from taskfit.core.method import Method
from taskfit.core.task import OTHER_KINDS, Kind, Task
from taskfit.core.text import Text
from taskfit.data.check import check_rows
from taskfit.data.columns import Columns
from taskfit.data.finding import RowFinding, Rows, refuse_blocked
from taskfit.data.guess import remarks_on
from taskfit.data.kinds import usable
from taskfit.data.mix import Part, mix
from taskfit.data.read import ListedRow, Reading, read_rows
from taskfit.data.rows import excerpt_of
from taskfit.data.split import FEWEST_ROWS, given_splits

LABELLED_SHARE, OTHER_SHARE = 0.2, 0.1
MOST_DEV = 1000


@dataclass(frozen=True)
class TrainGround:
    """What a training stands on: the task, train and dev, the sealed test rows, every row not used with its reason."""

    task: Task
    practice: Practice
    test: tuple[Example, ...] = ()
    read: int = 0
    listed: tuple[ListedRow, ...] = ()
    findings: tuple[RowFinding, ...] = ()
    remarks: tuple[Text, ...] = ()
    files: tuple[dict[str, object], ...] = ()

    @property
    def fingerprint(self) -> str:
        """A hash of all rows that are used."""
        return Splits(self.practice.train, self.practice.dev, self.test).fingerprint


def ground_of(settings: TrainSettings, kinds: frozenset[Kind]) -> TrainGround:
    """Read, check, divide and mix the rows; `kinds` are the kinds of tasks that the method can do.

    Raises DataError with every file and row that cannot be used.
    """
    rows = settings.rows
    if rows.world is not None:
        return _of_world(settings)
    if rows.datasets is not None:
        return _of_datasets(settings)
    return _of_files(settings, kinds)


def ground_in_memory(settings: TrainSettings, practice: Practice) -> TrainGround:
    """Return the ground of rows that the caller has read."""
    return TrainGround(_open_task(settings), practice, read=len(practice.train) + len(practice.dev))


def refuse_unanswered(name: str, method: Method, ground: TrainGround) -> None:
    """Raise NotPossible where a method that only asks the model has rows of which none says what is right."""
    rows = (*ground.practice.train, *ground.practice.dev, *ground.test)
    if type(method).changes == "nothing" and not any(row.target for row in rows):
        raise NotPossible(
            Text(
                f"{name} only asks the model, and no row of this task has an answer: there is nothing to measure it on",
                f"{name} 只向模型提问，而该任务的数据都没有答案：无法衡量",
            ),
            todo=Text(
                "train on such rows with pretrain, continued or instruct; or name the column of the answers: "
                "--rows.columns.label NAME",
                "请用 pretrain、continued 或 instruct 训练这类数据；或指定答案所在的列：--rows.columns.label 列名",
            ),
        )


def _of_world(settings: TrainSettings) -> TrainGround:
    from taskfit.data.world.source import world_examples

    rows = settings.rows
    assert rows.world is not None
    examples = world_examples(rows.world, rows.count, first=rows.first)
    cut = max(1, len(examples) - int(rows.dev_size or 0))
    return ground_in_memory(settings, Practice(examples[:cut], examples[cut:]))


def _of_datasets(settings: TrainSettings) -> TrainGround:
    from taskfit.app.llamafactory.mix import read_datasets

    assert settings.rows.datasets is not None
    found = read_datasets(settings.rows.datasets, seed=settings.seed)
    return replace(
        ground_in_memory(settings, found.practice),
        read=sum(facts.rows for facts in found.facts),
        listed=found.listed,
        remarks=tuple(remark for facts in found.facts for remark in facts.remarks),
    )


def _open_task(settings: TrainSettings, examples: Sequence[Example] = ()) -> Task:
    """Return the task of rows without labels: to say what comes next; unless a metric is named, the loss decides."""
    asked = settings.task
    longest = max((len(example.target or "") for example in examples), default=64)
    return Task(asked.kind or "generate", asked.instruction, (), asked.metrics, max(16, min(1024, longest)))


def _of_files(settings: TrainSettings, kinds: frozenset[Kind]) -> TrainGround:
    rows = settings.rows
    parts = [_read(one, rows) for one in rows.files]
    others = {side: _read(RowFile(file=path), rows) for side, path in _others(rows).items()}
    readings = [*parts, *others.values()]
    everything = [example for reading in readings for example in reading.examples]
    task = _task(settings, kinds, readings)
    listed = [row for reading in readings for row in reading.listed]
    kept = [_known(reading.examples, task, listed, everything) for reading in parts]
    sides = {side: _known(reading.examples, task, listed, everything) for side, reading in others.items()}
    if not any(kept):
        raise DataError(Text("no row is left to train on", "没有可用于训练的数据"), where=rows.files[0].file)
    splits, left = _divide([one for part in kept for one in part], sides, settings, labelled=bool(task.labels))
    mixture = mix(_parts(rows.files, kept, splits.train), seed=settings.seed)
    listed += [*left, *(_left_out(one) for one in mixture.left_out)]
    findings = [finding for reading in readings for finding in _findings(reading, task)]
    refuse_blocked(findings, rows.accept, listed)
    few = () if splits.dev else (_NO_DEV,)
    return TrainGround(
        task=task,
        practice=Practice(mixture.examples, splits.dev),
        test=splits.test,
        read=len(everything) + sum(len(reading.listed) for reading in readings),
        listed=tuple(listed),
        findings=tuple(findings),
        remarks=(*remarks_on(task), *mixture.remarks, *few, *_left_unread(parts)),
        files=tuple(_facts(reading) for reading in readings),
    )


_NO_DEV = Text(
    "no rows to choose on: the last weights are kept, whatever they are worth",
    "没有用于选择的数据：保留最后的权重，无论好坏",
)


def _left_unread(readings: Sequence[Reading]) -> tuple[Text, ...]:
    """Return a remark for each file that is read as plain text although it has columns beside the text."""
    found = []
    for facts in (reading.facts for reading in readings):
        names = ", ".join(name for name in facts.columns if name not in facts.roles.used)
        if facts.roles.shape == "text" and names:
            found.append(
                Text(
                    f"{facts.path} is read as plain text from the column '{facts.roles.text}'; not read: {names}. If one "
                    "of them is the label or answer, name it: --rows.columns.label NAME",
                    f"{facts.path} 按纯文本读取，只用列 '{facts.roles.text}'；未读取：{names}。"
                    "如果其中有标签或答案，请指定：--rows.columns.label 列名",
                )
            )
    return tuple(found)


def _findings(reading: Reading, task: Task) -> tuple[RowFinding, ...]:
    """Return what the doctor finds; where the task has no labels, answers are not looked at as if they were some."""
    if task.labels:
        return check_rows(reading)
    examples = tuple(example.without_target() for example in reading.examples)
    return check_rows(Rows(examples, reading.listed, reading.facts))


def _others(rows: TrainRows) -> dict[str, str]:
    named = {"dev": rows.dev_file, "test": rows.test}
    return {side: path for side, path in named.items() if path is not None}


def _read(one: RowFile, rows: TrainRows) -> Reading:
    asked = rows.columns
    columns = None
    if asked.text or asked.label or asked.group:
        columns = Columns(text=asked.text, label=asked.label, group=asked.group)
    reading = read_rows(
        one.file,
        columns=columns,
        encoding=rows.encoding,
        format=one.format or rows.format,
        shape=rows.shape,
        plain=True,
    )
    # A row is named by its file, not by the way to it, so that a run may be continued from another folder.
    name, cut = Path(one.file).name, len(str(Path(one.file)))
    return replace(reading, examples=tuple(replace(row, id=name + row.id[cut:]) for row in reading.examples))


def _task(settings: TrainSettings, kinds: frozenset[Kind], readings: Sequence[Reading]) -> Task:
    """Return the task: guessed from labelled rows where the method can do such a task, else to say what comes next."""
    examples = [example for reading in readings for example in reading.examples]
    shapes = {reading.facts.roles.shape for reading in readings}
    open_ended = shapes & {"text", "conversation"} or any(example.target is None for example in examples)
    asked = settings.task
    if open_ended and not (asked.kind or asked.labels):
        return _open_task(settings, examples)
    guessed = task_of(asked, examples)
    if guessed.kind == "generate" and not asked.metrics:
        guessed = replace(guessed, metrics=())
    if guessed.kind in kinds or asked.kind is not None or "generate" not in kinds:
        return guessed
    return _open_task(settings, examples)


def _known(
    examples: Sequence[Example], task: Task, listed: list[ListedRow], everything: Sequence[Example]
) -> list[Example]:
    """Return the rows whose label is one of the task's; the others are added to `listed`."""
    if task.kind in OTHER_KINDS:
        found = usable(examples, task, everything)
        listed += found.listed
        return list(found.examples)
    if not task.labels:
        return list(examples)
    known = set(task.label_names)
    for one in examples:
        if one.target not in known:
            what = Text(
                f"its label '{one.target}' is not among the task's labels", f"标签 '{one.target}' 不在任务的标签中"
            )
            listed.append(ListedRow(one.origin.file, one.origin.line, what, excerpt_of(one.text), "left out"))
    return [one for one in examples if one.target in known]


def _divide(
    train: Sequence[Example], sides: dict[str, list[Example]], settings: TrainSettings, *, labelled: bool
) -> tuple[Splits, tuple[ListedRow, ...]]:
    """Cut dev out of train (or take its file); training rows that stand in dev or test are left out and listed."""
    seed, dev, test = settings.seed, sides.get("dev"), sides.get("test")
    share, most = (0.0, 0) if dev is not None else _dev_share(settings, len(train), labelled=labelled)
    cut = share > 0 and len(train) >= FEWEST_ROWS
    given = given_splits(train, dev=None if cut else dev or [], test=test, seed=seed, dev_share=share, max_dev=most)
    return given.splits, given.listed


def _dev_share(settings: TrainSettings, rows: int, *, labelled: bool) -> tuple[float, int]:
    """Return the share of dev among the rows, and how many rows it may have at most."""
    size = settings.rows.dev_size
    if size is None:
        return (LABELLED_SHARE if labelled else OTHER_SHARE), MOST_DEV
    if size < 1:
        return size, rows
    if size >= rows:
        raise DataError(
            Text(
                f"{size:g} dev rows leave none of {rows} to train on", f"共 {rows} 行，留出 {size:g} 行后没有可训练的"
            ),
            todo=Text("make rows.dev smaller", "请调小 rows.dev"),
        )
    return size / rows, int(size)


def _parts(files: Sequence[RowFile], kept: Sequence[Sequence[Example]], train: Sequence[Example]) -> list[Part]:
    chosen = {id(example) for example in train}
    parts = [
        Part(Path(file.file).name, tuple(one for one in examples if id(one) in chosen), file.share, file.weight)
        for file, examples in zip(files, kept, strict=True)
    ]
    empty = [
        Finding(part.name, Text("no row of it is left to train on", "没有剩余的行可训练"))
        for part in parts
        if not part.examples
    ]
    if empty:
        raise DataError(empty)
    return parts


def _left_out(one: Example) -> ListedRow:
    reason = Text("beyond the share of its file", "超出该文件所占的比例")
    return ListedRow(one.origin.file, one.origin.line, reason, excerpt_of(one.text), "left out")


def _facts(reading: Reading) -> dict[str, object]:
    facts = reading.facts
    return {
        "path": facts.path,
        "format": facts.format,
        "shape": facts.roles.shape,
        "encoding": facts.encoding,
        "rows": facts.rows,
        "used": len(reading.examples),
        "sha256": facts.sha256,
    }
