"""Tasks that words alone cannot do: see a picture, draw, play, set an alarm, open a page."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Telling, Whole, percent, threshold
from taskfit.data.finding import REVIEW, RowFinding, Tally, excerpt

SEEN = r"(?:image|picture|photo(?:graph)?|screenshot|diagram|video|audio|map|painting|chart|graph)s?"
CANNOT = re.compile(
    rf"\b(?:given|following|attached|above|below|this|provided|these)\s+(?:\w+\s+)?{SEEN}\b(?! (?:of|that) (?:a|an|the) (?:problem|idea))"
    r"|\b(?:draw|sketch|paint|plot)\s+(?:me\s+)?(?:an?|the)\s+(?:\w+\s+){0,2}(?:picture|image|diagram|graph|chart|map|figure|logo|cartoon|portrait|line|circle|house|bar)s?\b"
    r"|\b(?:generate|create|make|design|produce)\s+(?:an?|the)\s+(?:\w+\s+)?(?:image|picture|photo|video|audio|drawing)s?\b"
    r"|\b(?:play|sing)\s+(?:me\s+)?(?:an?|the|some)\s+(?:\w+\s+)?(?:song|music|video|tune)\b"
    r"|\b(?:set|create)\s+(?:me\s+)?(?:an?|the)\s+(?:alarm|reminder|timer)\b|\bremind me (?:to|at|in)\b"
    r"|\b(?:go to|open|visit|browse|click)\s+(?:on\s+)?(?:the|this|following)\s+(?:\w+\s+)?(?:website|web ?page|link|url|site)\b"
    r"|画(?:出|一)(?:一)?[张幅个]?.{0,8}(?:图|画|像)|绘制.{0,8}(?:图|画)|(?:下面|以下|上面|这张|此|给定)(?:的)?(?:图片|图像|照片|图表|视频|音频)"
    r"|如(?:下|上)?图所示|播放.{0,6}(?:音乐|歌|视频)|设置.{0,6}(?:闹钟|提醒|定时)|提醒我|打开.{0,8}(?:网站|网页|链接)",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"https?://\S+")
ABOUT_ADDRESSES = re.compile(
    r"\b(?:URLs?|links?|domain|regex|regular expression|HTML|parse|code|program|script|function|API)\b|网址|链接|域名|代码|程序|函数|正则"
)
# A text without any of these matches nothing above; looking for plain words is ten times faster.
HINTS: tuple[str, ...] = (
    "image",
    "picture",
    "photo",
    "screenshot",
    "diagram",
    "video",
    "audio",
    "map",
    "paint",
    "chart",
    "graph",
    "draw",
    "sketch",
)
HINTS += (
    "plot",
    "song",
    "music",
    "tune",
    "alarm",
    "reminder",
    "timer",
    "remind me",
    "site",
    "page",
    "link",
    "url",
    "画",
    "绘制",
)
HINTS += ("图", "照片", "视频", "音频", "播放", "设置", "提醒我", "打开")
LONG = 300


@dataclass(frozen=True)
class Impossible(RowCheck):
    """What is asked needs a picture, a sound, a clock or the web, and the row has no tools."""

    title: ClassVar[Text] = Text("tasks that words alone cannot do", "仅凭文字无法完成的任务")
    warn: float = threshold(0.01, "share of such tasks above which it warns", "超过此比例时警告")

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield rows whose task needs more than words, and rows that name a web page without its text."""
        for row, record in enumerate(chunk.records):
            asked = chunk.prompts[row]
            if record.tools or record.label is not None or not chunk.answers[row]:
                continue
            low = asked[:LONG].lower()
            seen = CANNOT.search(asked[:LONG]) if any(map(low.__contains__, HINTS)) else None
            if seen is None and len(asked) < LONG and "://" in asked and not ABOUT_ADDRESSES.search(asked):
                seen = ADDRESS.search(asked)
            if seen:
                yield "impossible", row, excerpt(asked, seen.start())

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield what was found."""
        rule = Text(
            f"the first {LONG} characters ask to see, draw, play, be reminded or open a page, or a short question holds a web "
            f"address, and no tools are declared; above {percent(self.warn)} it warns",
            f"前 {LONG} 个字符要求看图、画图、播放、提醒或打开网页，或简短提问含网址，且未声明工具；超过 {percent(self.warn)} 时警告",
        )
        yield from Telling(self.title, rule, self.warn, fix=part.drop("impossible"), effort=REVIEW).of(
            part, "impossible"
        )
