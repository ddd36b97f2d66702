"""Write a report in all its forms into a folder, and read it back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from taskfit.core.files import plain, read_json, to_json, write_atomic
from taskfit.core.measurement import Report, ScoredPrediction
from taskfit.core.text import current_language
from taskfit.ladder.report.html import report_page
from taskfit.ladder.report.markdown import report_markdown
from taskfit.ladder.report.storable import storable
from taskfit.ladder.report.visible import count_secrets


def write_report(report: Report, rows: Mapping[str, Sequence[ScoredPrediction]], folder: Path) -> Path:
    """Write report.json, report.md, report.zh.md and report.html; return the path of the page.

    `rows` maps rung names to their scored predictions. The page starts in the reader's language.
    """
    shown = _with_secret_warning(report, rows)
    page = folder / "report.html"
    write_atomic(folder / "report.json", (to_json(storable(plain(report))) + "\n").encode())
    write_atomic(folder / "report.md", report_markdown(shown, "en").encode())
    write_atomic(folder / "report.zh.md", report_markdown(shown, "zh").encode())
    write_atomic(page, report_page(shown, rows, current_language()).encode())
    return page


def read_report(folder: Path) -> Report:
    """Return the report that was written into `folder`."""
    return TypeAdapter(Report).validate_python(read_json(folder / "report.json"))


def _with_secret_warning(report: Report, rows: Mapping[str, Sequence[ScoredPrediction]]) -> Report:
    found = count_secrets(rows)
    if not found:
        return report
    warning = {
        "en": f"{found:,} test rows hold what looks like a key or token. They are masked here (•••) but stand in "
        "predictions.jsonl as they are.",
        "zh": f"{found:,} 条测试行含有疑似密钥或令牌的内容。此处已遮盖（•••），但 predictions.jsonl 中仍为原文。",
    }
    return replace(report, warnings=(*report.warnings, warning))
