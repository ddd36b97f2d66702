"""Characters that were damaged on the way, or that nobody can see."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Whole
from taskfit.data.finding import REVIEW, STEP, Fix, RowFinding, Tally, counted, excerpt

# Joiners (U+200C, U+200D) belong to emoji, Persian and Indic words; here only what has no use in a row.
PATTERNS = {
    "damaged_characters": re.compile("\ufffd|锟斤拷|烫烫烫"),
    "invisible_characters": re.compile("[\u200b\u2060\ufeff\u00ad\U000e0000-\U000e007f]"),
    "turning_characters": re.compile("[\u202a-\u202e\u2066-\u2069]"),
    "control_characters": re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\x80-\x9f]"),
    "surrogates": re.compile("[\ud800-\udfff]"),
    "special_tokens": re.compile(r"<\|[a-z_]{2,30}\|>|\[/?INST\]|</?s>|<<SYS>>"),
}
CONTROL = PATTERNS["control_characters"]
ANY = re.compile("|".join(pattern.pattern for pattern in PATTERNS.values()))
WHAT = {
    "damaged_characters": Text("rows with lost characters (U+FFFD)", "含有丢失字符（U+FFFD）的行"),
    "mojibake": Text("rows decoded with a wrong encoding", "用错误编码解码的行（乱码）"),
    "invisible_characters": Text("rows with invisible characters", "含有不可见字符的行"),
    "turning_characters": Text("rows with bidirectional marks", "含有双向控制符的行"),
    "control_characters": Text("rows with control characters", "含有控制字符的行"),
    "surrogates": Text("rows with half a character (a lone surrogate)", "含有半个字符（孤立代理项）的行"),
    "special_tokens": Text("rows with marks of chat templates", "含有对话模板标记的行"),
}
RULES = {
    "damaged_characters": Text("U+FFFD, 锟斤拷 or 烫烫烫 in any text", "任何文本中出现 U+FFFD、锟斤拷或烫烫烫"),
    "mojibake": Text(
        "a text that becomes UTF-8 when it is encoded as cp1252 or GB18030 again",
        "文本按 cp1252 或 GB18030 重新编码后是合法的 UTF-8",
    ),
    "invisible_characters": Text(
        "U+200B, U+2060, U+FEFF, U+00AD or tag characters in any text",
        "任何文本中出现 U+200B、U+2060、U+FEFF、U+00AD 或标签字符",
    ),
    "turning_characters": Text("U+202A..E or U+2066..9 in any text", "任何文本中出现 U+202A..E 或 U+2066..9"),
    "control_characters": Text("control characters other than tab and line ends", "除制表符与换行外的控制字符"),
    "surrogates": Text("U+D800..DFFF in any text: it cannot be written as UTF-8", "出现 U+D800..DFFF：无法写成 UTF-8"),
    "special_tokens": Text(
        "<|name|>, [INST], <s> or <<SYS>> in any text: a model may read it as a mark and not as words",
        "任何文本中出现 <|name|>、[INST]、<s> 或 <<SYS>>：模型可能当作标记而不是文字",
    ),
}
FIXES: dict[str, Fix] = {
    "mojibake": {"redecode": {"encoding": "guess"}},
    "invisible_characters": {"normalise": {"invisible": True}},
    "turning_characters": {"normalise": {"invisible": True}},
    "control_characters": {"normalise": {"invisible": True}},
    "surrogates": {"normalise": {"invisible": True}},
    "special_tokens": {"strip_markup": {}},
}


@dataclass(frozen=True)
class Characters(RowCheck):
    """Each kind of odd characters."""

    title: ClassVar[Text] = Text("damaged and invisible characters", "损坏或不可见的字符")
    runs = "always"

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield the kinds of odd characters of each row."""
        for row, text in enumerate(chunk.texts):
            if CONTROL.search(text) or "<" in text or "[" in text if text.isascii() else ANY.search(text):
                for name, pattern in PATTERNS.items():
                    seen = pattern.search(text)
                    if seen:
                        yield name, row, excerpt(text, seen.start())
            if not text.isascii() and is_mojibake(text):
                yield "mojibake", row, excerpt(text)

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:  # noqa: ARG002
        """Yield one finding for each kind of odd characters."""
        for name, what in WHAT.items():
            count = part[name]
            if count:
                said = Text(f"{counted(count)} {what.en.removeprefix('rows ')}", f"{count} 行：{what.zh}")
                fix = FIXES.get(name) or part.drop(name)
                effort = STEP if name in FIXES else REVIEW
                rule = RULES[name]
                yield RowFinding(name, "warn", said, count, part.shown(name), rule=rule, fix=fix, effort=effort)


def is_mojibake(text: str) -> bool:
    """Return whether `text` becomes UTF-8 when its wrong decoding (cp1252, GB18030) is undone."""
    if text.isascii():
        return False
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    return any(_undone(text, encoding) for encoding, least in (("cp1252", 2), ("gb18030", 4)) if foreign >= least)


def _undone(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding).decode("utf-8")
    except UnicodeError:
        return False
    return True
