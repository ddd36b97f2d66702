"""Settings: typed, frozen, explained in both languages; every problem of a file is told at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from taskfit.core.errors import Finding, UsageError
from taskfit.core.text import Text
from taskfit.core.text import did_you_mean as did_you_mean  # settings and its readers say it alike


class Settings(BaseModel):
    """Base of all settings classes: unknown keys are refused, values are limited, nothing changes later."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False, defer_build=True
    )

    about: ClassVar[Text]

    @classmethod
    def read(
        cls,
        values: Mapping[str, object],
        *,
        where: str = "",
        lines: Mapping[str, int | str] | None = None,
        at: str = "",
    ) -> Self:
        """Return settings from `values`; raise UsageError with every problem.

        `where` names the file; `lines` maps dotted keys to its 1-based lines, or to another place (a flag).
        `at` is the dotted key of the file under which these settings stand, when they are a part of it.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as problem:
            place = Place(where, lines or {}, at)
            raise UsageError([_finding(cls, error, place) for error in problem.errors()]) from None

    @classmethod
    def explain(cls, key: str) -> Text:
        """Return the explanation of the field `key`."""
        info = cls.model_fields[key]
        extra = info.json_schema_extra
        chinese = extra.get("zh", "") if isinstance(extra, dict) else ""
        return Text(info.description or "", str(chinese))


def setting(default: Any, en: str, zh: str, **limits: Any) -> Any:
    """Declare a field of a settings class: its default, its explanation in both languages, its limits.

    `limits` are pydantic's: ge, gt, le, lt, min_length, max_length, pattern. Pass `...` for "no default".
    """
    return Field(default, description=en, json_schema_extra={"zh": zh}, **limits)


@dataclass(frozen=True)
class Place:
    """Where settings came from: a file, the lines (or flags) of its dotted keys, the key under which they stand."""

    where: str = ""
    lines: Mapping[str, int | str] = field(default_factory=dict)
    at: str = ""

    def key(self, dotted: str) -> str:
        """Return the whole dotted key of a field."""
        return ".".join(part for part in (self.at, dotted) if part)

    def of(self, dotted: str) -> str:
        """Return 'file:line' (or the flag) of the field, or of the nearest block around it."""
        parts = self.key(dotted).split(".")
        prefixes = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
        line = next((self.lines[prefix] for prefix in prefixes if prefix in self.lines), None)
        if isinstance(line, str):
            return line
        return f"{self.where}:{line}" if self.where and line else self.where


class Refused(ValueError):
    """Raised by a validator of a settings class: what is wrong and what to do, in both languages."""

    def __init__(self, what: Text, todo: Text | None = None):
        super().__init__(what.en)
        self.what = what
        self.todo = todo


def _finding(cls: type[BaseModel], error: Any, place: Place) -> Finding:
    path = [str(part) for part in error["loc"]]
    where, dotted = place.of(".".join(path)), place.key(".".join(path))
    if error["type"] == "extra_forbidden":
        known = _fields_at(cls, path[:-1])
        todo = did_you_mean(path[-1], known) or Text(f"known keys: {', '.join(known)}", f"可用的键：{', '.join(known)}")
        return Finding(where, Text(f"unknown key '{dotted}'", f"未知的键 '{dotted}'"), todo)
    if error["type"] == "missing":
        return Finding(where, Text(f"'{dotted}' is missing", f"缺少 '{dotted}'"))
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Refused):
        head = f"'{dotted}': " if dotted else ""
        return Finding(where, Text(f"{head}{cause.what.en}", f"{head}{cause.what.zh}"), cause.todo)
    what = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    value = repr(error["input"])[:80]
    return Finding(where, Text(f"'{dotted}' = {value}: {what}", f"'{dotted}' = {value}：{_in_chinese(error)}"))


def _in_chinese(error: Any) -> str:
    limits = {key: _short(value) for key, value in error.get("ctx", {}).items()}
    sentences = {
        "greater_than": "必须大于 {gt}",
        "greater_than_equal": "必须不小于 {ge}",
        "less_than": "必须小于 {lt}",
        "less_than_equal": "必须不大于 {le}",
        "int_parsing": "必须是整数",
        "int_type": "必须是整数",
        "int_from_float": "必须是整数",
        "float_parsing": "必须是数字",
        "float_type": "必须是数字",
        "bool_parsing": "必须是 true 或 false",
        "bool_type": "必须是 true 或 false",
        "string_type": "必须是文本",
        "finite_number": "必须是有限的数",
        "literal_error": "必须是以下之一：{expected}",
        "list_type": "必须是列表",
        "tuple_type": "必须是列表",
        "dict_type": "必须是键值对",
        "model_type": "必须是键值对",
        "string_too_short": "不能少于 {min_length} 个字符",
        "string_too_long": "不能多于 {max_length} 个字符",
        "string_pattern_mismatch": "必须符合 {pattern}",
        "too_short": "至少要有 {min_length} 项",
        "too_long": "最多 {max_length} 项",
        "missing": "缺少",
    }
    return str(sentences.get(error["type"], error["msg"])).format(**limits)


def _short(limit: Any) -> Any:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def block_of(annotation: Any) -> type[BaseModel] | None:
    """Return the settings class that a field's type holds (also `X | None`), or None when it is a plain value."""
    for one in (annotation, *get_args(annotation)):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def _fields_at(cls: type[BaseModel], path: list[str]) -> list[str]:
    for part in path:
        if part.isdigit():
            continue
        inner = block_of(cls.model_fields[part].annotation) if part in cls.model_fields else None
        if inner is None:
            return []
        cls = inner
    return list(cls.model_fields)
