"""The curve of forgetting: what each way to train gained on the new text against what it lost on the old."""

from collections.abc import Mapping, Sequence
from typing import Any

from taskfit.core.text import Language, Text
from taskfit.ladder.report.svg import axis_around, path

WIDE, HIGH = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 64, WIDE - 24, 40, HIGH - 56
STYLE = (
    "text{font:13px system-ui,'Noto Sans SC',sans-serif;fill:#5d6670}.name{fill:#1b1f24}.grid{stroke:#e3e6e9}"
    ".axis{stroke:#5d6670}.bar{stroke:#98a2ac;stroke-width:1.5}.curve{fill:none;stroke:#0b5fa5;stroke-width:1.6}"
    ".dot{fill:#0b5fa5}.other{fill:#b4530a}"
)
ACROSS = Text("lost: rise of the loss on stories, nats per token", "失去：故事损失的上升（每词元 nat）")
UP = Text("gained: fall of the loss on the novel, nats per token", "收益：小说损失的下降（每词元 nat）")
REPLAY = Text("replay {share}", "回放 {share}")
CURVE = "full, lr 1e-3"


def picture(lines: Sequence[Mapping[str, Any]], language: Language) -> str:
    """Return the picture as SVG; the line joins one way to train with more and more replay."""
    spots = [(_moved(one, "stories", 1), _moved(one, "gatsby", -1), one) for one in lines]
    across = axis_around([0.0, *(x + half for (x, half), _, _ in spots)], LEFT, RIGHT)
    up = axis_around([y for _, (y, _), _ in spots], BOTTOM, TOP, margin=0.3)
    parts = [f'<rect width="{WIDE}" height="{HIGH}" fill="#fdfdfc"/>']
    for value in up.ticks(5):
        y = up.at(value)
        parts.append(f'<line x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.2f}</text>')
    for value in across.ticks(6):
        parts.append(f'<text x="{across.at(value):.1f}" y="{BOTTOM + 20}" text-anchor="middle">{value:.1f}</text>')
    parts.append(f'<line x1="{LEFT}" x2="{RIGHT}" y1="{BOTTOM}" y2="{BOTTOM}" class="axis"/>')
    parts.append(f'<text x="8" y="20">{UP.in_language(language)}</text>')
    parts.append(f'<text x="{RIGHT}" y="{HIGH - 12}" text-anchor="end">{ACROSS.in_language(language)}</text>')
    curve = [(across.at(x), up.at(y)) for (x, _), (y, _), one in spots if one["way"] == CURVE]
    parts.append(f'<path d="{path(curve)}" class="curve"/>')
    for (x, x_half), (y, y_half), one in spots:
        left, right = across.at(x - x_half), across.at(x + x_half)
        low, high = up.at(y - y_half), up.at(y + y_half)
        at, level = across.at(x), up.at(y)
        on_curve = one["way"] == CURVE
        parts.append(f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{level:.1f}" y2="{level:.1f}" class="bar"/>')
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{low:.1f}" y2="{high:.1f}" class="bar"/>')
        parts.append(f'<circle cx="{at:.1f}" cy="{level:.1f}" r="4.5" class="{"dot" if on_curve else "other"}"/>')
        share = REPLAY.in_language(language).format(share=f"{one['share']:.0%}")
        name = share if on_curve and one["share"] else f"{one['way']}, {share}"
        left_of = at > (LEFT + RIGHT) / 2 or (on_curve and one["share"] > 0.1)  # where the curve leaves room
        side, shift = ("end", -9) if left_of else ("start", 9)
        height = 20 if on_curve and one["share"] and not left_of else -9
        parts.append(
            f'<text x="{at + shift:.1f}" y="{level + height:.1f}" text-anchor="{side}" class="name">{name}</text>'
        )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}"><style>{STYLE}</style>\n{body}\n</svg>\n'
    )


def _moved(line: Mapping[str, Any], name: str, sign: int) -> tuple[float, float]:
    """Return by how much a measure moved from the base, and half the width of its interval."""
    return sign * (line[name]["mean"] - line[name]["base"]), line[name]["half"]
