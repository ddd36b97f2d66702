"""Write texts in one way: Unicode form, width of marks and letters, spaces, invisible characters, Chinese script."""

import re
import unicodedata
from typing import ClassVar, Literal

from taskfit.core.errors import UsageError
from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.doctor.characters import PATTERNS
from taskfit.data.record import Record
from taskfit.data.step import RowStep, with_texts

UNSEEN = re.compile(
    "|".join(
        PATTERNS[name].pattern
        for name in ("control_characters", "turning_characters", "invisible_characters", "surrogates")
    )
)
HAN = "\u3400-\u9fff"
TO_FULL = dict(zip(",?!;:", "，？！；：", strict=True))
TO_HALF = {full: half for half, full in TO_FULL.items()}
HALF = re.compile(rf"(?<=[{HAN}])[,?!;:](?=\s|[{HAN}]|$)")
FULL = re.compile(f"[{''.join(TO_HALF)}]")
SPACES = re.compile(r"[ \t\u00a0\u3000]+")
WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}


class Normalise(RowStep):
    """Bring texts into one form; labels stay as they are."""

    about: ClassVar[Text] = Text(
        "write texts in one form: Unicode, width, spaces, script", "统一文本形式：Unicode、全半角、空格、繁简"
    )
    reason: ClassVar[Text] = Text("another form of the same text", "同一文本的另一种形式")
    form: Literal["", "NFC", "NFKC"] = setting(
        "", "Unicode form; NFKC also narrows wide letters", "Unicode 规范形式；NFKC 还会把全角字母变为半角"
    )
    width: Literal["", "full", "half"] = setting("", "width of marks behind Chinese characters", "汉字后标点的宽度")
    letters: Literal["", "half"] = setting(
        "", "half: full-width letters and digits become narrow", "half：全角字母数字变为半角"
    )
    spaces: bool = setting(False, "several spaces become one; ends of lines lose theirs", "合并多余空格，去掉行尾空格")
    invisible: bool = setting(False, "take away characters nobody can see", "去掉不可见字符")
    script: Literal["", "simplified", "traditional"] = setting(
        "", "Chinese script; needs the package opencc", "繁简转换；需要 opencc 包"
    )

    def mend(self, record: Record, means: Means) -> Record:  # noqa: ARG002
        """Return the row in the wanted form."""
        return with_texts(record, self._written)

    def _written(self, text: str) -> str:
        if self.invisible:
            text = UNSEEN.sub("", text)
        if self.form:
            text = unicodedata.normalize(self.form, text)
        if self.letters:
            text = text.translate(WIDE)
        if self.width == "full":
            text = HALF.sub(lambda mark: TO_FULL[mark[0]], text)
        elif self.width == "half":
            text = FULL.sub(lambda mark: TO_HALF[mark[0]], text)
        if self.spaces:
            text = "\n".join(SPACES.sub(" ", line).rstrip() for line in text.split("\n"))
        return _in_script(text, self.script) if self.script else text


def _in_script(text: str, script: str) -> str:
    try:
        from opencc import OpenCC
    except ImportError:
        raise UsageError(
            Text("changing the Chinese script needs the package opencc", "繁简转换需要 opencc 包"),
            todo=Text("pip install opencc", "pip install opencc"),
        ) from None
    converted: str = OpenCC("t2s" if script == "simplified" else "s2t").convert(text)
    return converted
