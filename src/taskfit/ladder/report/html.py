"""The page: one file that opens offline, in both languages, with a policy that forbids every request."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files

from taskfit.core.measurement import Report, ScoredPrediction
from taskfit.core.text import Language, Text
from taskfit.ladder.report.forgetting import forgetting_section
from taskfit.ladder.report.inside import calibration_section, class_section, curve_section, trial_section
from taskfit.ladder.report.markup import Html, el
from taskfit.ladder.report.matrix import example_section, matrix_rows, matrix_section
from taskfit.ladder.report.picture import ladder_picture
from taskfit.ladder.report.repeat import fact_text, repeat_section
from taskfit.ladder.report.sections import (
    failed_section,
    ladder_section,
    prompt_section,
    section,
    table_markup,
    verdict_section,
    warning_section,
)
from taskfit.ladder.report.visible import one_line


def report_page(report: Report, rows: Mapping[str, Sequence[ScoredPrediction]], language: Language) -> str:
    """Return the whole page; it starts in `language`."""
    style, script = _part("page.css"), _part("page.js")
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", one_line(f"{_name(report)} · taskfit")),
        el("style", Html(style)),
    )
    body = el(
        "body", _languages(language), _header(report), el("main", *_sections(report, rows)), el("script", Html(script))
    )
    return f"<!doctype html>\n{el('html', head, body, lang=language)}\n"


def _sections(report: Report, rows: Mapping[str, Sequence[ScoredPrediction]]) -> list[Html | None]:
    rungs = [one.rung for one in report.measurements]
    table = matrix_rows(rungs, rows)
    return [
        verdict_section(report),
        section("ladder", Text("Quality against cost", "质量与费用"), ladder_picture(report)),
        ladder_section(report),
        forgetting_section(report, table_markup),
        failed_section(report),
        curve_section(report),
        trial_section(report),
        class_section(report),
        matrix_section(rungs, table),
        example_section(report, table, rows),
        prompt_section(report),
        calibration_section(report),
        warning_section(report),
        repeat_section(report),
    ]


def _part(name: str) -> str:
    return files("taskfit.ladder.report").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _languages(language: Language) -> list[Html]:
    """Return the two switches that the style sheet listens to; they need no script."""
    return [
        el(
            "input",
            type="radio",
            name="language",
            id=f"speak-{one}",
            class_="speak",
            checked=one == language,
            aria_label=name,
        )
        for one, name in (("en", "English"), ("zh", "中文"))
    ]


def _name(report: Report) -> str:
    return str(report.run.get("name") or "report")


def _header(report: Report) -> Html:
    labels = [el("label", name, for_=f"speak-{one}") for one, name in (("en", "English"), ("zh", "中文"))]
    title = el("p", el("b", "taskfit"), el("span", _name(report), class_="data"))
    return el(
        "header",
        el("div", title, el("nav", labels, class_="languages"), class_="bar"),
        el("p", _facts(report), class_="facts"),
    )


def _facts(report: Report) -> list[Html]:
    model = report.run.get("model")
    found: list[tuple[Text, Text | None]] = [
        (Text("task", "任务"), fact_text(report.task.get("kind"))),
        (Text("base model", "基础模型"), fact_text(model.get("name") if isinstance(model, Mapping) else model)),
        (Text("test rows", "测试行"), fact_text(max((one.rows for one in report.measurements), default=0))),
        (Text("rungs measured", "已测台阶"), fact_text(len(report.measurements))),
    ]
    return [el("span", el("small", name), el("span", value, class_="data")) for name, value in found if value]
