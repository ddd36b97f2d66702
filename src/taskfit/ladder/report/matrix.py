"""The row x rung matrix: which rung has which test row right; also the examples worth reading."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from taskfit.core.measurement import Report, ScoredPrediction
from taskfit.core.text import Text
from taskfit.ladder.report.markup import Child, Html, breakable, data_block, el
from taskfit.ladder.report.sections import section
from taskfit.ladder.report.visible import cut, visible

PAGE = 25
LONGEST_TEXT = 1_000
LONGEST_ANSWER = 200

State = Literal["right", "wrong", "unread", "none"]
SIGNS: Mapping[State, str] = {"right": "✓", "wrong": "✗", "unread": "?", "none": "–"}
STATES: tuple[State, ...] = ("right", "wrong", "unread", "none")


@dataclass(frozen=True)
class Mark:
    """What one rung made of one row: the first seed's answer, and how many of its seeds were right."""

    state: State
    answer: str = ""
    right: int = 0
    seeds: int = 0


@dataclass(frozen=True)
class MatrixRow:
    """One test row with a mark per rung."""

    id: str
    text: str
    gold: str
    marks: tuple[Mark, ...]


def matrix_rows(rungs: Sequence[str], rows: Mapping[str, Sequence[ScoredPrediction]]) -> list[MatrixRow]:
    """Return every test row that any of the `rungs` has, in order of first appearance."""
    by_rung = [_by_id(rows.get(rung, ())) for rung in rungs]
    first = {id: found[0] for part in reversed(by_rung) for id, found in part.items()}
    order = dict.fromkeys(id for part in by_rung for id in part)
    return [
        MatrixRow(id, first[id].text, first[id].gold, tuple(_mark(part.get(id, ())) for part in by_rung))
        for id in order
    ]


def matrix_section(rungs: Sequence[str], table: Sequence[MatrixRow]) -> Html | None:
    """Return the matrix: its first page as markup, all of it as data for the filters."""
    if not table:
        return None
    return section(
        "rows",
        Text("Row by row", "逐行对照"),
        _tools(),
        el(
            "div",
            el("table", _head(rungs), el("tbody", [_row(one) for one in table[:PAGE]], id="rows-body"), class_="rows"),
            class_="scroll",
        ),
        _pager(len(table)),
        data_block("rows-data", _data(table)),
        lead=Text(
            "✓ right, ✗ wrong, ? unreadable, – no answer on record. With several seeds, right means more than half of them.",
            "✓ 正确，✗ 错误，? 无法读出，– 无记录。有多个种子时，过半正确才算正确。",
        ),
    )


def telling_rows(table: Sequence[MatrixRow], stop: int, each: int = 3) -> list[tuple[Text, list[MatrixRow]]]:
    """Return rows worth reading about the rung at place `stop`: won over the first rung, lost to it, wrong everywhere."""
    won = [one for one in table if one.marks[stop].state == "right" and one.marks[0].state != "right"]
    lost = [one for one in table if one.marks[stop].state in ("wrong", "unread") and one.marks[0].state == "right"]
    hard = [one for one in table if all(mark.state in ("wrong", "unread") for mark in one.marks)]
    groups = [
        (Text("Right there, wrong at the first rung", "在此正确、首级台阶错误"), won),
        (Text("Wrong there, right at the first rung", "在此错误、首级台阶正确"), lost),
        (Text("Wrong at every rung", "所有台阶均错误"), hard),
    ]
    return [(title, rows[:each]) for title, rows in groups if rows]


def example_section(
    report: Report, table: Sequence[MatrixRow], rows: Mapping[str, Sequence[ScoredPrediction]]
) -> Html | None:
    """Return a few predictions in full, chosen by what the stop rung made of them."""
    rungs = [one.rung for one in report.measurements]
    if not table or report.verdict.stop_at not in rungs:
        return None
    groups = telling_rows(table, rungs.index(report.verdict.stop_at))
    shown = {one.id for _, part in groups for one in part}
    seen = {(rung, one.id): one for rung in rungs for one in reversed(rows.get(rung, ())) if one.id in shown}
    blocks = [
        [el("h3", title), el("div", [_example(one, rungs, seen) for one in part], class_="examples")]
        for title, part in groups
    ]
    stop = report.verdict.stop_at
    lead = Text(f"Chosen by what {stop} made of them.", f"按 {stop} 的回答挑选。")
    return section("examples", Text("Example predictions", "预测示例"), blocks, lead=lead) if blocks else None


def _by_id(part: Sequence[ScoredPrediction]) -> dict[str, list[ScoredPrediction]]:
    found: dict[str, list[ScoredPrediction]] = {}
    for one in part:
        found.setdefault(one.id, []).append(one)
    return found


def _mark(found: Sequence[ScoredPrediction]) -> Mark:
    if not found:
        return Mark("none")
    right = sum((one.value or 0.0) > 0.5 for one in found)
    if sum(one.value or 0.0 for one in found) > 0.5 * len(found):  # as the comparisons count rows lost and won
        state: State = "right"
    else:
        state = "unread" if all(one.value is None for one in found) else "wrong"
    return Mark(state, found[0].answer or "", right, len(found))


def _head(rungs: Sequence[str]) -> Html:
    choices = [("", "·"), *((state, SIGNS[state]) for state in STATES)]
    titles = [el("th", Text("row", "行"), class_="text"), el("th", Text("gold", "真实"), class_="data")]
    titles += [
        el(
            "th",
            el("span", breakable(one), class_="rung-name"),
            el(
                "select",
                [el("option", sign, value=state) for state, sign in choices],
                class_="pick",
                data_rung=place,
                aria_label=one,
            ),
        )
        for place, one in enumerate(rungs)
    ]
    return el("thead", el("tr", titles))


def _row(one: MatrixRow) -> Html:
    return el(
        "tr",
        el("td", el("small", one.id), el("div", cut(one.text, LONGEST_TEXT), class_="clamp"), class_="text data"),
        el("td", breakable(cut(one.gold, LONGEST_ANSWER)), class_="data"),
        [el("td", _shown(mark), class_=f"mark {mark.state}") for mark in one.marks],
    )


def _shown(mark: Mark) -> list[Child]:
    said = cut(mark.answer, LONGEST_ANSWER) if mark.state == "wrong" else None
    several = f"{mark.right}/{mark.seeds}" if mark.seeds > 1 else None
    return [
        el("b", SIGNS[mark.state]),
        el("small", several) if several else None,
        el("span", breakable(said)) if said else None,
    ]


def _tools() -> Html:
    search = el("label", Text("Search", "搜索"), el("input", type="search", id="rows-search", autocomplete="off"))
    clear = el("button", Text("Show all", "显示全部"), type="button", id="rows-clear")
    hint = Text(
        "Choose ✓ or ✗ under the names of rungs to see, say, what one has wrong and another right.",
        "在台阶名称下选择 ✓ 或 ✗，例如查看某级错误而另一级正确的行。",
    )
    return el("div", search, clear, el("span", hint, class_="hint"), class_="tools script-only")


def _pager(total: int) -> Html:
    shown = Text(
        f"The first {min(PAGE, total)} of {total:,} rows.", f"共 {total:,} 行，此处为前 {min(PAGE, total)} 行。"
    )
    return el(
        "div",
        el("button", "←", type="button", id="rows-back", class_="script-only"),
        el("span", shown, id="rows-place"),
        el("button", "→", type="button", id="rows-next", class_="script-only"),
        class_="pager",
    )


def _data(table: Sequence[MatrixRow]) -> dict[str, object]:
    """Return the matrix with every distinct answer written once: a mark is [state, answer, right, seeds]."""
    answers: dict[str, int] = {"": 0}
    rows = []
    for one in table:
        marks = []
        for mark in one.marks:
            said = visible(cut(mark.answer, LONGEST_ANSWER)) if mark.state == "wrong" else ""
            place = answers.setdefault(said, len(answers))
            marks.append([STATES.index(mark.state), place, mark.right, mark.seeds])
        gold = visible(cut(one.gold, LONGEST_ANSWER))
        rows.append([visible(one.id), visible(cut(one.text, LONGEST_TEXT)), gold, marks])
    return {
        "page": PAGE,
        "states": STATES,
        "signs": [SIGNS[state] for state in STATES],
        "answers": list(answers),
        "rows": rows,
    }


def _example(one: MatrixRow, rungs: Sequence[str], seen: Mapping[tuple[str, str], ScoredPrediction]) -> Html:
    lines = [
        el(
            "tr",
            el("th", rung, class_="data"),
            el("td", el("b", SIGNS[mark.state]), class_=f"mark {mark.state}"),
            el("td", _answer(seen.get((rung, one.id))), class_="data"),
        )
        for rung, mark in zip(rungs, one.marks, strict=True)
        if mark.state != "none"
    ]
    gold = el("p", Text("gold: ", "真实："), el("b", cut(one.gold, LONGEST_TEXT), class_="data"))
    return el(
        "article",
        el("p", cut(one.text, 4 * LONGEST_TEXT), class_="quote data"),
        gold,
        el("table", el("tbody", lines), class_="small"),
        el("small", one.id, class_="data"),
    )


def _answer(one: ScoredPrediction | None) -> list[Child]:
    if one is None:
        return []
    said: list[Child] = [cut(one.answer, LONGEST_TEXT) if one.answer is not None else el("i", one.problem or "?")]
    if one.scores and one.answer is not None and one.answer in one.scores:
        said.append(el("small", f" {_probability(one.scores[one.answer])}"))
    if one.evidence:
        shown = ", ".join(one.evidence[:8])
        said.append(el("small", Text(f" shown with: {shown}", f" 同时展示：{shown}")))
    return said


def _probability(log: float) -> str:
    return f"{min(1.0, math.exp(min(log, 0.0))):.0%}"
