"""The commands, each with what it takes and the one function of `app` that it calls."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taskfit.cli.command import Argument, Command, Stage, both
from taskfit.cli.compare import compare_command
from taskfit.cli.data import data_command
from taskfit.cli.flags import Block
from taskfit.cli.show_memory import memory_blocks, memory_command, model_names
from taskfit.cli.show_model import show_blocks, show_command
from taskfit.cli.train import train_blocks, train_command
from taskfit.core.text import Text

Values = Mapping[str, Any]


def commands() -> tuple[Command, ...]:
    """Return all commands, the main job first."""
    return (*_jobs(), *_views())


def _jobs() -> tuple[Command, ...]:
    return (
        Command(
            "climb",
            Text(
                "climb the ladder on your rows: every method measured, a report, a verdict",
                "在数据上逐级尝试各方法：测量、报告、结论",
            ),
            _climb,
            (
                Argument(
                    "target",
                    Text(
                        "a task file (.yaml), or a file of rows: the task is then guessed",
                        "任务文件（.yaml），或数据文件（自动推断任务）",
                    ),
                ),
            ),
            _climb_blocks,
            "taskfit climb task.yaml --max-test 500",
        ),
        Command(
            "report",
            Text(
                "rebuild the report of a run from its predictions; no model needed",
                "由预测结果重建一次运行的报告，不需要模型",
            ),
            _report,
            (Argument("run", Text("the folder of the run", "运行目录")),),
            example="taskfit report runs/reviews-0001",
        ),
        compare_command(),
        Command(
            "train",
            Text(
                "train one method on your rows: labelled, conversations or plain text",
                "用数据训练一种方法：带标签的数据、对话或纯文本",
            ),
            _train,
            (
                Argument(
                    "recipe",
                    Text(
                        "a recipe (.yaml), a LLaMA-Factory file (.yaml), or a file of rows",
                        "配方（.yaml）、LLaMA-Factory 配置（.yaml）或数据文件",
                    ),
                    required=False,
                ),
                Argument(
                    "words",
                    Text("key=value, over those of the file", "key=value，覆盖文件中的值"),
                    required=False,
                    many=True,
                ),
            ),
            train_blocks,
            "taskfit train --method lora --model tiny --rows rows.jsonl --run runs/first",
        ),
        data_command(),
    )


def _views() -> tuple[Command, ...]:
    return (
        Command(
            "methods",
            Text("list the methods, or tell all about one", "列出方法，或查看某个方法的全部设置"),
            _methods,
            (Argument("name", Text("name of a method", "方法名"), required=False, choices=_method_names),),
            example="taskfit methods lora",
        ),
        Command(
            "show",
            Text(
                "explain a model: its parts, what a head adds, whether it answers or only continues",
                "说明一个模型：组成、分类头带来的变化、会作答还是只会续写",
            ),
            show_command,
            (
                Argument("what", Text("model", "model"), choices=_shown),
                Argument("name", Text("tiny, a folder, a hub name", "tiny、本地目录或 hub 名称")),
            ),
            show_blocks,
            "taskfit show model tiny",
        ),
        Command(
            "memory",
            Text(
                "will it fit? bytes by part, before anything is loaded",
                "放得下吗？加载之前按部分估算内存",
            ),
            memory_command,
            (
                Argument(
                    "model",
                    Text(
                        "a folder, a config.json, or a known name; left out: Llama-2 7B and 13B",
                        "本地目录、config.json 或已知名称；不填则为 Llama-2 7B 与 13B",
                    ),
                    required=False,
                    choices=model_names,
                ),
            ),
            memory_blocks,
            "taskfit memory llama-2-7b --method qlora --fits 24GB",
        ),
        Command(
            "formats",
            Text(
                "list the formats of files and rows that can be read, or print an example row of one",
                "列出可读取的文件与行格式，或打印某种行格式的示例",
            ),
            _formats,
            (
                Argument(
                    "name",
                    Text("name of a row format: an example row is printed", "行格式名称：打印一行示例"),
                    required=False,
                    choices=_shape_names,
                ),
            ),
            example="taskfit formats alpaca > alpaca.jsonl",
        ),
        Command("metrics", Text("list the metrics", "列出指标"), _metrics),
        Command(
            "doctor", Text("look at this machine: versions, memory, threads", "检查本机：版本、内存、线程"), _doctor
        ),
    )


def _climb_blocks() -> tuple[Block, ...]:
    from taskfit.app.settings import ClimbSettings
    from taskfit.cli.bridge import blocks_of

    return blocks_of(ClimbSettings)


def _method_names() -> tuple[str, ...]:
    from taskfit.app.settings import METHODS

    return METHODS.names()


def _shape_names() -> tuple[str, ...]:
    from taskfit.data.shape import SHAPES

    return SHAPES.names()


def _shown() -> tuple[str, ...]:
    return ("model",)


def _climb(values: Values, stage: Stage) -> None:
    from rich.console import Console

    from taskfit.app.settings import rungs_of
    from taskfit.app.task_file import read_climb

    settings = read_climb(Path(values["target"]), {key: values[key] for key in values if key != "target"})
    from taskfit.app.climb import climb
    from taskfit.ladder.report.terminal import show_report
    from taskfit.live import LiveTable

    with LiveTable(rungs=[rung.name for rung in rungs_of(settings)]) as table:
        result = climb(settings, both(stage.see, table.emit))
    show_report(result.report, Console())
    _say_where(result.folder)


def _report(values: Values, stage: Stage) -> None:  # noqa: ARG001
    from rich.console import Console

    from taskfit.app.report import rebuild
    from taskfit.ladder.report.terminal import show_report

    folder = Path(values["run"])
    show_report(rebuild(folder), Console())
    _say_where(folder)


def _train(values: Values, stage: Stage) -> None:
    train_command(values, stage)


def _methods(values: Values, stage: Stage) -> None:  # noqa: ARG001
    from taskfit.app.catalogues import method_page, methods
    from taskfit.cli.show import show_entries, show_method

    if "name" in values:
        show_method(method_page(values["name"]))
    else:
        show_entries(methods())


def _formats(values: Values, stage: Stage) -> None:  # noqa: ARG001
    from taskfit.app.catalogues import example_row, formats, shapes
    from taskfit.cli.show import show_entries

    if "name" in values:
        print(example_row(values["name"]))  # noqa: T201
        return

    _say(Text("Files that can be read:", "可读取的文件格式："))
    show_entries(formats())
    _say(
        Text(
            "\nRows that can be read and written (taskfit data convert IN --to NAME --out FILE):",
            "\n可读取与写出的行格式（taskfit data convert 输入 --to 名称 --out 文件）：",
        )
    )
    show_entries(shapes())


def _metrics(values: Values, stage: Stage) -> None:  # noqa: ARG001
    from taskfit.app.catalogues import metrics
    from taskfit.cli.show import show_entries

    show_entries(metrics())


def _doctor(values: Values, stage: Stage) -> None:  # noqa: ARG001
    from taskfit.app.doctor import doctor
    from taskfit.cli.show import show_facts

    show_facts(doctor(Path("runs")))


def _say_where(run: Path) -> None:
    page = run / "report.html"
    _say(Text(f"The report: {page}", f"报告：{page}"))


def _say(sentence: Text) -> None:
    print(sentence)  # noqa: T201
