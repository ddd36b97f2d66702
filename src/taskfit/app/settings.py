"""The settings of `climb`: what a task file may say, and the defaults."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import field_validator, model_validator

from taskfit.app.bits import KEPT_IN, Bits, refuse_changed, refuse_remote
from taskfit.core.catalog import Catalog
from taskfit.core.errors import UsageError
from taskfit.core.method import Method
from taskfit.core.settings import Refused, Settings, setting
from taskfit.core.task import OTHER_KINDS, Kind
from taskfit.core.text import Text
from taskfit.ladder.limits import Limits
from taskfit.model.remote_settings import RemoteSettings

METHODS = Catalog("taskfit.methods", "method")
FORMATS = Catalog("taskfit.data.formats", "format")
METRICS = Catalog("taskfit.measure.metrics", "metric")


def _known(catalog: Catalog, name: str) -> None:
    if problem := catalog.problem(name):
        raise Refused(problem.what, problem.todo)


class TaskSettings(Settings):
    """What is asked. Whatever is left out is guessed from the rows, shown and saved."""

    about: ClassVar[Text] = Text("What is asked", "任务内容")

    kind: Kind | None = setting(None, "kind of task; default: guessed from the rows", "任务类型；默认由数据推断")
    instruction: str = setting(
        "",
        "what the model is told to do; default: a plain sentence made of the labels",
        "给模型的指令；默认由标签生成一句话",
    )
    labels: dict[str, str] = setting(
        {},
        "the labels: a list of names, or name: word where the model should say another word; default: those in the rows",
        "标签：名称列表，或“名称: 模型所说的词”；默认取数据中出现的标签",
    )
    metrics: tuple[str, ...] = setting(
        (), "metrics, the first decides; default: those usual for the kind", "指标，第一个用于判定；默认按任务类型选取"
    )

    @field_validator("labels", mode="before")
    @classmethod
    def _labels(cls, value: object) -> object:
        """Take a list of names for a mapping of each name to itself; labels are text, whole numbers as written."""
        if isinstance(value, (list, tuple)):
            names = [_label(one) for one in value]
            if len(set(names)) < len(names):
                raise Refused(Text("a label stands there twice", "有重复的标签"))
            return {name: name for name in names}
        if isinstance(value, Mapping):
            return {_label(name): _label(name if word is None else word) for name, word in value.items()}
        raise Refused(Text("expected a list of names or 'name: word' pairs", "应为名称列表或“名称: 词”"))

    @field_validator("metrics")
    @classmethod
    def _known_metrics(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            _known(METRICS, name)
        return value


def _label(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.strip():
        return value
    raise Refused(
        Text(f"the label {value!r} is no text", f"标签 {value!r} 不是文本"), Text("put it in quotes", "请加引号")
    )


class ColumnSettings(Settings):
    """Which columns (or keys) hold what; left out: found by their names and content."""

    about: ClassVar[Text] = Text("Which columns hold what", "各列的含义")

    text: str | None = setting(None, "column of the text or question; default: found", "文本或问题所在列；默认自动识别")
    label: str | None = setting(None, "column of the label or answer; default: found", "标签或答案所在列；默认自动识别")
    group: str | None = setting(
        None,
        "column whose equal values stay in one split (user, document)",
        "取值相同的行不会被拆到不同部分（用户、文档）",
    )


class RowsSettings(Settings):
    """The rows: one file that is divided, or files for train, dev and test."""

    about: ClassVar[Text] = Text("The rows", "数据")

    train: str = setting(
        ...,
        "file of the rows to learn from (all rows, when there is no test file)",
        "训练数据文件（没有测试文件时为全部数据）",
    )
    dev: str | None = setting(
        None, "file of the rows to choose on; default: a part of train", "用于选择的数据文件；默认从训练数据中划分"
    )
    test: str | None = setting(
        None, "file of the sealed test rows; default: a part of train", "封存的测试数据文件；默认从训练数据中划分"
    )
    format: str | None = setting(None, "format of the files; default: recognised", "文件格式；默认自动识别")
    encoding: str | None = setting(None, "encoding of the files; default: recognised", "文件编码；默认自动识别")
    test_share: float = setting(
        0.2, "share of the rows for test, when no file is given", "未给测试文件时划为测试的比例", gt=0, lt=1
    )
    dev_share: float = setting(
        0.2, "share of the rows for dev, when no file is given", "未给开发文件时划为开发的比例", gt=0, lt=1
    )
    columns: ColumnSettings = setting(ColumnSettings(), "which columns hold what", "各列的含义")
    accept: tuple[str, ...] = setting(
        (), "ids of findings that would stop the run and are accepted", "会中止运行但予以接受的检查项（填写其 id）"
    )

    @model_validator(mode="before")
    @classmethod
    def _one_file(cls, value: object) -> object:
        return {"train": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _rows_are_left_to_learn_from(self) -> "RowsSettings":
        if self.test_share + self.dev_share >= 1:
            raise Refused(
                Text("test_share and dev_share leave no rows for training", "test_share 与 dev_share 之和必须小于 1"),
                Text("make them smaller", "请调小"),
            )
        return self

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: str | None) -> str | None:
        if value is not None:
            _known(FORMATS, value)
        return value


class RungSettings(Settings):
    """One rung: the name of a method, or the name with settings below it."""

    about: ClassVar[Text] = Text("One rung of the ladder", "阶梯中的一级")

    method: str = setting(..., "name of the method", "方法名")
    settings: dict[str, Any] = setting({}, "settings of the method", "方法的设置")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        """Read `lora` and `lora: {rank: 8}`; the settings are checked later, by the method itself."""
        if isinstance(value, str):
            return {"method": value}
        if isinstance(value, Mapping) and len(value) == 1 and "method" not in value:
            ((name, settings),) = value.items()
            if settings is None or isinstance(settings, Mapping):
                return {"method": name, "settings": dict(settings or {})}
        if isinstance(value, Mapping) and set(value) <= {"method", "settings"}:
            return value
        keys = ", ".join(map(str, value)) if isinstance(value, Mapping) else repr(value)[:60]
        raise Refused(
            Text(f"expected the name of a method, not {keys}", f"应为方法名，而不是 {keys}"),
            Text("settings stand below the name, indented further", "方法的设置写在其下一行，并再缩进一层"),
        )

    @field_validator("method")
    @classmethod
    def _known_method(cls, value: str) -> str:
        _known(METHODS, value)
        return value

    def short(self) -> object:
        """Return the rung as one writes it in a task file."""
        return {self.method: dict(self.settings)} if self.settings else self.method


class ClimbSettings(Settings):
    """All that `taskfit climb` can be told."""

    about: ClassVar[Text] = Text("Climb the ladder of methods on one task", "在一个任务上逐级尝试各种方法")

    name: str = setting("", "name of the run; default: from the file", "运行名称；默认取自文件名")
    task: TaskSettings = setting(TaskSettings(), "what is asked", "任务内容")
    rows: RowsSettings = setting(
        ..., "a file of rows, or files for train, dev and test", "一个数据文件，或训练、开发、测试文件"
    )
    model: str = setting(
        "tiny",
        "base model: tiny (built in), a folder, a hub name (needs --online) or the http(s) address of an endpoint",
        "基础模型：tiny（内置）、本地目录、hub 名称（需 --online）或接口的 http(s) 地址",
        min_length=1,
    )
    bits: Bits = setting(None, KEPT_IN.en, KEPT_IN.zh)
    remote: RemoteSettings | None = setting(
        None, "how to ask the endpoint, when the model is an address", "模型为接口地址时的访问设置"
    )
    rungs: tuple[RungSettings, ...] = setting(
        (),
        "methods to try, cheapest first; default: the usual ones for the task",
        "要尝试的方法，由便宜到昂贵；默认取任务常用的几种",
    )
    seed: int = setting(0, "seed of everything random", "随机种子", ge=0, le=2**31 - 1)
    seeds: int = setting(3, "how often a rung with chance in it is repeated", "含随机性的方法重复次数", ge=1, le=100)
    trials: int = setting(6, "configurations each rung may try on dev", "每一级可在开发集上尝试的配置数", ge=1, le=1000)
    max_test: int | None = setting(
        None, "use at most this many test rows; default: all", "最多使用的测试行数；默认全部", ge=1
    )
    max_train: int | None = setting(
        None, "use at most this many training rows; default: all", "最多使用的训练行数；默认全部", ge=1
    )
    precision: Literal["float32", "bfloat16", "auto"] = setting(
        "auto", "numbers to compute with; auto: bfloat16 where it helps", "计算精度；auto：在有利时使用 bfloat16"
    )
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto", "where to compute; auto: the GPU when there is one", "计算设备；auto：有 GPU 时使用 GPU"
    )
    threads: int | None = setting(
        None, "processor threads; default: as many as are free", "处理器线程数；默认用空闲的核", ge=1, le=1024
    )
    online: bool = setting(False, "allow downloads of models from the hub", "允许从 hub 下载模型")
    forgetting: Literal["auto", "thorough", "off"] = setting(
        "auto",
        "measure what trained rungs forget of what the base could do: auto: with little text, a few hundredths of the "
        "time; thorough: with eight times as much; off",
        "测量训练后的方法遗忘了多少基座原有的能力：auto：用少量文本，只占百分之几的时间；thorough：用八倍的文本；off：不测",
    )
    general_text: str | None = setting(
        None,
        "file of text that has nothing to do with the task, whose loss must not rise; beside the built-in text",
        "与任务无关的文本文件，训练后其损失不应上升；与内置文本一起使用",
    )
    retained: str | None = setting(
        None,
        "file of labelled rows of other tasks that must not be lost; beside the built-in questions",
        "其他任务的带标签数据文件，训练后不应丢失；与内置问题一起使用",
    )
    beside: str | None = setting(
        None,
        "a second model to start from, e.g. the instruct one beside the base: every rung is climbed from both",
        "第二个起始模型，例如基座旁的指令模型：每一级都从两者各做一遍",
    )
    limits: Limits = setting(Limits(), "when a dearer rung is worth its cost", "更贵的方法在何时值得采用")
    run: str | None = setting(
        None,
        "folder of the run; default: a new one, or the unfinished one with these settings",
        "运行目录；默认新建，或继续设置相同且未完成的运行",
    )
    runs: str = setting("runs", "folder in which runs are made", "存放各次运行的目录", min_length=1)

    @property
    def is_remote(self) -> bool:
        """Whether the model is an endpoint."""
        return self.model.startswith(("http://", "https://"))

    @model_validator(mode="before")
    @classmethod
    def _address_is_the_model(cls, value: object) -> object:
        """Give the address of the endpoint, which stands once as `model`, to its settings."""
        if not isinstance(value, Mapping) or not isinstance(value.get("remote"), (Mapping, type(None))):
            return value
        model, remote = value.get("model"), value.get("remote")
        is_address = isinstance(model, str) and model.startswith(("http://", "https://"))
        if remote and not is_address:
            raise Refused(
                Text("'remote' is set but the model is no address", "设置了 'remote'，但模型不是接口地址"),
                Text("write model: http://...", "请写 model: http://..."),
            )
        return {**value, "remote": {**(remote or {}), "url": model}} if is_address else value

    @model_validator(mode="after")
    def _few_bits_can_be_used(self) -> "ClimbSettings":
        """Refuse what cannot be opened, and rungs that cannot be trained, in few bits; both models are opened so."""
        if self.is_remote:
            refuse_remote(self.bits)
        for rung in self.rungs if self.bits is not None else ():
            try:
                method = method_class(rung.method).read(rung.settings)
            except UsageError:
                continue  # told with the settings of methods
            refuse_changed(rung.method, method, self.bits)
        return self

    def values(self) -> dict[str, Any]:
        """Return all settings as a task file holds them; reading them again gives equal settings."""
        values = self.model_dump(mode="json")
        if self.remote is not None:
            del values["remote"]["url"]
        return {**values, "rungs": [rung.short() for rung in self.rungs]}


@dataclass(frozen=True)
class Rung:
    """A rung as it is climbed: its name (that of the method, numbered when it stands there twice), its method.

    `beside` says that it starts from the second model; then its name ends in that of the model.
    """

    name: str
    method: Method
    beside: bool = False


def rungs_of(settings: ClimbSettings) -> tuple[Rung, ...]:
    """Return the rungs to climb, in order; raise UsageError when a method or a setting of it is unknown."""
    names: list[str] = []
    rungs = []
    for one in settings.rungs:
        again = sum(name == one.method or name.startswith(f"{one.method}-") for name in names)
        names.append(f"{one.method}-{again + 1}" if again else one.method)
        rungs.append(Rung(names[-1], method_class(one.method).read(one.settings, where=f"rungs.{names[-1]}")))
    if settings.beside is not None:
        start = re.sub(r"[^\w.-]+", "-", Path(settings.beside).name) or "beside"
        rungs += [Rung(f"{rung.name}-from-{start}", rung.method, beside=True) for rung in rungs]
    return tuple(rungs)


def method_class(name: str) -> type[Method]:
    """Return the settings class of the method `name`; raise UsageError when there is none."""
    found = METHODS.entry(name)
    assert issubclass(found, Method)
    return found


def default_rungs(kind: Kind | None = None, *, packed: bool = False) -> tuple[RungSettings, ...]:
    """Return the rungs of a ladder for which none were named: all methods that are on by default, cheapest first.

    Where the task is told to be of entities, several labels or numbers, the methods made for that alone are on, too,
    and those that cannot do it are off. Where the base is `packed` in few bits, those that change its own weights are.
    """
    methods = {name: method_class(name) for name in METHODS.names()}
    other = kind is not None and kind in OTHER_KINDS
    chosen = [
        (method.rank, name)
        for name, method in methods.items()
        if (method.by_default or (other and method.kinds == {kind}))
        and (not other or kind in method.kinds)
        and not (packed and method.changes in ("some weights", "all weights"))
    ]
    return tuple(RungSettings(method=name) for _, name in sorted(chosen))
