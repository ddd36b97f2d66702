"""Fix rows: a recipe's steps applied to a file, a new version written beside its ledger and manifest."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from taskfit.app.data.out import MadeOf, Rewritten, write_version
from taskfit.core.errors import UsageError
from taskfit.core.events import Emit, Event, silent
from taskfit.core.settings import Settings, setting
from taskfit.core.text import Text
from taskfit.core.yaml import parse_yaml
from taskfit.data.checking import Means
from taskfit.data.read import ListedRow
from taskfit.data.read_records import read_records
from taskfit.data.recipe import Mended, Named, read_recipe, run_recipe, steps_of

MENDING = Text("mending", "修正")


class FixSettings(Settings):
    """What is done to the rows, and where the new version goes."""

    about: ClassVar[Text] = Text(
        "mend rows by a recipe: a new version, with a ledger of every row changed or dropped",
        "按配方修正数据：写出新版本，并逐行记录改动与删除",
    )
    recipe: str | None = setting(
        None,
        "recipe file (YAML), as `taskfit data check --out` writes it",
        "配方文件（YAML），可由 `taskfit data check --out` 生成",
    )
    out: str | None = setting(
        None, "file of the new version; left out: nothing is written, only told", "新版本文件；不填则只报告不写出"
    )
    to: str | None = setting(
        None, "row format of the new version; left out: that of the file", "新版本的行格式；不填则与原文件相同"
    )
    model: str | None = setting(
        None,
        "a model: counts tokens, gives losses, for steps that need them",
        "模型：统计 token、计算损失（部分步骤需要）",
    )
    encoder: str | None = setting(
        None, "a model whose vectors tell what is alike, for keep_diverse", "给出向量的编码模型（用于 keep_diverse）"
    )
    online: bool = setting(False, "let the hub be asked for a model", "允许从 hub 下载模型")
    shape: str | None = setting(None, "row format of the file; left out: recognised", "原文件的行格式；不填则自动识别")
    map: dict[str, str] = setting({}, "fields by another name: text=body", "字段改名：text=body")
    encoding: str | None = setting(None, "encoding of the file", "文件编码")


@dataclass(frozen=True)
class Fixed:
    """What was read, what each step did, and what was written (None when nothing was)."""

    file: str
    read: int
    listed: tuple[ListedRow, ...]
    mended: Mended
    written: Rewritten | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows were read, listed, changed, dropped, repeated, and are left."""
        told = Counter(entry.what for one in self.mended.done for entry in one.entries)
        return {
            "read": self.read,
            "listed": len(self.listed),
            "changed": len({e.id for one in self.mended.done for e in one.entries if e.what == "changed"}),
            "dropped": told["dropped"],
            "repeated": told["repeated"],
            "left": len(self.mended.records),
        }


def fix(file: str, settings: FixSettings, steps: tuple[str, ...] = (), emit: Emit = silent) -> Fixed:
    """Apply the recipe and then `steps` (each one line of YAML) to the rows of `file`; write the new version.

    Raises UsageError for a wrong recipe, before the rows are read; DataError when the file cannot be read.
    """
    recipe = _steps(settings.recipe, steps)
    out = Path(settings.out) if settings.out is not None else None
    if out is not None and out.exists() and out.samefile(file):
        raise UsageError(
            Text("a new version never replaces the old one", "新版本不会覆盖原文件"),
            where="--out",
            todo=Text("write to another file", "请写到另一个文件"),
        )
    reading = read_records(file, settings.shape, settings.map, settings.encoding)
    means = _means(settings, recipe)

    def told(name: str, number: int) -> None:
        said = {"phase": {"en": f"{MENDING.en}: {name}", "zh": f"{MENDING.zh}：{name}"}}
        emit(Event("progress", {**said, "done": number, "total": len(recipe), "unit": ""}))

    mended = run_recipe(reading.records, recipe, means, told)
    found = Fixed(file, reading.facts.rows, reading.listed, mended)
    if out is None:
        return found
    step = {"recipe": [{one.name: one.step.model_dump(mode="json", exclude_defaults=True)} for one in recipe]}
    ledger = ((one.name, entry) for one in mended.done for entry in one.entries)
    made_of = MadeOf(file, step, found.counts, ledger)
    written = write_version(out, mended.records, settings.to or reading.facts.shape, made_of)
    return Fixed(file, reading.facts.rows, reading.listed, mended, written)


def _steps(recipe: str | None, lines: tuple[str, ...]) -> tuple[Named, ...]:
    """Return the steps of the file and then those typed; raise UsageError when there are none or one is wrong."""
    if recipe is None and not lines:
        raise UsageError(
            Text("no recipe and no step is given", "未给出配方或步骤"),
            where="--recipe",
            todo=Text(
                "name a recipe, or a step: --step 'drop_duplicates: {similar: 0.8}'",
                "请指定配方，或某一步：--step 'drop_duplicates: {similar: 0.8}'",
            ),
        )
    steps = read_recipe(Path(recipe)) if recipe is not None else ()
    if lines:
        typed = "steps:\n" + "".join(f"- {line}\n" for line in lines)
        steps += steps_of(replace(parse_yaml(typed, Path("--step")), lines={}))
    return steps


def _means(settings: FixSettings, recipe: tuple[Named, ...]) -> Means:
    """Return what the models lend; weights are loaded only where a step wants them."""
    means = Means()
    if settings.model is not None:
        from taskfit.app.data.means import losses_of, means_of

        means = means_of(settings.model, online=settings.online)
        if any("losses" in one.step.wanted for one in recipe):
            means = replace(means, losses=losses_of(settings.model, online=settings.online))
    if settings.encoder is not None:
        from taskfit.app.data.means import vectors_of

        means = replace(means, embed=vectors_of(settings.encoder, online=settings.online))
    return means
