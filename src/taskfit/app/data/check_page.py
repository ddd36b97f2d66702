"""The page of a checked data set: one file that opens offline, in both languages, with no script at all."""

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from taskfit.app.data.check_plots import finding_bars, kind_bars, label_bars, language_bars, length_plot, turn_bars
from taskfit.app.data.check_words import FIRST, NOT_RUN, SEVERITY, ledger, recipe_text, verdict
from taskfit.core.text import Language, Text
from taskfit.core.yaml import to_yaml
from taskfit.data.finding import RowFinding
from taskfit.ladder.report.markup import Child, Html, breakable, el
from taskfit.ladder.report.visible import cut, one_line

if TYPE_CHECKING:
    from taskfit.app.data.check import Diagnosis

NAMES = (("en", "English"), ("zh", "中文"))
SHOWN = 4
LONGEST_FIX = 1500


def check_page(found: "Diagnosis", language: Language) -> str:
    """Return the whole page; it starts in `language`."""
    style = _part("taskfit.ladder.report", "page.css") + _part("taskfit.app.data", "check_page.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", one_line(f"{_name(found)} · taskfit data check")),
        el("style", Html(style)),
    )
    speak = [
        el(
            "input",
            type="radio",
            name="language",
            id=f"speak-{one}",
            class_="speak",
            checked=one == language,
            aria_label=name,
        )
        for one, name in NAMES
    ]
    main = el("main", _verdict(found), _pictures(found), _findings(found), _recipe(found), _beside(found))
    return f"<!doctype html>\n{el('html', head, el('body', speak, _header(found), main), lang=language)}\n"


def _part(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")


def _name(found: "Diagnosis") -> str:
    first = found.files[0].path.rsplit("/", 1)[-1] if found.files else ""
    return first if len(found.files) < 2 else f"{first} +{len(found.files) - 1}"


def _header(found: "Diagnosis") -> Html:
    labels = [el("label", name, for_=f"speak-{one}") for one, name in NAMES]
    title = el("p", el("b", "taskfit"), el("span", _name(found), class_="data"))
    facts: list[tuple[Text, str]] = [
        (Text("rows", "行数"), f"{found.rows:,}"),
        (Text("blocking", "阻止"), f"{found.count('block')}"),
        (Text("warnings", "警告"), f"{found.count('warn')}"),
        (Text("for information", "提示"), f"{found.count('info')}"),
    ]
    if found.view.tokens:
        facts.append((Text("tokens", "词元"), f"{sum(found.view.tokens.values()):,}"))
    spans = [el("span", el("small", name), el("span", value, class_="data")) for name, value in facts]
    return el(
        "header",
        el("div", title, el("nav", labels, class_="languages"), class_="bar"),
        el("p", spans, class_="facts"),
    )


def _verdict(found: "Diagnosis") -> Html:
    state = "block" if found.blocking else "warn" if found.count("warn") else "clean"
    names = {
        "block": Text("blocked", "不可训练"),
        "warn": Text("fit, with warnings", "可训练，有警告"),
        "clean": Text("clean", "无问题"),
    }
    content: list[Child] = [
        el("span", names[state], class_=f"badge {state}"),
        el("p", verdict(found), class_="verdict"),
        el("p", ledger(found), class_="lead"),
    ]
    if found.first:
        links = [el("li", el("a", one.what, href=f"#{one.id}")) for one in found.first]
        content += [el("h3", FIRST), el("ol", links, class_="first")]
    return el("section", content, id="verdict")


def _pictures(found: "Diagnosis") -> Html:
    plots = (
        finding_bars(found.findings),
        length_plot(found.view),
        label_bars(found.view),
        language_bars(found.view),
        turn_bars(found.view),
        kind_bars(found.kinds),
    )
    return el(
        "section", el("h2", Text("The rows at a glance", "数据概览")), el("div", plots, class_="plots"), id="rows"
    )


def _findings(found: "Diagnosis") -> Html | None:
    if not found.findings:
        return None
    articles = [_finding(one, accepted=one.id in found.accepted) for one in found.findings]
    return el("section", el("h2", Text("Findings, the worst first", "问题（由重到轻）")), articles, id="findings")


def _finding(one: RowFinding, *, accepted: bool) -> Html:
    told = SEVERITY[one.severity]
    if accepted:
        told = Text(f"{told.en}, accepted", f"{told.zh}，已接受")
    head = el(
        "h3",
        el("span", told, class_=f"badge {one.severity}"),
        el("span", one.what, class_="said"),
        el("code", breakable(one.id)),
    )
    rows = [
        el("tr", el("td", breakable(_short(spot.place))), el("td", spot.excerpt, class_="data"))
        for spot in one.examples
    ]
    content: list[Child] = [head, el("p", one.rule, class_="rule")]
    if rows:
        content.append(el("table", el("tbody", rows[:SHOWN])))
    if rows[SHOWN:]:
        more = Text(f"{len(rows) - SHOWN} more examples", f"另有 {len(rows) - SHOWN} 个示例")
        content.append(el("details", el("summary", more), el("table", el("tbody", rows[SHOWN:]))))
    if one.fix is not None:
        step = Text("the step that mends it", "修正步骤")
        fix = cut(to_yaml({"steps": [one.fix]}), LONGEST_FIX)
        content.append(el("details", el("summary", step), el("pre", fix)))
    return el("article", content, id=one.id, class_=f"finding {one.severity}")


def _short(place: str) -> str:
    return place.rsplit("/", 1)[-1]


def _recipe(found: "Diagnosis") -> Html | None:
    if not found.steps and not found.to_review:
        return None
    lead = Text(
        "taskfit data fix FILE --recipe recipe.yaml writes a new version with its ledger. Steps behind '#' want a look at the rows.",
        "taskfit data fix FILE --recipe recipe.yaml 会写出新版本及台账。带“#”的步骤请先查看相关行。",
    )
    text = cut(recipe_text(found), 20_000)
    return el(
        "section", el("h2", Text("The recipe", "修正步骤")), el("p", lead, class_="lead"), el("pre", text), id="recipe"
    )


def _beside(found: "Diagnosis") -> Html:
    rows = [
        el(
            "tr",
            el("td", breakable(one.path), class_="data"),
            el("td", one.format),
            el("td", one.shape_told or one.shape),
            el("td", one.encoding),
            el("td", f"{one.rows:,}", class_="number"),
            el("td", breakable(one.sha256[:16]), class_="data"),
        )
        for one in found.files
    ]
    titles = (
        Text("file", "文件"),
        Text("format", "格式"),
        Text("rows are", "行的类型"),
        Text("encoding", "编码"),
        Text("rows", "行数"),
        Text("sha256", "sha256"),
    )
    table = el("table", el("thead", el("tr", [el("th", one) for one in titles])), el("tbody", rows), class_="small")
    skipped = [el("li", el("code", breakable(name)), " ", why) for name, why in sorted(found.not_run.items())]
    seconds = sorted(found.cpu.items(), key=lambda one: -one[1])
    spent = el("dl", [(el("dt", name), el("dd", f"{value:.3f} s")) for name, value in seconds])
    cpu = Text("CPU seconds by check", "各检查的 CPU 秒数")
    content: list[Child] = [el("div", table, class_="scroll")]
    if skipped:
        content += [el("h3", NOT_RUN), el("ul", skipped, class_="plain note")]
    content.append(el("details", el("summary", cpu), spent))
    return el("section", el("h2", Text("Files and checks", "文件与检查")), content, id="files")
