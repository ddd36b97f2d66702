"""Fill the tables of docs/performance.md and docs/performance.zh.md from the result files; the text around them is
written by hand.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; NAME is a result file, or FILE/WAY for one way to train.
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from common import HERE, table

SPOT = re.compile(r"(<!-- table: (?P<name>[\w/-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
Facts = Mapping[str, Any]
Say = Callable[[str], str]
CHINESE = {
    "way": "方式",
    "CPU ms per question": "每题 CPU 毫秒",
    "times faster": "加速比",
    "same answer": "答案一致",
    "largest difference of log p": "log p 最大差",
    "padded requests, transformers fp32": "带填充的逐条请求，transformers fp32",
    "configuration": "配置",
    "tokens / CPU s": "token / CPU 秒",
    "taskfit bf16 is faster by": "taskfit bf16 的加速比",
    "first step, CPU s": "第一步，CPU 秒",
    "peak MB": "内存峰值 MB",
    "padding": "填充",
    "plain fp32": "朴素实现 fp32",
    "TRL default": "TRL 默认",
    "TRL default, no checkpointing": "TRL 默认，不重计算",
    "TRL packing (bfd)": "TRL packing（bfd）",
    "Largest relative difference of a step's loss to the plain loop (fp32): {}.": (
        "每步损失与朴素循环的最大相对差（fp32）：{}。"
    ),
    "rung": "台阶",
    "plain, CPU s": "朴素实现，CPU 秒",
    "same answers, fp32": "答案一致，fp32",
    "largest difference of log p, fp32": "log p 最大差，fp32",
    "other algorithm": "算法不同",
    "**all rungs**": "**全部台阶**",
    "whole processes, with imports": "整个进程，含导入",
    "trained rungs together": "训练的台阶合计",
    "whole climb": "整次攀登",
    "CPU s of adapting": "适配 CPU 秒",
    "accuracy": "准确率",
    "CPU s": "CPU 秒",
    "taskfit is faster by, 1 epoch": "taskfit 的加速比，1 轮",
    "{} epochs": "{} 轮",
    "Trainer bf16, grouped by length": "Trainer bf16，按长度分组",
    "{}. {}, {}; {}; {}.": "{}。{}，{}；{}；{}。",
    ", ": "，",
    "model": "模型",
    "shape": "形状",
    "rows": "行数",
    "train": "训练",
    "test": "测试",
    "queries": "问题数",
    "shots": "示例数",
    "epochs": "轮数",
    "batch": "批大小",
    "max_length": "最大长度",
    "lr": "学习率",
    "trials": "尝试次数",
    "seeds": "种子数",
    "repeat": "重复次数",
}


def english(phrase: str) -> str:
    """Return a phrase as it is written here."""
    return phrase


def chinese(phrase: str) -> str:
    """Return a phrase in Chinese; names of methods, programs and precisions stay."""
    return CHINESE.get(phrase, phrase)


PAGES: Mapping[str, Say] = {"performance.md": english, "performance.zh.md": chinese}


def kshot(found: Facts, say: Say) -> str:
    """Return the table of kshot_scoring.py."""
    head = ("way", "CPU ms per question", "times faster", "same answer", "largest difference of log p")
    rows = [
        (say(one["way"]), one["range"], f"{one['ratio']}x", f"{one['same_answer']:.1%}", f"{one['largest_gap']:.0e}")
        for one in found["lines"]
    ]
    return table([say(one) for one in head], rows) + settings_line(found, say)


def sft(found: Facts, way: str, say: Say) -> str:
    """Return the table of one way of sft.py; ratios are taskfit bf16 over the line."""
    lines: Sequence[Facts] = found["ways"][way]["lines"]
    ours = next(one for one in lines if one["line"] == "taskfit bf16")
    head = ("configuration", "tokens / CPU s", "taskfit bf16 is faster by", "first step, CPU s", "peak MB", "padding")
    rows = [
        (
            say(one["line"]),
            one["range"],
            f"{ours['tokens_per_cpu_second'] / one['tokens_per_cpu_second']:.2f}x",
            f"{one['first_step_cpu_seconds']:.1f}",
            f"{one['peak_mb']:,}",
            f"{one['padding']:.0%}",
        )
        for one in lines
    ]
    gap = found["ways"][way]["loss_gap_to_plain"]
    phrase = say("Largest relative difference of a step's loss to the plain loop (fp32): {}.")
    said = "" if gap is None else "\n\n" + phrase.format(f"{gap:.0e}")
    return table([say(one) for one in head], rows) + said + settings_line(found, say)


def ladder(found: Facts, say: Say) -> str:
    """Return the table of ladder.py."""
    head = (
        "rung",
        "plain, CPU s",
        "taskfit fp32",
        "taskfit bf16",
        "same answers, fp32",
        "bf16",
        "largest difference of log p, fp32",
    )
    rows: list[tuple[str, ...]] = [
        (
            one["rung"],
            *(f"{one[key]:.2f}" for key in ("plain_cpu_seconds", "fp32_cpu_seconds", "bf16_cpu_seconds")),
            *(say("other algorithm"),) * 3,
        )
        if one["rung"] == "head"
        else (
            one["rung"],
            *(f"{one[key]:.2f}" for key in ("plain_cpu_seconds", "fp32_cpu_seconds", "bf16_cpu_seconds")),
            *(f"{one[key]:.1%}" for key in ("fp32_same_answers", "bf16_same_answers")),
            f"{one['fp32_largest_gap']:.0e}",
        )
        for one in found["lines"]
    ]
    sums = found["sums"]
    for name, part in (("**all rungs**", "work"), ("whole processes, with imports", "processes")):
        ours = [f"{sums[f'{kind}_{part}']:.1f} (**{sums[f'{kind}_{part}_ratio']:.1f}x**)" for kind in ("fp32", "bf16")]
        rows.append((say(name), f"{sums[f'plain_{part}']:.1f}", *ours, "", "", ""))
    return table([say(one) for one in head], rows) + settings_line(found, say)


def climb(found: Facts, say: Say) -> str:
    """Return the table of climb_overhead.py."""
    rows = [(name, f"{one['cpu_seconds']:.1f}", f"{one['estimate']:.3f}") for name, one in found["rungs"].items()]
    rows += [(say("trained rungs together"), f"{found['trained_cpu_seconds']:.1f}", "")]
    rows += [(say("whole climb"), f"{found['climb_cpu_seconds']:.1f} (**{found['ratio']:.2f}x**)", "")]
    head = ("rung", "CPU s of adapting", "accuracy")
    return table([say(one) for one in head], rows) + settings_line(found, say)


def head(found: Facts, say: Say) -> str:
    """Return the table of head.py; ratios are over taskfit in the same precision."""
    epochs = say("{} epochs").format(found["settings"]["epochs"])
    names = ("configuration", "CPU s", "taskfit is faster by, 1 epoch", epochs, "accuracy", "peak MB")
    rows = [
        (
            say(one["line"]),
            one["range"],
            f"{one['ratio_one_epoch']:.1f}x",
            f"{one['ratio']:.1f}x",
            f"{one['accuracy']:.3f}",
            f"{one['peak_mb']:,}",
        )
        for one in found["lines"]
    ]
    return table([say(one) for one in names], rows) + settings_line(found, say)


def settings_line(found: Facts, say: Say) -> str:
    """Return where and how the figures were taken, in one line."""
    asked = [f"{say(key)} {value}" for key, value in found["settings"].items() if not isinstance(value, list)]
    machine = found["machine"]
    versions = [f"{name} {version}" for name, version in machine["versions"].items()]
    lists = [say(", ").join(one) for one in (asked, machine["vector_units"], versions)]
    said = say("{}. {}, {}; {}; {}.").format(lists[0], machine["processor"], *lists[1:], machine["date"])
    return f"\n\n{said}"


def filled(name: str, results: Path, say: Say) -> str | None:
    """Return the table called `name`, or None when its result file is not there."""
    file, _, way = name.partition("/")
    path = results / f"{file}.json"
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    if way:
        return sft(found, way, say)
    makers = {"kshot_scoring": kshot, "ladder": ladder, "climb_overhead": climb, "head": head}
    return makers[found["benchmark"].partition("-")[0]](found, say)


def fill(page: Path, results: Path, say: Say) -> None:
    """Write the tables of one page anew."""

    def put(spot: re.Match[str]) -> str:
        made = filled(spot["name"], results, say)
        if made is None:
            print(f"{page.name}: no results for {spot['name']}: left as it is")
            return spot[0]
        return f"{spot[1]}\n{made}\n\n{spot[3]}"

    page.write_text(SPOT.sub(put, page.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"written: {page}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--docs", type=Path, default=HERE.parent / "docs", help="folder of the pages")
    chosen = parser.parse_args()
    for name, say in PAGES.items():
        fill(chosen.docs / name, chosen.results, say)


if __name__ == "__main__":
    main()
