"""Characters that were damaged on the way, or that nobody can see."""

import re
from collections.abc import Callable, Iterator

from taskfit.core.text import Text
from taskfit.data.finding import RowFinding, Rows, places

# Joiners (U+200C, U+200D) belong to emoji, Persian and Indic words; here only what has no use in a row.
INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad\U000e0000-\U000e007f]")
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\x80-\x9f]")
REPLACED = re.compile("\ufffd|锟斤拷|烫烫烫")
SPECIAL = re.compile(r"<\|[a-z_]{2,30}\|>|\[/?INST\]|</?s>|<<SYS>>")


def check(rows: Rows) -> Iterator[RowFinding]:
    """Yield one finding for each kind of odd characters."""
    kinds: tuple[tuple[str, Callable[[str], object], Text], ...] = (
        (
            "damaged_characters",
            REPLACED.search,
            Text("rows with lost characters (U+FFFD)", "含有丢失字符（U+FFFD）的行"),
        ),
        ("mojibake", is_mojibake, Text("rows decoded with a wrong encoding", "用错误编码解码的行（乱码）")),
        ("invisible_characters", INVISIBLE.search, Text("rows with invisible characters", "含有不可见字符的行")),
        ("turning_characters", TURNING.search, Text("rows with bidirectional marks", "含有双向控制符的行")),
        ("control_characters", CONTROL.search, Text("rows with control characters", "含有控制字符的行")),
        ("special_tokens", SPECIAL.search, Text("rows with marks of chat templates", "含有对话模板标记的行")),
    )
    texts = [
        (example, "\n".join((*(message.content for message in example.messages), example.target or "")))
        for example in rows.examples
    ]
    for name, finds, what in kinds:
        found = [example for example, text in texts if finds(text)]
        if found:
            yield RowFinding(name, "warn", _counted(what, len(found)), len(found), places(found))


def is_mojibake(text: str) -> bool:
    """Return whether `text` becomes UTF-8 when its wrong decoding (cp1252, GB18030) is undone."""
    if text.isascii():
        return False
    foreign = sum(ord(one) > 127 for one in text)
    return any(_undone(text, encoding) for encoding, least in (("cp1252", 2), ("gb18030", 4)) if foreign >= least)


def _undone(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding).decode("utf-8")
    except UnicodeError:
        return False
    return True


def _counted(what: Text, count: int) -> Text:
    return Text(f"{count} {what.en}", f"{count} 行：{what.zh}")
