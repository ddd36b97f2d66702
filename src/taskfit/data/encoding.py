"""Bytes to text: the encoding is recognised and said; when it is not sure, the user is asked."""

import codecs
from dataclasses import dataclass

from taskfit.core.errors import DataError, Finding, UsageError
from taskfit.core.text import Text, same

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
GIF = Text("a GIF picture", "GIF 图片")
MAGIC = (
    (b"\x89PNG\r\n", Text("a PNG picture", "PNG 图片")),
    (b"\xff\xd8\xff", Text("a JPEG picture", "JPEG 图片")),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"%PDF-", Text("a PDF document", "PDF 文档")),
    (b"\x1f\x8b", Text("a gzip archive: unpack it first (gunzip)", "gzip 压缩文件：请先解压（gunzip）")),
    (b"BZh91AY&SY", Text("a bzip2 archive: unpack it first (bunzip2)", "bzip2 压缩文件：请先解压（bunzip2）")),
    (b"\x28\xb5\x2f\xfd", Text("a zstd archive: unpack it first (unzstd)", "zstd 压缩文件：请先解压（unzstd）")),
    (b"\xfd7zXZ", Text("an xz archive: unpack it first (unxz)", "xz 压缩文件：请先解压（unxz）")),
    (b"7z\xbc\xaf", Text("a 7z archive: unpack it first", "7z 压缩文件：请先解压")),
    (b"PAR1", Text("a Parquet file: give it the ending .parquet", "Parquet 文件：请使用 .parquet 后缀")),
    (b"SQLite format 3", Text("a SQLite database", "SQLite 数据库")),
    (b"\xd0\xcf\x11\xe0", Text("an old Excel or Word file: save it as CSV", "旧版 Excel 或 Word 文件：请另存为 CSV")),
)
WORKBOOK = Text("an Excel workbook: save it as CSV UTF-8", "Excel 工作簿：请另存为 CSV UTF-8")
ARCHIVE = Text("a zip archive: unpack it first", "zip 压缩文件：请先解压")
POINTER = Text(
    "a git-lfs pointer, not the file itself: run `git lfs pull`", "git-lfs 指针而非文件本身：请运行 git lfs pull"
)
PAGE = Text("an HTML page, not data: download the raw file", "HTML 网页而非数据：请下载原始文件")
BINARY = Text("not text (it holds NUL bytes)", "不是文本（含有 NUL 字节）")

# The hundred commonest characters are about two fifths of running Chinese text and a fortieth of anything else
# that happens to decode as GB18030 (Korean, Big5 and Japanese bytes do).
COMMON = frozenset(
    "的一是不了在有人我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事"
    "成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已"
    "很吃送味点餐快"
)
GUESSES = ("gb18030", "big5", "shift_jis", "euc_kr", "latin-1", "cp1252")


@dataclass(frozen=True)
class Decoded:
    """A text and the name of the encoding it was read with."""

    text: str
    encoding: str


def not_text(content: bytes) -> Text | None:
    """Return what `content` really is when it is no text, else None."""
    head = content[:4096]
    for magic, name in MAGIC:
        if head.startswith(magic):
            return name
    if head.startswith(b"PK\x03\x04"):
        return WORKBOOK if b"xl/" in content[:65536] or b"[Content_Types].xml" in head else ARCHIVE
    start = head.lstrip(codecs.BOM_UTF8 + b" \t\r\n").lower()
    if start.startswith(b"version https://git-lfs"):
        return POINTER
    if start.startswith((b"<!doctype html", b"<html")):
        return PAGE
    return None


def decode(content: bytes, *, where: str, encoding: str | None = None) -> Decoded:
    """Return the text of `content`; raise DataError when the encoding is not sure or the bytes are no text."""
    what = not_text(content)
    if what is not None:
        raise DataError(Text(f"this is {what.en}", f"这是{what.zh}"), where=where)
    if encoding is not None:
        return _decode_as(content, encoding, where)
    for mark, name in MARKS:
        if content.startswith(mark):
            return _decode_as(content, name, where)
    if b"\0" in content:
        raise DataError(_with_nul(content), where=where)
    try:
        return Decoded(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return _decode_other(content, where)


def _decode_as(content: bytes, encoding: str, where: str) -> Decoded:
    try:
        return Decoded(content.decode(encoding), encoding)
    except LookupError:
        raise UsageError(
            Text(f"'{encoding}' is no text encoding", f"'{encoding}' 不是文本编码"),
            where="--rows.encoding",
            todo=same("utf-8, gb18030, big5, utf-16, cp1252, ..."),
        ) from None
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        byte = content[problem.start]
        raise DataError(
            Text(f"byte 0x{byte:02X} is not {encoding}", f"字节 0x{byte:02X} 不符合 {encoding} 编码"),
            where=f"{where}:{line}",
            todo=Text(
                "mend the line, or name the encoding with --rows.encoding", "请修正该行，或用 --rows.encoding 指定编码"
            ),
        ) from None
    except (UnicodeError, ValueError) as problem:
        raise DataError(Text(f"not {encoding}: {problem}", f"不是 {encoding}：{problem}"), where=where) from None


def _with_nul(content: bytes) -> Text:
    sample = content[:4096]
    for name, offset in (("utf-16-le", 1), ("utf-16-be", 0)):
        half = sample[offset::2]
        if half and half.count(0) > 0.3 * len(half):
            return Text(
                f"this looks like {name} without a mark at its start; say so with --rows.encoding {name}",
                f"看起来是没有 BOM 的 {name}；请用 --rows.encoding {name} 指明",
            )
    line = content.count(b"\n", 0, content.index(b"\0")) + 1
    return Text(f"{BINARY.en}, the first in line {line}", f"{BINARY.zh}，首个在第 {line} 行")


def _decode_other(content: bytes, where: str) -> Decoded:
    lines = content.split(b"\n")
    foreign = [number for number, line in enumerate(lines, 1) if not line.isascii()]
    broken = [number for number in foreign if not _fits(lines[number - 1], "utf-8")]
    # GB18030 bytes pass as UTF-8 only by chance: where most lines with such bytes are good UTF-8, the rest is damage.
    if len(broken) <= len(foreign) / 2:
        raise DataError([_broken_line(where, number, lines[number - 1]) for number in broken])
    if _fits(content, "gb18030"):
        text = content.decode("gb18030")
        if _is_chinese(text):
            return Decoded(text, "gb18030")
    raise DataError([_broken_line(where, number, lines[number - 1]) for number in broken])


def _fits(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_chinese(text: str) -> bool:
    foreign = [one for one in text if ord(one) > 127]
    hanzi = [one for one in foreign if "\u4e00" <= one <= "\u9fff"]
    if len(hanzi) < 8 or len(hanzi) < 0.6 * len(foreign):
        return False
    return sum(one in COMMON for one in hanzi) >= 0.1 * len(hanzi)


def _broken_line(where: str, number: int, line: bytes) -> Finding:
    readings = _readings(line)
    shown = "; ".join(f"{name}: {text}" for name, text in readings)
    names = " | ".join(name for name, _ in readings)
    return Finding(
        f"{where}:{number}",
        Text(f"this line is not UTF-8; it may be {shown}", f"这一行不是 UTF-8；可能是 {shown}"),
        Text(
            f"mend the line, or read the file with --rows.encoding {names}",
            f"请修正该行，或用 --rows.encoding {names} 读取",
        ),
    )


def _readings(line: bytes) -> list[tuple[str, str]]:
    foreign = sum(byte > 127 for byte in line)
    # One odd byte among many letters is more often Western than Chinese.
    guesses = GUESSES if foreign > 0.2 * len(line) else GUESSES[::-1]
    found = [name for name in guesses if _fits(line, name)]
    return [(name, _around_first_foreign(line.decode(name))) for name in found[:3]]


def _around_first_foreign(text: str) -> str:
    place = next((at for at, one in enumerate(text) if ord(one) > 127), 0)
    return "".join(one if one.isprintable() else "?" for one in text[max(0, place - 10) : place + 10])
