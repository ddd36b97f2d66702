"""Check rows: every check of the doctor over all rows of some files, the verdict, and the recipe that mends them."""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from taskfit.core.errors import UsageError
from taskfit.core.events import Emit, Event, silent
from taskfit.core.settings import Settings, setting
from taskfit.core.text import Text
from taskfit.data.check import IN_FULL, checks_of
from taskfit.data.checking import Chunk, Means
from taskfit.data.examine import Aside, Seen, able, conclude, examine, not_run
from taskfit.data.finding import RowFinding, Severity, first_to_mend
from taskfit.data.hashed import read_hashed
from taskfit.data.mending import steps_for, steps_to_review
from taskfit.data.overview import Overview, View
from taskfit.data.read import FileFacts, ListedRow
from taskfit.data.read_records import RecordStream, read_records, stream_records

OVERVIEW = "overview"
CHECKING = Text("checking", "检查")
ROWS = Text("rows", "行")


class CheckSettings(Settings):
    """What is checked, against what, and which findings are accepted."""

    about: ClassVar[Text] = Text(
        "check rows: what is wrong, how much of it, and the recipe that mends it",
        "检查数据：哪里有问题、有多少，以及修正的步骤",
    )
    model: str | None = setting(
        None,
        "a model (tiny, a folder, a hub name): its tokenizer counts, its chat template is tried",
        "模型（tiny、目录或 hub 名称）：用其分词器计数并检验对话模板",
    )
    losses: bool = setting(
        False, "also run the model: losses of answers (slow)", "同时运行模型，计算回答的损失（较慢）"
    )
    encoder: str | None = setting(None, "a model whose vectors tell what means the same", "用于判断语义相同的编码模型")
    length: int | None = setting(
        None, "tokens to which rows are cut; left out: what the model reads", "截断长度（词元）；不填则为模型上限", ge=8
    )
    test: str | None = setting(None, "test rows that must not stand in these", "不得出现在其中的测试数据")
    known: tuple[str, ...] = setting(
        (), "test sets as hashes, see `taskfit data hash`", "哈希形式的测试集，见 `taskfit data hash`"
    )
    set: dict[str, str] = setting({}, "thresholds by name: repetition.grams=0.4", "修改阈值：repetition.grams=0.4")
    only: tuple[str, ...] = setting((), "only these checks", "只运行这些检查")
    accept: tuple[str, ...] = setting((), "ids of findings that shall not block", "不再阻止训练的问题编号")
    shape: str | None = setting(None, "what the rows are; left out: recognised", "行的格式；不填则自动识别")
    map: dict[str, str] = setting({}, "fields by another name: text=body", "字段改名：text=body")
    encoding: str | None = setting(None, "encoding of the files", "文件编码")
    engine: Literal["local", "ray"] = setting(
        "local", "where the checks run; ray needs the package ray", "在何处运行；ray 需要安装 ray"
    )
    processes: int | None = setting(None, "processes; left out: one a core", "进程数；不填则每核一个", ge=1)
    online: bool = setting(False, "let the hub be asked for a model", "允许从 hub 下载模型")


@dataclass(frozen=True)
class Diagnosis:
    """What was found in some files: the findings, the worst first, what the rows look like, and what was not run."""

    files: tuple[FileFacts, ...]
    rows: int
    listed: int
    repaired: int
    findings: tuple[RowFinding, ...]
    view: View
    kinds: Mapping[str, int]
    not_run: Mapping[str, Text]
    accepted: tuple[str, ...] = ()
    seconds: float = 0.0
    cpu: Mapping[str, float] = field(default_factory=dict)

    @property
    def blocking(self) -> tuple[RowFinding, ...]:
        """The findings that stop a training."""
        return tuple(one for one in self.findings if one.severity == "block" and one.id not in self.accepted)

    @property
    def first(self) -> tuple[RowFinding, ...]:
        """The three things to do first."""
        return first_to_mend(one for one in self.findings if one.id not in self.accepted)

    @property
    def steps(self) -> list[dict[str, dict[str, Any]]]:
        """The steps of a recipe that need no look at the rows."""
        return steps_for(one for one in self.findings if one.id not in self.accepted)

    @property
    def to_review(self) -> list[dict[str, dict[str, Any]]]:
        """The steps to take after a look at the rows."""
        return steps_to_review(one for one in self.findings if one.id not in self.accepted)

    def count(self, severity: Severity) -> int:
        """Return how many findings have a severity."""
        return sum(one.severity == severity for one in self.findings)


def check(files: tuple[str, ...], settings: CheckSettings, emit: Emit = silent) -> Diagnosis:
    """Return what the doctor finds in the rows of all `files` taken together.

    Raises DataError when a file cannot be read at all, UsageError for unknown checks and thresholds.
    """
    began = time.monotonic()
    checks = checks_of(IN_FULL, settings.set, only=settings.only)
    streams = [stream_records(name, settings.shape, settings.map, encoding=settings.encoding) for name in files]
    means = _means(settings)
    running = {**able(checks, means), OVERVIEW: Overview()}
    beside = Beside()
    seen = _examined(beside.chunks(streams), running, means, settings, emit)
    facts = tuple(one.facts for one in streams)
    findings = conclude(seen, running, means, Aside(beside.listed, facts, beside.repaired))
    return Diagnosis(
        files=facts,
        rows=seen.rows,
        listed=len(beside.listed),
        repaired=len(beside.repaired),
        findings=findings,
        view=seen.parts.get(OVERVIEW, View()),
        kinds=seen.kinds,
        not_run=not_run(checks, means),
        accepted=settings.accept,
        seconds=time.monotonic() - began,
        cpu=seen.seconds,
    )


@dataclass
class Beside:
    """The rows that are not used and those that were repaired, collected while the others go through the checks."""

    listed: list[ListedRow] = field(default_factory=list)
    repaired: list[ListedRow] = field(default_factory=list)

    def chunks(self, streams: Sequence[RecordStream]) -> Iterator[Chunk]:
        """Yield the rows of all files as chunks, one after the other."""
        start = 0
        for stream in streams:
            for piece in stream:
                self.listed += piece.listed
                self.repaired += piece.repaired
                yield Chunk(piece.records, start)
                start += len(piece.records)


def _examined(
    chunks: Iterator[Chunk], running: dict[str, Any], means: Means, settings: CheckSettings, emit: Emit
) -> Seen:
    def told(done: int) -> None:
        said = {"phase": _both(CHECKING), "done": done, "total": 0, "unit": _both(ROWS)}
        emit(Event("progress", said))

    if settings.engine == "ray":
        from taskfit.data.on_ray import examine_on_ray

        return examine_on_ray(chunks, running, means, told=told)
    # A tokenizer has threads of its own and cannot be forked.
    cores = 1 if settings.model or settings.encoder else len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    return examine(chunks, running, means, processes=settings.processes or cores, told=told)


def _means(settings: CheckSettings) -> Means:
    if settings.model is None and (settings.length is not None or settings.losses):
        raise UsageError(
            Text("tokens and losses need a model", "词元与损失需要模型"),
            where="--length" if settings.length is not None else "--losses",
            todo=Text("name one: --model tiny", "请指定模型：--model tiny"),
        )
    test = () if settings.test is None else read_records(settings.test, settings.shape, settings.map).records
    means = Means(test=test, known=tuple(read_hashed(Path(name)) for name in settings.known))
    if settings.model is not None:
        from taskfit.app.data.means import losses_of, with_model

        means = with_model(means, settings.model, window=settings.length, online=settings.online)
        if settings.losses:
            means = replace(means, losses=losses_of(settings.model, online=settings.online))
    if settings.encoder is not None:
        from taskfit.app.data.means import vectors_of

        means = replace(means, embed=vectors_of(settings.encoder, online=settings.online))
    return means


def _both(sentence: Text) -> dict[str, str]:
    return {"en": sentence.en, "zh": sentence.zh}
