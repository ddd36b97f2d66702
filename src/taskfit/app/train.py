"""Train one method on rows of a file or of the built-in world; the start is a model, or a new one made from nothing."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from pydantic import field_validator, model_validator

from taskfit.app.settings import METHODS, method_class
from taskfit.core.errors import NotPossible
from taskfit.core.events import Emit, Event, silent
from taskfit.core.example import Example, Practice
from taskfit.core.files import read_json, write_json
from taskfit.core.meter import bytes_peak
from taskfit.core.method import Desk
from taskfit.core.run import RunFolder
from taskfit.core.settings import Refused, Settings, setting
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.core.yaml import read_yaml, write_yaml
from taskfit.data.world.source import Genre, tokenizer_texts, world_examples
from taskfit.model.fresh import FreshModel

FINISHED = "trained.json"


class TrainRows(Settings):
    """Where training rows come from: a file, or the generator of the built-in world."""

    about: ClassVar[Text] = Text("The rows to train on", "训练数据")

    file: str | None = setting(None, "file of rows (text, or conversations)", "数据文件（文本或对话）")
    world: Genre | None = setting(
        None, "rows that the generator of the built-in world writes", "由内置世界生成器写出的数据"
    )
    count: int = setting(1000, "how many rows the generator writes", "生成器写出的行数", ge=1, le=10_000_000)
    first: int = setting(0, "seed of its first row", "第一行的种子", ge=0)
    dev: int = setting(0, "last rows kept apart to measure the loss on", "留出末尾若干行用于测量损失", ge=0)

    @model_validator(mode="before")
    @classmethod
    def _a_name_is_a_file(cls, value: object) -> object:
        return {"file": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_source(self) -> "TrainRows":
        if (self.file is None) == (self.world is None):
            raise Refused(
                Text("rows come from a file or from the world", "数据来自文件或内置世界，二者选一"),
                Text("set exactly one of 'file' and 'world'", "请在 'file' 与 'world' 中恰好设置一个"),
            )
        return self


class TrainSettings(Settings):
    """All that `taskfit train` can be told."""

    about: ClassVar[Text] = Text("Train one method on rows", "用数据训练一种方法")

    method: str = setting(..., "name of the method", "方法名")
    settings: dict[str, Any] = setting({}, "settings of the method", "方法的设置")
    model: str | None = setting(
        None, "model to start from: tiny, a folder, a hub name", "起始模型：tiny、本地目录或 hub 名称"
    )
    new: FreshModel | None = setting(None, "sizes of a new model to start from", "从零开始的新模型的规格")
    rows: TrainRows = setting(..., "the rows: a file, or the built-in world", "数据：文件或内置世界")
    instruction: str = setting("", "instruction that the trained model is used with", "使用训练后的模型时的指令")
    run: str = setting(..., "folder of the run; the model is written into it", "运行目录，模型写入其中", min_length=1)
    seed: int = setting(0, "seed of everything random", "随机种子", ge=0, le=2**31 - 1)
    threads: int | None = setting(
        None, "processor threads; default: as many as are free", "处理器线程数；默认用空闲的核", ge=1, le=1024
    )
    online: bool = setting(False, "allow downloads of models from the hub", "允许从 hub 下载模型")

    @field_validator("method")
    @classmethod
    def _known_method(cls, value: str) -> str:
        if problem := METHODS.problem(value):
            raise Refused(problem.what, problem.todo)
        return value

    @model_validator(mode="after")
    def _one_start(self) -> "TrainSettings":
        if (self.model is None) == (self.new is None):
            raise Refused(
                Text("training starts from a model or from a new one", "训练从已有模型或新模型开始，二者选一"),
                Text("set exactly one of 'model' and 'new'", "请在 'model' 与 'new' 中恰好设置一个"),
            )
        return self


def read_train(path: Path) -> TrainSettings:
    """Return the settings in a recipe; file names in it count from the folder that taskfit is started in."""
    file = read_yaml(path)
    settings = TrainSettings.read(file.values, where=str(path), lines=file.lines)
    method_class(settings.method).read(settings.settings, where=str(path), lines=file.lines, at="settings")
    return settings


def train(settings: TrainSettings, emit: Emit = silent) -> Path:
    """Train, and return the folder of the trained model (or of what the method writes).

    A second call with the same run folder continues from its checkpoint; a finished one is returned as it is.
    """
    run = RunFolder(Path(settings.run))
    with run.locked():
        if not (run.path / FINISHED).is_file():
            _train(settings, run, _recorded(run, emit))
    folder = run.path / str(read_json(run.path / FINISHED)["result"])
    emit(Event("run.finished", {"report": str(folder)}))
    return folder


def _recorded(run: RunFolder, emit: Emit) -> Emit:
    def both(event: Event) -> None:
        if event.kind != "progress":
            run.record(event)
        emit(event)

    return both


def _train(settings: TrainSettings, run: RunFolder, emit: Emit) -> None:
    import torch

    from taskfit.engine.machine import choose_threads

    torch.set_num_threads(settings.threads or choose_threads())
    write_yaml(run.path / "settings.yaml", settings.model_dump(mode="json", exclude_none=True))
    emit(Event("run.started", {"folder": str(run.path), "settings": settings.model_dump(mode="json")}))
    practice = _practice(settings.rows)
    emit(Event("rows.read", {"read": len(practice.train) + len(practice.dev), "used": len(practice.train)}))
    model = _start(settings, run, practice.train)
    method = method_class(settings.method).read(settings.settings)
    task = Task("generate", settings.instruction, metrics=("exact_match",))
    if why := method.impossible(model.card, task):
        raise NotPossible(why)
    desk = Desk(run.path, run.cache, rung=settings.method, seed=settings.seed, emit=emit)
    with desk.meter.running():
        predictor = method.adapt(model, task, practice, desk)
    predictor.save(run.path)
    shutil.rmtree(run.path / "checkpoints", ignore_errors=True)
    write_json(
        run.path / FINISHED,
        {
            "result": "model" if (run.path / "model").is_dir() else ".",
            "seconds": desk.meter.seconds,
            "cpu_seconds": desk.meter.cpu_seconds,
            "tokens": desk.meter.tokens,
            "flops": desk.meter.flops,
            "bytes_peak": bytes_peak(),
            "threads": torch.get_num_threads(),
            "curve": [vars(point) for point in predictor.story.curve],
            "parameters_trained": predictor.story.parameters_trained,
        },
    )


def _practice(rows: TrainRows) -> Practice:
    if rows.world is not None:
        examples = world_examples(rows.world, rows.count, first=rows.first)
    else:
        from taskfit.data.read import read_rows

        examples = read_rows(str(rows.file)).examples
    cut = max(1, len(examples) - rows.dev)
    return Practice(examples[:cut], examples[cut:])


def _start(settings: TrainSettings, run: RunFolder, examples: Iterable[Example]) -> Any:
    from taskfit.model.fresh import make_model
    from taskfit.model.open import open_local

    if settings.new is None:
        return open_local(str(settings.model), online=settings.online)
    base = run.path / "start"
    if not base.is_dir():
        texts = (message.content for example in examples for message in example.messages)
        if settings.rows.world is not None:
            texts = tokenizer_texts(settings.rows.count)  # type: ignore[assignment]
        making = run.path / ".start.tmp"
        shutil.rmtree(making, ignore_errors=True)
        make_model(making, settings.new, texts, seed=settings.seed)
        os.replace(making, base)
    return open_local(str(base))
