"""The report as Markdown, in one language; nothing in the data can become Markdown or HTML."""

import re
from collections.abc import Mapping

from taskfit.core.measurement import Report
from taskfit.core.text import Language, Text
from taskfit.ladder.forgotten import THRESHOLDS
from taskfit.ladder.report.forgetting import LEAD, TITLE, collapse_table, forgetting_table
from taskfit.ladder.report.repeat import fact_text, ordered
from taskfit.ladder.report.table import Cell, Table, comparison_table, ladder_table, reason_text
from taskfit.ladder.report.visible import one_line
from taskfit.ladder.report.words import FAILED, IMPOSSIBLE, fact_name

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&$@]|^[-+=](?!\d)|(?<=^\d)[.)](?=\s|$)|:(?=//))")


def report_markdown(report: Report, language: Language) -> str:
    """Return report.md in `language`."""

    def say(text: Text) -> str:
        return escaped(text.in_language(language))

    verdict = report.verdict
    parts = [
        f"# taskfit: {escaped(str(report.run.get('name') or ''))}".rstrip(": "),
        f"**{say(Text(verdict.en, verdict.zh))}**",
        "\n".join(f"- {escaped(one.rung)}: {say(reason_text(one))}" for one in verdict.reasons),
        _heading(Text("The rungs", "各级台阶"), language),
        _table(ladder_table(report), language),
    ]
    if report.comparisons:
        heading = _heading(Text("Compared on the same rows", "同一批数据上的比较"), language)
        parts += [heading, _table(comparison_table(report), language)]
    if (lost := forgetting_table(report)) is not None:
        parts += [_heading(TITLE, language), say(LEAD), _table(lost, language), say(THRESHOLDS)]
    if (collapse := collapse_table(report)) is not None and lost is not None:
        parts += [_heading(Text("How much the answers differ", "回答的差异"), language), _table(collapse, language)]
    if report.failed:
        parts.append(_heading(Text("Rungs without a measurement", "没有测量结果的台阶"), language))
        parts.append(
            "\n".join(
                f"- {escaped(one.rung)} ({say(IMPOSSIBLE if one.kind == 'impossible' else FAILED)}): "
                f"{say(Text(one.en, one.zh))}"
                for one in report.failed
            )
        )
    if report.warnings:
        parts.append(_heading(Text("Warnings", "警告"), language))
        parts.append("\n".join(f"- {say(Text(one.get('en', ''), one.get('zh', '')))}" for one in report.warnings))
    parts.append(_heading(Text("How to repeat this", "如何复现"), language))
    parts.append("\n".join(_facts(ordered(report.run), language)))
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    r"""Return `text` on one line so that Markdown shows exactly this text.

    >>> escaped("a|b <i>")
    'a\\|b \\<i\\>'
    """
    return _SPECIAL.sub(r"\\\1", one_line(text))


def _heading(title: Text, language: Language) -> str:
    return f"## {title.in_language(language)}"


def _table(table: Table, language: Language) -> str:
    head = [escaped(one.title.in_language(language)) for one in table.columns]
    rule = ["---:" if one.number else "---" for one in table.columns]
    body = [[_cell(cell, language, strong=line.marked) for cell in line.cells] for line in table.lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *body))


def _cell(cell: Cell, language: Language, *, strong: bool) -> str:
    shown = escaped(cell.text.in_language(language))
    if (strong or cell.warns) and shown:
        shown = f"**{shown}**"
    return shown if cell.note is None else f"{shown} ({escaped(cell.note.in_language(language))})"


def _facts(facts: Mapping[str, object], language: Language, depth: int = 0) -> list[str]:
    lines = []
    for key, value in facts.items():
        head = f"{'  ' * depth}- {escaped(fact_name(str(key)).in_language(language))}:"
        text = fact_text(value)
        if text is not None:
            lines.append(f"{head} {escaped(text.in_language(language))}")
            continue
        parts = (
            value
            if isinstance(value, Mapping)
            else dict(enumerate(value, 1))
            if isinstance(value, (list, tuple))
            else {}
        )
        lines.append(head)
        lines += _facts({str(name): one for name, one in parts.items()}, language, depth + 1)
    return lines
