"""The command `train`: its flags, and which file it was given."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskfit.cli.command import Stage, both
from taskfit.cli.flags import Block, Flag
from taskfit.core.errors import UsageError
from taskfit.core.text import Text

if TYPE_CHECKING:
    from taskfit.live_train import TrainView

# Keys without a flag of their own: they have a shorter one, or only make sense in a file.
WITHOUT = frozenset({"settings", "sweep", "rows.files", "rows.datasets"})


def train_blocks() -> tuple[Block, ...]:
    """Return the flags of `train`."""
    from taskfit.app.train_settings import TrainSettings
    from taskfit.cli.bridge import blocks_of

    own, *nested = blocks_of(TrainSettings, without=WITHOUT)
    return (Block(own.title, (*own.flags[:1], *_short_flags(), *own.flags[1:])), *nested)


def _short_flags() -> tuple[Flag, ...]:
    return (
        Flag(
            "rows",
            "list",
            "FILE,...",
            Text(
                "files of rows; FILE:0.2 takes so many that they are a fifth of all",
                "数据文件；写成 文件:0.2 则使其占全部数据的五分之一",
            ),
        ),
        Flag(
            "task",
            "value",
            "FILE",
            Text(
                "task file; its task, and its rows and model unless named here",
                "任务文件：取其中的任务；未另行指定时也取其数据与模型",
            ),
        ),
        Flag(
            "set",
            "words",
            "NAME=VALUE",
            Text(
                "a setting of the method (`taskfit methods NAME` lists them); may be typed again",
                "方法的一项设置（taskfit methods 方法名 可查看），可重复使用",
            ),
        ),
        Flag(
            "sweep",
            "words",
            "NAME=RANGE",
            Text(
                "search for a setting on dev: lr=log:1e-5:1e-3, batch=8|16, epochs=1:4; may be typed again",
                "在 dev 上搜索设置：lr=log:1e-5:1e-3、batch=8|16、epochs=1:4，可重复使用",
            ),
        ),
        Flag("sweep_trials", "value", "INT ≥1", Text("trainings the sweep may cost", "搜索最多训练的次数"), "8"),
        Flag("fresh", "switch", "", Text("begin anew in the run folder", "在运行目录中重新开始")),
    )


def train_command(values: Mapping[str, Any], stage: Stage) -> None:
    """Train what the arguments and flags ask for, and show the summary."""
    flags = {key: values[key] for key in values if key not in ("recipe", "words", "fresh")}
    words = list(values.get("words") or ())
    target = Path(values["recipe"]) if values.get("recipe") else None
    if target is None and "method" not in flags:
        raise UsageError(
            Text("what shall be trained is missing", "缺少要训练的内容"),
            todo=Text(
                "for example: taskfit train --method lora --model tiny --rows rows.jsonl --run runs/first",
                "例如：taskfit train --method lora --model tiny --rows rows.jsonl --run runs/first",
            ),
        )
    if target is not None and target.suffix.lower() in (".yaml", ".yml"):
        from taskfit.app.llamafactory.file import is_llamafactory

        if is_llamafactory(target):
            _llamafactory(target, words, flags, stage, fresh=bool(values.get("fresh")))
            return
    from taskfit.app.train import read_train, train_run

    settings = read_train(target, {**flags, "set": [*flags.get("set", ()), *words]})
    with _view() as view:
        run = train_run(settings, both(stage.see, view.emit), fresh=bool(values.get("fresh")))
    _show(run)


def _llamafactory(target: Path, words: list[str], flags: Mapping[str, Any], stage: Stage, *, fresh: bool) -> None:
    """Train as a file of LLaMA-Factory says; the words behind it win over its keys, as there."""
    foreign = sorted(set(flags) - {"online", "threads"})
    if foreign:
        named = ", ".join(f"--{key}".replace("_", "-") for key in foreign)
        raise UsageError(
            Text(f"{named}: not for a LLaMA-Factory file", f"{named} 不适用于 LLaMA-Factory 配置文件"),
            where=str(target),
            todo=Text("write key=value behind the file", "请在文件后写 key=value"),
        )
    from taskfit.app.llamafactory.order import read_order
    from taskfit.app.llamafactory.run import train_order

    threads = int(flags["threads"]) if "threads" in flags else None
    order = read_order(target, words, online=bool(flags.get("online")), threads=threads)
    for sentence in () if _follows() else order.told:
        _say(sentence)
    with _view() as view:
        train_order(order, both(stage.see, view.emit), fresh=fresh)
    _show(Path(str(order.settings.run)))


def _view() -> "TrainView":
    from taskfit.live_train import TrainView

    return TrainView(quiet=_follows())


def _follows() -> bool:
    """Tell whether this process only helps another one, which does the talking (torchrun)."""
    return os.environ.get("RANK", "0") != "0"


def _show(run: Path) -> None:
    from rich.console import Console

    from taskfit.cli.show_train import show_trained

    if not _follows():
        show_trained(run, Console())


def _say(sentence: Text) -> None:
    print(sentence)  # noqa: T201
