"""Settings files: YAML by the 1.2 core rules, read strictly, with the line of every key.

Nothing is constructed but text, numbers, true/false, null, lists and mappings; a file can run no code.
Keys are always text, as they stand in the file.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from taskfit.core.errors import Finding, UsageError
from taskfit.core.files import plain, write_atomic
from taskfit.core.text import Text
from taskfit.core.yaml_text import ODD_SCALAR, decode, odd_lines, odd_scalar

MOST_BYTES = 4_000_000
MOST_VALUES = 100_000
MOST_DEPTH = 40

INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
WORDS = dict.fromkeys(("", "~", "null", "Null", "NULL")) | {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}


@dataclass(frozen=True)
class YamlFile:
    """The content of a settings file; `lines` maps dotted keys ("rungs.2.lora.rank") to 1-based lines."""

    path: Path
    values: dict[str, Any]
    lines: dict[str, int]


def read_yaml(path: Path) -> YamlFile:
    """Read one mapping from the file `path`; raise UsageError with every problem found, each with its line."""
    try:
        if not path.is_file():
            raise UsageError(Text("there is no such file", "没有这个文件"), where=str(path))
        content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else None
    except (OSError, ValueError) as problem:
        raise UsageError(Text(f"cannot be read: {problem}", f"无法读取：{problem}"), where=str(path)[:200]) from None
    if content is None:
        raise UsageError(Text("too large for a settings file", "文件过大，不像配置文件"), where=str(path))
    return parse_yaml(decode(content, str(path)), path)


def parse_yaml(text: str, path: Path) -> YamlFile:
    """Read one mapping from `text`; `path` is only named in errors."""
    reading = _Reading(str(path), text)
    try:
        values = reading.document()
    except yaml.YAMLError as problem:
        raise UsageError(_why_no_yaml(problem, str(path), text)) from None
    if reading.findings:
        raise UsageError(reading.findings)
    if not isinstance(values, dict):
        raise UsageError(odd_lines(text, str(path)) or [_no_mapping(values, str(path))])
    return YamlFile(path, values, reading.lines)


def write_yaml(path: Path, values: Mapping[str, Any]) -> None:
    """Write `values` so that `read_yaml` returns them unchanged; whole or not at all."""
    write_atomic(path, to_yaml(values).encode("utf-8"))


def to_yaml(values: Mapping[str, Any]) -> str:
    """Return `values` as YAML text that `read_yaml` reads unchanged, keys in their order."""
    return yaml.dump(plain(values), Dumper=_Writer, allow_unicode=True, sort_keys=False, width=110)


class _Writer(yaml.SafeDumper):
    """Puts quotes around text that our reader would take for a number or refuse."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  (the signature is PyYAML's)
        return True


_Writer.add_implicit_resolver("!number", re.compile(f"^(?:{INTEGER.pattern}|{FLOAT.pattern})$"), None)
_Writer.add_implicit_resolver("!odd", ODD_SCALAR, None)


class _Refused(yaml.YAMLError):
    """The whole file is refused, for the reason given by `finding`."""

    def __init__(self, finding: Finding):
        super().__init__()
        self.finding = finding


@dataclass
class _Reading:
    """One pass over the events of a file; small problems are collected, large ones end it."""

    file: str
    text: str
    lines: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    count: int = 0

    def document(self) -> Any:
        """Return the value of the only document, or None when the file is empty."""
        self.events = iter(yaml.parse(self.text, Loader=yaml.SafeLoader))
        next(self.events)  # the start of the stream
        first = next(self.events)
        if isinstance(first, yaml.StreamEndEvent):
            return None
        value = self.value(next(self.events), "")
        next(self.events)  # the end of the document
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            self.refuse(after, Text("a second document begins here", "此处开始了第二个文档"), _ONE_DOCUMENT)
        return value

    def value(self, event: yaml.Event, key: str) -> Any:
        """Return the value that begins with `event` and stands at the dotted `key`."""
        if key.count(".") > MOST_DEPTH:
            self.refuse(event, Text("too many levels", "层级过多"))
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        before = self.count
        self.count_values(event, 1)
        self.check_tag(event)
        if isinstance(event, yaml.ScalarEvent):
            value = self.scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self.sequence(key)
        else:
            value = self.mapping(key)
        if event.anchor is not None:  # type: ignore[attr-defined]
            self.anchors[event.anchor] = (value, self.count - before)  # type: ignore[attr-defined]
        return value

    def alias(self, event: yaml.AliasEvent) -> Any:
        if event.anchor not in self.anchors:
            self.refuse(event, Text(f"nothing is named '&{event.anchor}'", f"没有名为 '&{event.anchor}' 的锚点"))
        value, size = self.anchors[event.anchor]
        self.count_values(event, size)
        return value

    def count_values(self, event: yaml.Event, more: int) -> None:
        self.count += more
        if self.count > MOST_VALUES:
            what = Text(f"more than {MOST_VALUES:,} values", f"超过 {MOST_VALUES:,} 个值")
            self.refuse(event, what, Text("use fewer aliases (*name)", "请减少别名（*name）"))

    def check_tag(self, event: yaml.Event) -> None:
        tag = event.tag  # type: ignore[attr-defined]
        if tag not in (None, "tag:yaml.org,2002:str"):
            self.note(event, Text(f"the tag '{tag}' is refused", f"不接受标签 '{tag}'"), _NO_TAGS)

    def sequence(self, key: str) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            inner = _join(key, str(len(values)))
            self.lines[inner] = _line(event)
            values.append(self.value(event, inner))
        return values

    def mapping(self, key: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self.refuse(event, Text("a key must be a word", "键必须是一个词"))
            self.check_tag(event)
            self.check_odd(event, is_key=True)
            name = event.value
            inner = _join(key, name)
            if name in values:
                first = self.lines[inner]
                what = Text(
                    f"'{inner}' is here again, first in line {first}", f"'{inner}' 重复，首次出现在第 {first} 行"
                )
                self.note(event, what, Text("keep one of them", "请只保留一个"))
            self.lines.setdefault(inner, _line(event))
            values[name] = self.value(next(self.events), inner)
        return values

    def scalar(self, event: yaml.ScalarEvent) -> Any:
        if event.style is not None or event.tag is not None:
            return event.value
        self.check_odd(event, is_key=False)
        if event.value in WORDS:
            return WORDS[event.value]
        if INTEGER.fullmatch(event.value) and len(event.value) < 400:
            return int(event.value, 0 if event.value.startswith(("0o", "0x")) else 10)
        if FLOAT.fullmatch(event.value) and len(event.value) < 400:
            return _float(event.value)
        return event.value

    def check_odd(self, event: yaml.ScalarEvent, *, is_key: bool) -> None:
        mark = event.start_mark
        if event.style is None and mark is not None:
            alone = not self.text[mark.index - mark.column : mark.index].strip(" -")
            odd = odd_scalar(event.value, is_key=is_key, alone=alone)
            if odd:
                self.findings.append(Finding(self.place(event), *odd))

    def place(self, event: yaml.Event) -> str:
        return f"{self.file}:{_line(event)}"

    def note(self, event: yaml.Event, what: Text, todo: Text | None = None) -> None:
        self.findings.append(Finding(self.place(event), what, todo))

    def refuse(self, event: yaml.Event, what: Text, todo: Text | None = None) -> NoReturn:
        raise _Refused(Finding(self.place(event), what, todo))


_ONE_DOCUMENT = Text("put each into a file of its own", "请分别放入不同文件")
_NO_TAGS = Text("remove it; settings are plain values", "请删除；配置只含普通值")


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _float(word: str) -> float:
    if word.lower().endswith(".inf"):
        return -math.inf if word.startswith("-") else math.inf
    return math.nan if word.lower() == ".nan" else float(word)


def _line(event: yaml.Event) -> int:
    assert event.start_mark is not None  # the reader marks every event
    return event.start_mark.line + 1


def _why_no_yaml(problem: yaml.YAMLError, file: str, text: str) -> list[Finding]:
    """Return what is wrong: the odd character nearest before the place where the parser gave up, else its words."""
    if isinstance(problem, _Refused):
        return [problem.finding]
    if isinstance(problem, yaml.reader.ReaderError):
        line = text.count("\n", 0, problem.position) + 1
        what = f"U+{problem.character:04X}" if isinstance(problem.character, int) else repr(problem.character)
        return [Finding(f"{file}:{line}", Text(f"holds the control character {what}", f"含有控制字符 {what}"))]
    if not isinstance(problem, yaml.MarkedYAMLError) or problem.problem_mark is None:
        return [Finding(file, Text(f"is no YAML: {problem}", f"不是有效的 YAML：{problem}"))]
    mark, words = problem.problem_mark, problem.problem or ""
    odd = odd_lines(text, file, last=mark.line + 1)
    if "could not find expected ':'" in words and problem.context_mark:
        mark = problem.context_mark
    if "'\\t'" in words:
        what_tab = Text("a tab stands where only spaces may", "此处有制表符，只能用空格")
        return [Finding(f"{file}:{mark.line + 1}", what_tab, _SPACES)]
    told = Finding(f"{file}:{mark.line + 1}", Text(f"is no YAML: {words}", f"不是有效的 YAML：{words}"))
    return odd[-1:] or [told]


_SPACES = Text("indent with spaces", "请用空格缩进")


def _no_mapping(values: Any, file: str) -> Finding:
    todo = Text("write lines such as 'model: tiny'", "请写成 'model: tiny' 这样的行")
    if values is None:
        return Finding(file, Text("the file is empty", "文件为空"), todo)
    if isinstance(values, list):
        return Finding(file, Text("a list, where keys with values were expected", "应为键值对，却是列表"), todo)
    shown = str(values)[:60]
    return Finding(file, Text(f"keys with values were expected, not '{shown}'", f"应为键值对，却是 '{shown}'"), todo)
