"""What `taskfit train` shows at its end: the worth of what was made, what it took, where it lies, what to do next."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text as Line

from taskfit.app.settings import default_rungs, method_class
from taskfit.app.train_forgetting import read_forgotten
from taskfit.app.train_place import FINISHED, SETTINGS
from taskfit.app.train_score import LossWorth, Worth, read_loss, read_worth
from taskfit.cli.show_forgotten import forgotten_rows
from taskfit.core.files import read_json
from taskfit.core.task import Kind
from taskfit.core.text import Text, same
from taskfit.core.yaml import read_yaml
from taskfit.ladder.report import numbers
from taskfit.ladder.report.visible import one_line
from taskfit.ladder.report.words import metric_name
from taskfit.live_train import dev_figure, dev_name

SHOWN_TRIALS = 20
MADE = ("model", "adapter", "trained.safetensors", "head.safetensors", "soft", "weights.safetensors")


def show_trained(run: Path, console: Console) -> None:
    """Print the summary of a finished training."""
    facts, worth = read_json(run / FINISHED), read_worth(run)
    rows: list[tuple[Text, str]] = []
    if worth is not None:
        rows += _worth(worth)
    if (loss := read_loss(run)) is not None:
        rows += _loss(loss)
    if facts.get("dev_score") is not None:
        rows.append(_dev(facts["dev_score"], facts.get("dev_metric", "")))
    if (forgotten := read_forgotten(run)) is not None:
        rows += forgotten_rows(forgotten)
    rows += _took(facts)
    made = _made(run, facts["result"])
    rows.append((Text("written", "已写入"), f"{made}{_size(Path(made))}"))
    console.print(_table(rows))
    if len(facts.get("trials", ())) > 1:
        console.print(_trials(facts["trials"], facts.get("dev_metric", "")))
    for remark in facts.get("remarks", ()):
        told = Text(remark["en"], remark["zh"])
        console.print(Line(str(Text(f"note: {told.en}", f"说明：{told.zh}"))), soft_wrap=True)
    console.print(Line.assemble((f"{Text('next: ', '下一步：')}", "dim"), _next(run, facts)), soft_wrap=True)


def _worth(worth: Worth) -> list[tuple[Text, str]]:
    found = []
    for name, interval in worth.trained.metrics.items():
        percent = 0 <= interval.estimate <= 1
        shown = str(numbers.metric_interval(interval, percent=percent))
        base = worth.base.metrics.get(name) if worth.base is not None else None
        if base is not None:
            before, start = numbers.metric_interval(base, percent=percent), _start(worth)
            shown += f"   {start} {before}"
        title = metric_name(name)
        rows = worth.trained.rows
        found.append((Text(f"{title.en} on {rows} test rows", f"{rows} 行测试数据的{title.zh}"), shown))
    compared = worth.comparison
    if compared is not None:
        difference = numbers.difference(compared.difference, percent=True)
        p = numbers.p_value(compared.p)
        found.append(
            (
                Text("difference", "差异"),
                str(Text(f"{difference.en} points, p {p.en}", f"{difference.zh} 个百分点，p {p.zh}")),
            )
        )
    if worth.trained.unscored:
        found.append((Text("answers that could not be read", "无法读取的回答"), str(worth.trained.unscored)))
    return found


def _start(worth: Worth) -> Text:
    """Return what the trained model, or the better prompt, is held against."""
    if method_class(worth.trained.method).changes == "nothing":
        return same(worth.base.method if worth.base is not None else "")
    return Text("before training", "训练前")


def _loss(found: LossWorth) -> list[tuple[Text, str]]:
    after, before, change = (
        f"{one.estimate:{sign}.3f} [{one.low:{sign}.3f}, {one.high:{sign}.3f}]".replace("-", "−")
        for one, sign in ((found.trained, ""), (found.base, ""), (found.change, "+"))
    )
    return [
        (
            Text(f"loss on {found.rows} test rows", f"{found.rows} 行测试数据的损失"),
            str(Text(f"{after}   before training {before}", f"{after}   训练前 {before}")),
        ),
        (Text("difference", "差异"), str(Text(f"{change} nats per token", f"每 token {change} 奈特"))),
    ]


def _dev(score: float, metric: str) -> tuple[Text, str]:
    return _on_dev(metric), dev_figure(score, metric)


def _on_dev(metric: str) -> Text:
    name = dev_name(metric)
    return Text(f"{name.en} on dev", f"dev {name.zh}")


def _took(facts: Mapping[str, Any]) -> list[tuple[Text, str]]:
    trained = facts["parameters_trained"]
    took = Text("training took", "训练用时") if trained else Text("adapting took", "适配用时")
    found = [(took, str(numbers.seconds(facts["seconds"])))]
    pace = facts.get("tokens_per_second")
    if pace:
        found.append((Text("tokens per second", "每秒 token 数"), f"{pace:,.0f}"))
    found.append((Text("peak memory", "内存峰值"), str(numbers.size(facts["bytes_peak"]))))
    found.append((Text("weights trained", "训练的权重数"), f"{trained:,}"))
    return found


def _made(run: Path, result: str) -> str:
    named = next((run / name for name in MADE if (run / name).exists()), run / result)
    return named.as_posix()


def _size(path: Path) -> str:
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    count = sum(one.stat().st_size for one in files)
    return f"  ({count / 1e3:,.0f} kB)" if count < 1e6 else f"  ({numbers.size(count)})"


def _next(run: Path, facts: Mapping[str, Any]) -> str:
    """Return the command that usually follows: measure what was made beside cheaper methods, or go on from it."""
    settings = read_yaml(run / SETTINGS).values
    rows = (settings.get("rows") or {}).get("files") or [{}]
    file = rows[0].get("file", "ROWS")
    task = read_json(run / "rows.json")["task"]
    if facts["result"] == "model":
        words = [file if task["labels"] else "ROWS", "--model", f"{run.as_posix()}/model"]
    else:
        method, model = settings["method"], settings.get("model", "tiny")
        other = _compared(method, task["kind"], facts.get("architecture", ""))
        pair = sorted((other, method), key=lambda name: method_class(name).rank)
        words = [file, "--model", model, "--rungs", ",".join(pair)]
    if test := (settings.get("rows") or {}).get("test"):
        words += ["--rows.test", test]
    words += _asked(settings.get("task") or {})
    return f"taskfit climb {shlex.join(map(str, words))}"


def _compared(method: str, kind: Kind, architecture: str) -> str:
    """Return the cheapest other method of the usual ladder; an encoder is not asked, for it cannot say a word."""
    usual = (one.method for one in default_rungs(kind) if one.method != method)
    return next(name for name in usual if architecture != "encoder" or method_class(name).changes != "nothing")


def _asked(task: Mapping[str, Any]) -> list[str]:
    """Return the flags that ask the same task again."""
    words: list[str] = []
    if kind := task.get("kind"):
        words += ["--task.kind", str(kind)]
    if instruction := task.get("instruction"):
        words += ["--task.instruction", str(instruction)]
    if labels := task.get("labels"):
        shown = labels if isinstance(labels, list) else [f"{name}={word}" for name, word in labels.items()]
        words += ["--task.labels", ",".join(map(str, shown))]
    return words


def _table(rows: list[tuple[Text, str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column("", style="dim", no_wrap=True)
    table.add_column("", overflow="fold")
    for name, value in rows:
        table.add_row(str(name), Line(one_line(value) if "   " not in value else value))
    return table


def _trials(trials: list[Mapping[str, Any]], metric: str) -> Table:
    names = list(dict.fromkeys(name for one in trials for name in one["settings"]))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in (*map(same, names), _on_dev(metric), Text("time", "用时"), Text("chosen", "选中")):
        table.add_column(str(title), justify="right")
    best_first = sorted(trials, key=lambda one: -float(one["dev_score"]))
    for one in best_first[:SHOWN_TRIALS]:
        cells = [_short(one["settings"].get(name)) for name in names]
        took = str(numbers.seconds(one["seconds"]))
        table.add_row(*cells, dev_figure(one["dev_score"], metric), took, "✓" if one["chosen"] else "")
    return table


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
