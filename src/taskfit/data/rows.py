"""Raw rows: what a file holds before any of it is understood; every row knows its line."""

import hashlib
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from taskfit.core.errors import DataError, Finding
from taskfit.core.text import Text, did_you_mean
from taskfit.data.encoding import Decoded, decode, not_text

EXCERPT = 60
HEAD_BYTES = 1 << 16


class Written(str):
    """A number as it stands in the file: `007`, `1.50` and `1e5` keep their digits."""

    __slots__ = ()


@dataclass(frozen=True)
class RawRow:
    """One row: its 1-based line in the file and its fields as they are written."""

    line: int
    fields: Mapping[str, object]


@dataclass(frozen=True)
class BadRow:
    """One row that could not be read: its line, the reason, and some characters around the place."""

    line: int
    reason: Text
    excerpt: str = ""


@dataclass(frozen=True)
class Table:
    """All rows of a file, and the names of its columns in the order of first appearance."""

    columns: tuple[str, ...]
    rows: tuple[RawRow | BadRow, ...]


@dataclass(frozen=True)
class Source:
    """The bytes of one file, its name for messages, and the encoding the user asked for."""

    name: str
    content: bytes
    asked: str | None = None

    @cached_property
    def decoded(self) -> Decoded:
        """The text of the file and the name of its encoding; raises DataError when not sure."""
        return decode(self.content, where=self.name, encoding=self.asked)

    @property
    def text(self) -> str:
        """The text of the file."""
        return self.decoded.text

    @cached_property
    def head(self) -> str:
        """The first characters, for telling formats apart; empty when the file is not text."""
        return "" if not_text(self.content) else self.text[:HEAD_BYTES]

    @property
    def suffix(self) -> str:
        """The ending of the name, in small letters, with its dot."""
        return Path(self.name).suffix.lower()

    @property
    def sha256(self) -> str:
        """The hash of the bytes that were read."""
        return hashlib.sha256(self.content).hexdigest()


def load(path: Path, *, encoding: str | None = None) -> Source:
    """Read a regular file; raise DataError for anything else (folder, device, pipe, missing)."""
    try:
        before = path.stat()
        if not stat.S_ISREG(before.st_mode):
            raise _not_a_file(path, before.st_mode)
        with path.open("rb") as file:
            content = file.read(before.st_size + 1)
        after = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(Text("there is no such file", "没有这个文件"), where=str(path), todo=_neighbour(path)) from None
    except (OSError, ValueError) as problem:
        raise DataError(Text(f"cannot read: {problem}", f"无法读取：{problem}"), where=str(path)) from problem
    if len(content) != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise DataError(
            Text("the file changes while it is read", "读取过程中文件发生了变化"),
            where=str(path),
            todo=Text("wait until it is complete, or copy it", "请等它写完，或先复制一份"),
        )
    return Source(str(path), content, encoding)


def split_lines(text: str) -> list[str]:
    """Return the lines of `text`, ended by LF, CRLF or CR and by nothing else (U+2028 is part of a line)."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def excerpt_of(text: str, place: int = 0) -> str:
    """Return about 60 characters of `text` around `place`, safe to print on one line."""
    start = max(0, place - EXCERPT // 2)
    piece = text[start : start + EXCERPT]
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in piece)


def columns_of(rows: Iterable[RawRow | BadRow]) -> tuple[str, ...]:
    """Return the names of all fields, in the order of first appearance."""
    names: dict[str, None] = {}
    for row in rows:
        if isinstance(row, RawRow):
            names.update(dict.fromkeys(row.fields))
    return tuple(names)


def no_rows(where: str, what: Text | None = None) -> DataError:
    """Return the error for a file without any row."""
    return DataError([Finding(where, what or Text("no rows in this file", "文件中没有任何数据行"))])


def _not_a_file(path: Path, mode: int) -> DataError:
    kinds = (
        (stat.S_ISDIR, Text("a folder", "文件夹")),
        (stat.S_ISFIFO, Text("a pipe", "管道")),
        (stat.S_ISCHR, Text("a device", "设备")),
        (stat.S_ISBLK, Text("a device", "设备")),
        (stat.S_ISSOCK, Text("a socket", "套接字")),
    )
    kind = next((name for test, name in kinds if test(mode)), Text("something else", "其他类型"))
    return DataError(
        Text(f"a file with rows is expected, this is {kind.en}", f"需要一个数据文件，而这是{kind.zh}"), where=str(path)
    )


def _neighbour(path: Path) -> Text | None:
    if not path.parent.is_dir():
        return Text(f"there is no folder {path.parent} either", f"文件夹 {path.parent} 也不存在")
    return did_you_mean(path.name, [one.name for one in path.parent.iterdir()])
