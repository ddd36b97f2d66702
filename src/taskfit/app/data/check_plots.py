"""The pictures of a checked data set: findings, lengths, labels, languages. Plain SVG, no script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taskfit.core.text import Text
from taskfit.data.finding import RowFinding
from taskfit.data.overview import View, tokens_at
from taskfit.ladder.report.markup import Html, el
from taskfit.ladder.report.visible import one_line, width_of

MOST_BARS = 24
WIDE, ROW, NAME, VALUE, FONT = 460, 22, 170, 70, 12.5
LANGUAGES = {
    "zh": Text("Chinese", "中文"),
    "latin": Text("Latin letters", "拉丁字母"),
    "ja": Text("Japanese", "日文"),
    "ko": Text("Korean", "韩文"),
    "other": Text("other or none", "其他或无"),
}
KINDS = {
    "labelled": Text("with a label", "带标签"),
    "talk": Text("conversations", "对话"),
    "pair": Text("preference pairs", "偏好对"),
    "rated": Text("liked or not", "好恶"),
    "steps": Text("steps", "逐步"),
    "prompt": Text("questions only", "仅提问"),
    "text": Text("plain text", "纯文本"),
}


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its length, what is written behind it, its colour, and where a click leads."""

    name: Text
    length: float
    shown: str
    style: str = "plain"
    link: str = ""


def finding_bars(findings: Sequence[RowFinding]) -> Html | None:
    """Return the rows that each finding touches, the worst first, on a scale of powers of ten."""
    bars = [
        Bar(Text(one.id, one.id), float(one.touched), f"{one.touched:,}", one.severity, f"#{one.id}")
        for one in findings
        if one.touched
    ]
    caption = Text("rows that each finding touches (root scale)", "各项问题涉及的行数（平方根刻度）")
    return _bars(bars, caption, wide=True, root=True)


def length_plot(view: View) -> Html | None:
    """Return how long what is asked and what is answered is."""
    bins = sorted({*view.prompts, *view.answers})
    if not bins:
        return None
    first, last = bins[0], bins[-1]
    left, right, top, bottom = 8.0, float(WIDE - 8), 12.0, 150.0
    step = (right - left) / (last - first + 1)
    most = max([*view.prompts.values(), *view.answers.values()])
    shapes = [
        el(
            "rect",
            x=left + (bin - first + share) * step,
            y=bottom - (bottom - top) * count / most,
            width=max(1.0, step * 0.46),
            height=max(0.6, (bottom - top) * count / most),
            class_=f"bar-{side}",
        )
        for side, counts, share in (("prompt", view.prompts, 0.04), ("answer", view.answers, 0.5))
        for bin, count in counts.items()
    ]
    ticks = [bin for bin in range(first, last + 1) if bin % (8 if last - first > 16 else 4) == 0]
    marks = [
        el("text", f"{tokens_at(bin):,.0f}", x=left + (bin - first) * step, y=bottom + 20, class_="tick middle")
        for bin in ticks
    ]
    drawing = el(
        "svg",
        shapes,
        el("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="axis"),
        marks,
        viewBox=f"0 0 {WIDE} {int(bottom) + 30}",
        role="img",
    )
    caption = el(
        "figcaption",
        el("b", Text("length in tokens", "长度（词元）")),
        el("span", class_="key prompt"),
        Text("what is asked", "提问"),
        el("span", class_="key answer"),
        Text("answers", "回答"),
    )
    return el("figure", caption, drawing)


def label_bars(view: View) -> Html | None:
    """Return the rows per label, where answers are labels."""
    if not view.labels.is_closed:
        return None
    counts = sorted(view.labels.counts.items(), key=lambda one: (-one[1], one[0]))
    bars = [Bar(_same(name), count, f"{count:,}") for name, count in counts[:MOST_BARS]]
    caption = Text("rows per label", "各标签的行数")
    if len(counts) > MOST_BARS:
        caption = Text(
            f"rows per label, the {MOST_BARS} largest of {len(counts)}; the smallest has {counts[-1][1]:,}",
            f"各标签的行数（{len(counts)} 个中最多的 {MOST_BARS} 个；最少的有 {counts[-1][1]:,} 行）",
        )
    return _bars(bars, caption)


def language_bars(view: View) -> Html | None:
    """Return the rows by script."""
    bars = [Bar(LANGUAGES[name], count, f"{count:,}") for name, count in _most_first(view.languages) if count]
    return (
        None if len(bars) < 2 else _bars(bars, Text("rows by language (told by script)", "各语言的行数（按文字判断）"))
    )


def turn_bars(view: View) -> Html | None:
    """Return the rows by the number of questions, where there are conversations of several turns."""
    if len([turns for turns in view.turns if turns]) < 2:
        return None
    few = sorted(view.turns.items())[:12]
    bars = [Bar(_same(str(turns)), count, f"{count:,}") for turns, count in few]
    return _bars(bars, Text("rows by turns of the user", "各用户轮数的行数"))


def kind_bars(kinds: Mapping[str, int]) -> Html | None:
    """Return the rows by kind, where there are several."""
    if len(kinds) < 2:
        return None
    bars = [Bar(KINDS.get(name, _same(name)), count, f"{count:,}") for name, count in _most_first(kinds)]
    return _bars(bars, Text("rows by kind", "各类型的行数"))


def _bars(bars: Sequence[Bar], caption: Text, *, wide: bool = False, root: bool = False) -> Html | None:
    if not bars:
        return None
    width = 2 * WIDE + 44 if wide else WIDE
    name_width = NAME + 60 if wide else NAME
    room = width - name_width - VALUE
    most = max(bar.length for bar in bars)
    lines: list[Html] = []
    for number, bar in enumerate(bars):
        y = number * ROW
        share = bar.length / most
        name = el(
            "text", _cut(bar.name, (name_width - 14) / (1.15 * FONT)), x=name_width - 10, y=y + 15, class_="end tick"
        )
        long = max(1.5, room * (share**0.5 if root else share))
        rect = el("rect", x=name_width, y=y + 3, width=long, height=ROW - 7, rx=2, class_=f"bar-{bar.style}")
        value = el("text", bar.shown, x=name_width + long + 7, y=y + 15, class_="tick")
        group = el("g", name, rect, value)
        lines.append(el("a", group, href=bar.link) if bar.link else group)
    drawing = el("svg", lines, viewBox=f"0 0 {width} {len(bars) * ROW + 4}", role="img")
    head = el("figcaption", el("b", caption))
    return el("figure", head, el("div", drawing, class_="scroll"), class_="wide" if wide else None)


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _same(words: str) -> Text:
    return Text(words, words)


def _cut(name: Text, room: float) -> Text:
    """Return a name that is at most `room` em wide."""
    return Text(_narrow(name.en, room), _narrow(name.zh, room))


def _narrow(words: str, room: float) -> str:
    words = one_line(words)
    if width_of(words) <= room:
        return words
    while words and width_of(words) > room - 0.6:
        words = words[:-1]
    return f"{words}…"
