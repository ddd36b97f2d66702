"""Undo a wrong decoding: text that was read as cp1252 or GB18030 and is UTF-8."""

from typing import ClassVar, Literal

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.checking import Means
from taskfit.data.doctor.characters import is_mojibake
from taskfit.data.record import Record
from taskfit.data.step import RowStep, with_texts


class Redecode(RowStep):
    """Encode each text as it was wrongly read, and read it as UTF-8; texts that do not become UTF-8 stay."""

    about: ClassVar[Text] = Text("undo a wrong decoding (mojibake)", "修复乱码（错误解码）")
    reason: ClassVar[Text] = Text("decoded with a wrong encoding", "解码错误")
    encoding: Literal["guess", "cp1252", "gb18030"] = setting(
        "guess", "the encoding with which it was wrongly read", "当初误用的编码"
    )

    def mend(self, record: Record, means: Means) -> Record:  # noqa: ARG002
        """Return the row as it was meant."""
        return with_texts(record, self._read)

    def _read(self, text: str) -> str:
        if not is_mojibake(text):
            return text
        for encoding in ("cp1252", "gb18030") if self.encoding == "guess" else (self.encoding,):
            try:
                return text.encode(encoding).decode("utf-8")
            except UnicodeError:
                continue
        return text
