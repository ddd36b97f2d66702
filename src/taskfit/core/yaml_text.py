"""The text of a settings file before it is YAML: its encoding, and characters that only look right."""

import re

from taskfit.core.errors import Finding, UsageError
from taskfit.core.text import Text

BLANKS = {"\u00a0": "U+00A0", "\u3000": "U+3000", "\u200b": "U+200B", "\ufeff": "U+FEFF", "\u2003": "U+2003"}
_ODD_BLANK = "[" + "".join(BLANKS) + "]"
_CURLY = "“”‘’＂"
_NAME = r"[A-Za-z_][\w.-]*"

# What the reader refuses as plain text, so that the writer puts quotes around it.
ODD_SCALAR = re.compile(
    rf"^(?:{_NAME}\s*：.*|[{_CURLY}][^{_CURLY}]*[{_CURLY}]|{_ODD_BLANK}.*|.*{_ODD_BLANK})$", re.DOTALL
)


def decode(content: bytes, file: str) -> str:
    """Return the text of a settings file in UTF-8 or (with its mark) UTF-16; raise UsageError naming anything else."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _strictly(content, "utf-16", file)
    if b"\0" in content[:1000]:
        raise UsageError(Text("is no text: it holds NUL bytes", "不是文本：含有空字节"), where=file, todo=_AS_UTF8)
    return _strictly(content, "utf-8-sig", file)


def _strictly(content: bytes, encoding: str, file: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise UsageError(_not_utf8(content, line), where=f"{file}:{line}", todo=_AS_UTF8) from None


def _not_utf8(content: bytes, line: int) -> Text:
    try:
        shown = content.decode("gb18030").splitlines()[line - 1].strip()[:60]
    except (UnicodeDecodeError, IndexError):
        return Text("is not UTF-8", "不是 UTF-8 编码")
    return Text(f"is not UTF-8 but reads as GB18030: {shown}", f"不是 UTF-8，按 GB18030 读为：{shown}")


_AS_UTF8 = Text("save the file as UTF-8", "请将文件另存为 UTF-8")


def odd_scalar(value: str, *, is_key: bool, alone: bool) -> tuple[Text, Text] | None:
    """Return what is odd about an unquoted key or value and what to do, or None when it looks meant.

    `alone`: it stands at the start of its line, where a key would stand.
    """
    if blank := next((name for char, name in BLANKS.items() if value.startswith(char) or value.endswith(char)), None):
        return Text(f"a blank that is no space ({blank})", f"含有不是空格的空白字符（{blank}）"), _USE_SPACE
    if (is_key or alone) and re.match(rf"{_NAME}\s*：", value):
        return _FULL_WIDTH, _USE_COLON
    if re.fullmatch(rf"[{_CURLY}][^{_CURLY}]*[{_CURLY}]", value):
        return Text(f"curly quotes around {value[:40]}", f"{value[:40]} 使用了弯引号"), _USE_QUOTES
    return None


_FULL_WIDTH = Text("a full-width colon '：' after a key", "键后用了全角冒号“：”")
_USE_COLON = Text("write ': '", "请写成半角冒号加空格 ': '")
_USE_SPACE = Text("write a plain space, or put quotes around the text", "请改为普通空格，或给文本加引号")
_USE_QUOTES = Text(
    'write "..." (or put these around it, if the curly ones are meant)', '请用 "..."（若确需弯引号，请在外面再加一层）'
)


def odd_lines(text: str, file: str, *, last: int | None = None) -> list[Finding]:
    """Return the lines (up to the `last`) of a file that is no YAML on which the cause can be named."""
    findings = []
    for number, line in enumerate(text.split("\n")[:last], start=1):
        place = f"{file}:{number}"
        if blank := next((BLANKS[char] for char in line if char in BLANKS), None):
            what = Text(f"a blank that is no space ({blank})", f"含有不是空格的空白字符（{blank}）")
            findings.append(Finding(place, what, _USE_SPACE))
        elif re.match(rf"\s*(- )?{_NAME}\s*：", line):
            findings.append(Finding(place, _FULL_WIDTH, _USE_COLON))
        elif match := re.match(rf"\s*(- )?({_NAME}):[^\s/]", line):
            what = Text(f"no space after '{match[2]}:'", f"'{match[2]}:' 之后缺少空格")
            findings.append(Finding(place, what, _USE_COLON))
        elif line.startswith("\t") or re.match(r" +\t", line):
            findings.append(Finding(place, Text("a tab at the start of the line", "行首有制表符"), _INDENT))
    return findings


_INDENT = Text("indent with spaces", "请用空格缩进")
