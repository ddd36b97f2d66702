"""The command `data synthesize`."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskfit.app.stop import Stopped
from taskfit.cli.command import Command, Stage, both
from taskfit.cli.flags import Block, Flag
from taskfit.core.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from taskfit.app.data.synthesize import Synthesis

INTERRUPTED = 130
# Where an address stands already, what the recipe decides, and what --budget says for both.
NOT_ASKED = ("url", "seed", "temperature", "max_money")
WITHOUT = frozenset(("set", *(f"{block}.{name}" for block in ("remote", "judge_remote") for name in NOT_ASKED)))


def command() -> Command:
    """Return the command."""
    return Command(
        "synthesize",
        Text(
            "make rows with a model: from seed tasks, documents or rows", "用模型生成数据：由种子任务、文档或已有数据"
        ),
        _run,
        blocks=_blocks,
        example="taskfit data synthesize --how self_instruct --model http://127.0.0.1:8000/v1 --remote.model qwen3 --rows 200",
    )


def _blocks() -> tuple[Block, ...]:
    from taskfit.app.data.synthesize_settings import SynthesizeSettings
    from taskfit.cli.bridge import blocks_of

    own, *nested = blocks_of(SynthesizeSettings, without=WITHOUT)
    more = (
        Flag(
            "set",
            "words",
            "NAME=VALUE",
            Text(
                "a setting of the recipe; may be typed again; an unknown name lists them",
                "生成方式的一项设置，可重复使用；写错名称时会列出全部",
            ),
        ),
        Flag(
            "fresh",
            "switch",
            "",
            Text(
                "begin anew in the folder; answers that were paid for are used again",
                "在目录中重新开始；已付费的回答会再次使用",
            ),
        ),
    )
    return (Block(own.title, (*own.flags, *more)), *nested)


def _run(values: Mapping[str, Any], stage: Stage) -> None:
    from rich.console import Console

    from taskfit.app.data.synthesize import synthesize_rows
    from taskfit.app.data.synthesize_settings import SynthesizeSettings
    from taskfit.cli.data.bar import Bar

    asked, lines = _nested(values)
    settings = SynthesizeSettings.read(asked, lines=lines)
    try:
        with Bar() as bar:
            made = synthesize_rows(settings, both(stage.see, bar.emit), fresh=bool(values.get("fresh")))
    except KeyboardInterrupt as stopped:
        _say(
            Text(
                f"stopped; all is kept in {settings.out}, the same command again goes on",
                f"已停止；结果保存在 {settings.out}，再次运行同一命令即可继续",
            )
        )
        raise SystemExit(stopped.exit_code if isinstance(stopped, Stopped) else INTERRUPTED) from None
    _show(made, Console(highlight=False))


def _nested(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the flags as the settings class reads them, and the flag of each dotted key."""
    asked: dict[str, Any] = {}
    for key, value in values.items():
        if key == "fresh":
            continue
        if key == "set":
            value = dict(one.partition("=")[::2] for one in value)
        *blocks, name = key.split(".")
        inner = asked
        for block in blocks:
            inner = inner.setdefault(block, {})
        inner[name] = value
    return asked, {key: "--" + key.replace("_", "-") for key in values}


def _show(made: "Synthesis", console: "Console") -> None:
    from rich.markup import escape

    from taskfit.workshop.reasons import REASONS

    told = made.manifest
    rows = Path(made.folder) / "rows.jsonl"
    console.print(
        str(Text(f"{told['rows']:,} rows: {rows}", f"{told['rows']:,} 行：{rows}")), markup=False, soft_wrap=True
    )
    if told["stopped"]:
        why = Text(told["stopped"]["en"], told["stopped"]["zh"])
        console.print(
            escape(str(Text(f"stopped before the end: {why.en}", f"提前结束：{why.zh}"))),
            style="yellow",
            soft_wrap=True,
        )
    for reason, count in sorted(told["rejected"].items(), key=lambda item: -item[1]):
        console.print(f"{count:>8,}  {reason}: {REASONS[reason]}", markup=False, soft_wrap=True)
    spent = told["spent"]
    sentence = Text(
        f"{spent['answers']:,} answers, {spent['tokens']:,} tokens, {spent['money']:.4f} money",
        f"回答 {spent['answers']:,} 个，{spent['tokens']:,} 个 token，花费 {spent['money']:.4f}",
    )
    console.print(str(sentence), markup=False, soft_wrap=True)
    if made.trust is not None:
        console.print(str(_trust(made)), markup=False, soft_wrap=True)


def _say(sentence: Text) -> None:
    sys.stderr.write(f"{sentence}\n")


def _trust(made: "Synthesis") -> Text:
    assert made.trust is not None
    one = made.trust.agreement
    numbers = f"{one.kappa:.2f} ({one.low:.2f}..{one.high:.2f})"
    en, zh = (
        ("the judge may stand for people", "可以代替人工")
        if made.trust.is_good
        else ("too little to trust the judge", "一致性不足，不宜信任评审")
    )
    return Text(
        f"judge and people on {one.rows:,} rows: kappa {numbers}, {one.decisions:.0%} equal decisions: {en}",
        f"评审与人在 {one.rows:,} 行上：kappa {numbers}，{one.decisions:.0%} 的取舍相同：{zh}",
    )
