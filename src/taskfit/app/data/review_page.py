"""The page of a review: one document with its style and script inside, which may ask nobody but its own server."""

import base64
import hashlib
from importlib.resources import files

from taskfit.core.text import Language, Text
from taskfit.ladder.report.markup import Child, Html, el
from taskfit.ladder.report.visible import one_line

NAMES = (("en", "English"), ("zh", "中文"))
ACTIONS: tuple[tuple[str, str, Text], ...] = (
    ("accept", "a", Text("keep as it is", "保持原样")),
    ("suggestion", "s", Text("take the suggestion", "采纳建议")),
    ("edit", "e", Text("edit", "修改")),
    ("reject", "x", Text("drop the row", "删除此行")),
    ("skip", "k", Text("skip", "跳过")),
    ("undo", "u", Text("undo", "撤销")),
)
KEYS: tuple[tuple[str, Text], ...] = (
    ("1 … 9", Text("give the label with this number", "选择该编号的标签")),
    ("/", Text("find a label by its name, Enter takes the first", "按名称查找标签，回车选中第一个")),
    ("a", Text("keep the row as it is", "保持原样")),
    ("s", Text("take the suggested label", "采纳建议的标签")),
    ("e", Text("edit the words; Ctrl+Enter saves, Esc leaves", "修改文字；Ctrl+Enter 保存，Esc 放弃")),
    ("x", Text("drop the row", "删除此行")),
    ("k", Text("skip the row", "跳过此行")),
    ("u", Text("take the last decision back", "撤销上一个决定")),
    ("← →", Text("the row before, the row behind", "上一行、下一行")),
    ("n", Text("the next row without a decision", "下一个未决定的行")),
)


def review_page(name: str, who: str, language: Language) -> str:
    """Return the page; it starts in `language` and with the name `who`, and asks its server for the rows."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", one_line(f"{name} · taskfit data review")),
        el("style", Html(_style())),
    )
    body = el(
        "body",
        _languages(language),
        _header(name, who),
        el("main", _row(), _side()),
        _help(),
        el("script", Html(_script())),
    )
    return f"<!doctype html>\n{el('html', head, body, lang=language)}\n"


def page_policy() -> str:
    """Return the policy that the page is served with: its own style and script, its own server, nothing else."""
    return (
        f"default-src 'none'; style-src {_hash(_style())}; script-src {_hash(_script())}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _part(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")


def _style() -> str:
    return _part("taskfit.ladder.report", "page.css") + _part("taskfit.app.data", "review_page.css")


def _script() -> str:
    return _part("taskfit.app.data", "review_page.js")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _languages(language: Language) -> list[Html]:
    return [
        el(
            "input",
            type="radio",
            name="language",
            id=f"speak-{one}",
            class_="speak",
            checked=one == language,
            aria_label=name,
            tabindex="-1",
        )
        for one, name in NAMES
    ]


def _header(name: str, who: str) -> Html:
    labels = [el("label", word, for_=f"speak-{one}") for one, word in NAMES]
    title = el("p", el("b", "taskfit"), el("span", one_line(name), class_="data"))
    field = el("input", id="who", value=one_line(who), autocomplete="off", spellcheck="false", maxlength=80)
    person = el("label", el("span", Text("you are", "审阅者")), field, class_="who")
    bar = el("div", title, person, el("nav", labels, class_="languages"), class_="bar")
    track = el("div", el("div", id="fill"), class_="track", aria_hidden="true")
    counts = el("p", el("span", id="told", aria_live="polite"), el("span", id="counts"), class_="counts")
    return el("header", bar, track, counts)


def _row() -> Html:
    content: list[Child] = [
        el("p", id="problem", class_="problem", hidden=True, role="alert"),
        el("ul", id="reasons", class_="reasons-here"),
        el("div", id="words", class_="words"),
        el("div", id="label", class_="labels"),
        _editor(),
        el("div", [_action(*one) for one in ACTIONS], id="actions", class_="actions"),
        el("p", id="place", class_="place"),
    ]
    done = el("div", id="finished", class_="finished", hidden=True)
    return el("section", el("div", content, id="card"), done, id="row", aria_live="polite")


def _action(name: str, key: str, told: Text) -> Html:
    return el("button", el("kbd", key), told, type="button", data_do=name)


def _editor() -> Html:
    fields = [
        el("label", el("span", told), el("textarea", id=f"edit-{name}", rows=4, spellcheck="false"), id=f"of-{name}")
        for name, told in (("text", Text("what is asked", "问题或文本")), ("answer", Text("the answer", "回答")))
    ]
    save = el("button", el("kbd", "Ctrl ↵"), Text("save", "保存"), type="button", id="save", class_="main-action")
    leave = el("button", el("kbd", "Esc"), Text("leave", "放弃"), type="button", id="leave")
    return el("div", fields, el("div", save, leave, class_="actions"), id="editor", class_="editor", hidden=True)


def _side() -> Html:
    return el(
        "aside",
        el("h3", Text("Your last decisions", "最近的决定")),
        el("ol", id="history", class_="history"),
        el("div", id="people"),
        el("p", el("button", el("kbd", "?"), Text("keys", "按键"), type="button", id="ask"), class_="hint"),
    )


def _help() -> Html:
    rows = [el("div", el("dt", el("kbd", key)), el("dd", told)) for key, told in KEYS]
    close = el("button", el("kbd", "Esc"), Text("close", "关闭"), type="button", id="close")
    return el("dialog", el("h3", Text("Keys", "按键")), el("dl", rows), close, id="help")
