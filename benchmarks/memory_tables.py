"""The tables of memory.py, in English and Chinese, and the documents that hold them.

A table stands between `<!-- table: memory/NAME -->` and `<!-- end -->`.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from common import table

SPOT = re.compile(r"(<!-- table: memory/(?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def shown(name: str, found: Mapping[str, Any], *, zh: bool = False) -> str:
    """Return the table `name` of what was found."""
    return TABLES[name](found, zh)


def fill(docs: Path, results: Path) -> None:
    """Put the tables of the result files into docs/memory.md and docs/memory.zh.md."""
    found: dict[str, Any] = {}
    for path in (results / "memory.json", results / "memory-measured.json"):
        if path.is_file():
            found |= json.loads(path.read_text(encoding="utf-8"))
    for page, zh in ((docs / "memory.md", False), (docs / "memory.zh.md", True)):
        text = page.read_text(encoding="utf-8")

        def put(spot: re.Match[str], zh: bool = zh) -> str:
            return f"{spot[1]}\n{shown(spot['name'], found, zh=zh)}\n\n{spot[3]}"

        page.write_text(SPOT.sub(put, text), encoding="utf-8")
        print(f"written: {page}")


def gb(count: float) -> str:
    return f"{count / 1e9:,.1f}"


def show_errors(found: Mapping[str, Any], zh: bool) -> str:
    head = ("来源", "行数", "中位误差", "90 分位", "最大", "偏差") if zh else (
        "source", "rows", "median error", "90th percentile", "largest", "bias"
    )  # fmt: skip
    rows = [*found["sources"], {**found["all"], "name": "**全部**" if zh else "**all**"}]
    cells = [
        (one["name"], one["rows"], *(f"{one[key]:.1%}" for key in ("median", "p90", "largest")), f"{one['bias']:+.1%}")
        for one in rows
    ]
    return table(head, cells)


def show_fit(found: Mapping[str, Any], zh: bool) -> str:
    first, second = found["fit"], found["varied_by_model"]
    head = ("拟合于", "常数", "拟合部分 中位 / 90 分位", "留出部分", "留出 中位 / 90 分位") if zh else (
        "fitted on", "constants", "fitted half: median / p90", "held out", "held out: median / p90"
    )  # fmt: skip
    both = [
        (
            "ms-swift, PEFT",
            f"slack {first['constants']['slack']:.2f}, slack_varied {first['constants']['slack_varied']:.2f}",
            first,
            "Qwen README, litgpt",
        ),
        (
            "ms-swift: Qwen",
            f"slack_varied {second['slack_varied']:.2f}",
            second,
            "ms-swift: ChatGLM3, Yi, Mistral, Baichuan2",
        ),
    ]
    cells = [
        (
            name,
            constants,
            f"{one['fitted']['rows']}: {one['fitted']['median']:.1%} / {one['fitted']['p90']:.1%}",
            other,
            f"{one['held_out']['rows']}: {one['held_out']['median']:.1%} / {one['held_out']['p90']:.1%}",
        )
        for name, constants, one, other in both
    ]
    return table(head, cells)


def show_too_large(found: Mapping[str, Any], zh: bool) -> str:
    head = ("编号", "设置", "设备数", "预测 GB", "预测能放进 40 GB", "40 GiB") if zh else (
        "id", "setting", "devices", "predicted GB", "predicted to fit 40 GB", "40 GiB"
    )  # fmt: skip
    words = ("否", "**是**") if zh else ("no", "**yes**")
    cells = [
        (
            one["id"],
            one["what"],
            one["devices"],
            gb(one["predicted"]),
            words[one["fits_40GB"]],
            words[one["fits_40GiB"]],
        )
        for one in found["too_large"]
    ]
    return table(head, cells)


def show_impossible(found: Mapping[str, Any], zh: bool) -> str:
    head = ("编号", "公开数字", "所说 GB", "至少需要 GB", "其中", "来源") if zh else (
        "id", "figure", "said, GB", "at least, GB", "for", "source"
    )  # fmt: skip
    cells = [
        (
            one["id"],
            one["what"],
            gb(one["said"]),
            gb(one["least"]),
            why_in_chinese(one["why"]) if zh else one["why"],
            one["source"],
        )
        for one in found["impossible"]
    ]
    return table(head, cells)


def why_in_chinese(why: str) -> str:
    """Return in Chinese what fewest bytes are for."""
    bits = re.sub(r"^.* in (\d+) bits$", r"\1", why)
    return f"{bits} 位的权重、梯度与两个矩" if "gradients" in why else f"{bits} 位的权重"


def show_worst(found: Mapping[str, Any], zh: bool) -> str:
    head = ("编号", "设置", "实测 GB", "误差") if zh else ("id", "setting", "measured GB", "error")
    return table(
        head, [(one["id"], one["what"], gb(one["measured"]), f"{one['error']:+.0%}") for one in found["worst"]]
    )


def show_two_models(found: Mapping[str, Any], zh: bool) -> str:
    head = ("模型", "方法", "训练的参数", "taskfit GB", "transformers GB", "DeepSpeed GB") if zh else (
        "model", "method", "trained numbers", "taskfit, GB", "transformers, GB", "DeepSpeed, GB"
    )  # fmt: skip
    cells = [
        (
            one["model"],
            one["way"],
            f"{one['trained']:,}",
            *(gb(one[key]) for key in ("taskfit", "transformers", "deepspeed")),
        )
        for one in found["two_models"]
    ]
    return table(head, cells)


def show_measured(found: Mapping[str, Any], zh: bool) -> str:
    english = (
        "method",
        "batch x length",
        "numbers",
        "checkpointing",
        "imports, MB",
        "model parts, MB",
        "predicted, MB",
        "error",
        "model parts with the heap as it is, MB",
    )
    chinese = (
        "方法",
        "批 x 长度",
        "精度",
        "重计算",
        "导入 MB",
        "模型部分 MB",
        "预测 MB",
        "误差",
        "默认堆下的模型部分 MB",
    )
    yes = ("否", "是") if zh else ("no", "yes")
    sizes = ("imports", "model_parts", "predicted")
    cells = [
        (
            one["way"],
            f"{one['batch']} x {one['length']}",
            one["precision"],
            yes[one["checkpointing"]],
            *(f"{one[key] / 1e6:,.0f}" for key in sizes),
            f"{one['error']:+.0%}",
            f"{one['model_parts_heap'] / 1e6:,.0f}",
        )
        for one in found["lines"]
    ]
    return table(chinese if zh else english, cells)


TABLES: dict[str, Callable[[Mapping[str, Any], bool], str]] = {
    "errors": show_errors,
    "fit": show_fit,
    "too-large": show_too_large,
    "impossible": show_impossible,
    "worst": show_worst,
    "two-models": show_two_models,
    "measured": show_measured,
}
