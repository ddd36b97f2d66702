"""The settings of `train`: what a recipe may say, and the defaults."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import field_validator, model_validator

from taskfit.app.bits import KEPT_IN, Bits, refuse_changed
from taskfit.app.llamafactory.rows_settings import DatasetRows
from taskfit.app.settings import FORMATS, METHODS, ColumnSettings, TaskSettings, method_class
from taskfit.app.sweep_settings import SweepSettings
from taskfit.core.errors import UsageError
from taskfit.core.settings import Refused, Settings, setting
from taskfit.core.text import Text
from taskfit.data.columns import Shape
from taskfit.data.world.source import Genre
from taskfit.model.fresh import FreshModel

Tracker = Literal["mlflow", "wandb", "swanlab"]


class RowFile(Settings):
    """One file of rows, and how much of it is taken."""

    about: ClassVar[Text] = Text("One file of rows", "一个数据文件")

    file: str = setting(..., "the file", "文件", min_length=1)
    share: float | None = setting(
        None, "share of all training rows that comes from this file", "该文件占全部训练数据的比例", gt=0, le=1
    )
    weight: float = setting(
        1.0, "how often its rows are taken: 2 twice, 0.5 half of them", "取用次数：2 为两遍，0.5 为一半", gt=0, le=100
    )
    format: str | None = setting(None, "its format; default: recognised", "文件格式；默认自动识别")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        """Read `a.jsonl` and `a.jsonl:0.2` (with its share)."""
        if not isinstance(value, str):
            return value
        name, colon, share = value.rpartition(":")
        return {"file": name, "share": share} if colon and _is_number(share) else {"file": value}

    @model_validator(mode="after")
    def _one_measure(self) -> "RowFile":
        if self.share is not None and self.weight != 1:
            raise Refused(
                Text("'share' and 'weight' both say how much is taken", "'share' 与 'weight' 都规定了取用多少"),
                Text("keep one of them", "请只保留一个"),
            )
        return self

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: str | None) -> str | None:
        if value is not None and (problem := FORMATS.problem(value)):
            raise Refused(problem.what, problem.todo)
        return value


class TrainRows(Settings):
    """Where training rows come from: files, datasets of a dataset_info.json, or the generator of the built-in world."""

    about: ClassVar[Text] = Text("The rows to train on", "训练数据")

    files: tuple[RowFile, ...] = setting(
        (),
        "files of rows; FILE:0.2 takes so many that they are a fifth of all",
        "数据文件；写成 文件:0.2 则使其占全部数据的五分之一",
    )
    dev: str | float | None = setting(
        None,
        "rows to choose on: a file, a number of rows, or a share below 1; default: a share of the rows",
        "用于选择的数据：文件、行数，或小于 1 的比例；默认取一部分训练数据",
    )
    test: str | None = setting(
        None, "file of sealed test rows: the result is measured on them", "封存的测试数据文件，用于测量结果"
    )
    shape: Shape | None = setting(
        None, "what the rows are; default: recognised by their columns", "数据的形式；默认按列名识别"
    )
    format: str | None = setting(None, "format of the files; default: recognised", "文件格式；默认自动识别")
    encoding: str | None = setting(None, "encoding of the files; default: recognised", "文件编码；默认自动识别")
    columns: ColumnSettings = setting(ColumnSettings(), "which columns hold what", "各列的含义")
    accept: tuple[str, ...] = setting(
        (), "ids of findings that would stop the run and are accepted", "会中止运行但予以接受的检查项（填写其 id）"
    )
    world: Genre | None = setting(
        None, "rows that the generator of the built-in world writes", "由内置世界生成器写出的数据"
    )
    count: int = setting(1000, "how many rows the generator writes", "生成器写出的行数", ge=1, le=10_000_000)
    first: int = setting(0, "seed of its first row", "第一行的种子", ge=0)
    datasets: DatasetRows | None = setting(None, "rows named in a dataset_info.json", "dataset_info.json 中登记的数据")

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: object) -> object:
        """Read one file or a list of files for `files`, and `file` for a single one."""
        if isinstance(value, (str, list, tuple)):
            value = {"files": value}
        if isinstance(value, Mapping) and "file" in value and "files" not in value:
            value = {"files" if key == "file" else key: one for key, one in value.items()}
        if isinstance(value, Mapping) and isinstance(value.get("files"), (str, Mapping)):
            value = {**value, "files": [value["files"]]}
        return value

    @field_validator("dev", mode="before")
    @classmethod
    def _dev_as_number(cls, value: object) -> object:
        return float(value) if isinstance(value, (str, int)) and _is_number(str(value)) else value

    @field_validator("dev")
    @classmethod
    def _dev_is_a_part(cls, value: str | float | None) -> str | float | None:
        if isinstance(value, float) and (value < 0 or (value >= 1 and not value.is_integer())):
            raise Refused(
                Text(
                    f"{value:g} is neither a number of rows nor a share below 1",
                    f"{value:g} 既不是行数，也不是小于 1 的比例",
                )
            )
        return value

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: str | None) -> str | None:
        if value is not None and (problem := FORMATS.problem(value)):
            raise Refused(problem.what, problem.todo)
        return value

    @model_validator(mode="after")
    def _one_source(self) -> "TrainRows":
        named = [self.files != (), self.world is not None, self.datasets is not None]
        if sum(named) != 1:
            raise Refused(
                Text(
                    "rows come from files, from a dataset_info.json or from the world",
                    "数据来自文件、dataset_info.json 或内置世界，三者选一",
                ),
                Text(
                    "set exactly one of 'files', 'datasets' and 'world'",
                    "请在 'files'、'datasets' 与 'world' 中恰好设置一个",
                ),
            )
        shared, all_shared = sum(one.share or 0.0 for one in self.files), all(one.share for one in self.files)
        if shared > 1 + 1e-9 or (shared > 1 - 1e-9 and not all_shared):
            raise Refused(
                Text("the shares leave no room for all files", "各文件的比例之和没有给所有文件留出余地"),
                Text("make them smaller", "请调小"),
            )
        return self

    @property
    def dev_file(self) -> str | None:
        """The file of the dev rows, when one is named."""
        return self.dev if isinstance(self.dev, str) else None

    @property
    def dev_size(self) -> float | None:
        """The number (from 1 on) or share (below 1) of dev rows, when it is said."""
        return self.dev if isinstance(self.dev, float) else None


class TrainSettings(Settings):
    """All that `taskfit train` can be told."""

    about: ClassVar[Text] = Text("Train one method on rows", "用数据训练一种方法")

    method: str = setting(..., "name of the method", "方法名")
    settings: dict[str, Any] = setting({}, "settings of the method", "方法的设置")
    model: str | None = setting(
        None,
        "model to start from: tiny (default), a folder, a hub name",
        "起始模型：tiny（默认）、本地目录或 hub 名称",
        min_length=1,
    )
    bits: Bits = setting(None, KEPT_IN.en, KEPT_IN.zh)
    new: FreshModel | None = setting(None, "sizes of a new model to start from", "从零开始的新模型的规格")
    template: str | None = setting(
        None,
        "chat template to use instead of the model's own: a file (Jinja), or a name that LLaMA-Factory gives it",
        "代替模型自带模板的对话模板：Jinja 文件，或 LLaMA-Factory 中的名称",
    )
    task: TaskSettings = setting(TaskSettings(), "what is asked", "任务内容")
    rows: TrainRows = setting(..., "the rows", "数据")
    run: str | None = setting(
        None,
        "folder of the run; default: a new one, or the unfinished one with these settings",
        "运行目录；默认新建，或继续设置相同且未完成的运行",
        min_length=1,
    )
    runs: str = setting("runs", "folder in which runs are made", "存放各次运行的目录", min_length=1)
    seed: int = setting(0, "seed of everything random", "随机种子", ge=0, le=2**31 - 1)
    trials: int = setting(
        1,
        "learning rates to try on dev, when none is set; 1: the usual one",
        "未指定学习率时可在 dev 上尝试的个数；1 为常用值",
        ge=1,
        le=1000,
    )
    sweep: SweepSettings | None = setting(None, "search for settings on dev", "在 dev 上搜索设置")
    forgetting: Literal["off", "auto", "thorough"] = setting(
        "off",
        "measure what the model forgot of what its start could do: auto: with little text; thorough: with eight times as "
        "much",
        "测量模型遗忘了多少起始模型原有的能力：auto：用少量文本；thorough：用八倍的文本",
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
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto", "where to compute; auto: the GPU when there is one", "计算设备；auto：有 GPU 时使用 GPU"
    )
    threads: int | None = setting(
        None, "processor threads; default: as many as are free", "处理器线程数；默认用空闲的核", ge=1, le=1024
    )
    online: bool = setting(False, "allow downloads of models from the hub", "允许从 hub 下载模型")
    tensorboard: bool = setting(
        False, "also write TensorBoard files into the run folder", "同时在运行目录中写出 TensorBoard 文件"
    )
    trackers: tuple[Tracker, ...] = setting(
        (),
        "also tell the curves to: mlflow, wandb, swanlab (installed apart)",
        "同时把曲线写给：mlflow、wandb、swanlab（需另行安装）",
    )

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: object) -> object:
        """Read `instruction` (of older recipes) as that of the task, and methods written as in a ladder."""
        if not isinstance(value, Mapping):
            return value
        values = dict(value)
        method = values.get("method")
        if isinstance(method, Mapping) and len(method) == 1 and "settings" not in values:
            ((values["method"], settings),) = method.items()
            values["settings"] = settings if settings is not None else {}
        if "instruction" in values and isinstance(values.get("task", {}), Mapping):
            values["task"] = {"instruction": values.pop("instruction"), **values.get("task", {})}
        return values

    @field_validator("method")
    @classmethod
    def _known_method(cls, value: str) -> str:
        if problem := METHODS.problem(value):
            raise Refused(problem.what, problem.todo)
        return value

    @model_validator(mode="after")
    def _one_start(self) -> "TrainSettings":
        if self.model is not None and self.new is not None:
            raise Refused(
                Text("training starts from a model or from a new one", "训练从已有模型或新模型开始，二者选一"),
                Text("set only one of 'model' and 'new'", "'model' 与 'new' 请只设置一个"),
            )
        return self

    @model_validator(mode="after")
    def _few_bits_can_be_trained(self) -> "TrainSettings":
        if self.bits is not None:
            try:
                method = method_class(self.method).read(self.settings)
            except UsageError:
                return self  # told with the settings of the method
            refuse_changed(self.method, method, self.bits)
        return self

    @model_validator(mode="after")
    def _files_are_read(self) -> "TrainSettings":
        given = {"general_text": self.general_text, "retained": self.retained}
        unread = ", ".join(f"'{name}'" for name, file in given.items() if file is not None)
        if unread and self.forgetting == "off":
            raise Refused(
                Text(f"{unread} would not be read: forgetting is not measured", f"未测量遗忘，不会读取 {unread}"),
                Text("set forgetting: auto", "请设置 forgetting: auto"),
            )
        return self

    @property
    def start(self) -> str:
        """The model to start from, when it is not a new one."""
        return self.model or "tiny"

    def values(self) -> dict[str, Any]:
        """Return the settings as a recipe holds them: without what was left out."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return word.strip().lower().lstrip("+-")[:3] not in ("nan", "inf")
