"""Settings: typed, frozen, explained in both languages; every problem of a file is told at once."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from taskfit.core.errors import Finding, UsageError
from taskfit.core.text import Text


class Settings(BaseModel):
    """Base of all settings classes: unknown keys are refused, values are limited, nothing changes later."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False)

    about: ClassVar[Text]

    @classmethod
    def read(cls, values: Mapping[str, object], *, where: str = "", lines: Mapping[str, int] | None = None) -> Self:
        """Return settings from `values`; raise UsageError with every problem.

        `where` names the file; `lines` maps dotted keys to its 1-based lines.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as problem:
            raise UsageError([_finding(cls, error, where, lines or {}) for error in problem.errors()]) from None

    @classmethod
    def explain(cls, key: str) -> Text:
        """Return the explanation of the field `key`."""
        field = cls.model_fields[key]
        extra = field.json_schema_extra
        chinese = extra.get("zh", "") if isinstance(extra, dict) else ""
        return Text(field.description or "", str(chinese))


def setting(default: Any, en: str, zh: str, **limits: Any) -> Any:
    """Declare a field of a settings class: its default, its explanation in both languages, its limits.

    `limits` are pydantic's: ge, gt, le, lt, min_length, max_length, pattern. Pass `...` for "no default".
    """
    return Field(default, description=en, json_schema_extra={"zh": zh}, **limits)


def did_you_mean(word: str, known: Iterable[str]) -> Text | None:
    """Return 'did you mean X?' when `word` is close to one of the `known` words."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return Text(f"did you mean '{close[0]}'?", f"是不是想写 '{close[0]}'？") if close else None


def _finding(cls: type[BaseModel], error: Any, where: str, lines: Mapping[str, int]) -> Finding:
    path = [str(part) for part in error["loc"]]
    dotted = ".".join(path)
    line = next((lines[key] for key in _prefixes(path) if key in lines), None)
    place = f"{where}:{line}" if where and line else where
    if error["type"] == "extra_forbidden":
        known = _fields_at(cls, path[:-1])
        todo = did_you_mean(path[-1], known) or Text(f"known keys: {', '.join(known)}", f"可用的键：{', '.join(known)}")
        return Finding(place, Text(f"unknown key '{dotted}'", f"未知的键 '{dotted}'"), todo)
    what = error["msg"][0].lower() + error["msg"][1:]
    if error["type"] == "missing":
        return Finding(place, Text(f"'{dotted}' is missing", f"缺少 '{dotted}'"))
    value = repr(error["input"])[:80]
    return Finding(place, Text(f"'{dotted}' = {value}: {what}", f"'{dotted}' = {value}：{_in_chinese(error)}"))


def _in_chinese(error: Any) -> str:
    limits = error.get("ctx", {})
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
    }
    return str(sentences.get(error["type"], error["msg"])).format(**limits)


def _prefixes(path: list[str]) -> list[str]:
    return [".".join(path[:end]) for end in range(len(path), 0, -1)]


def _fields_at(cls: type[BaseModel], path: list[str]) -> list[str]:
    for part in path:
        inner = cls.model_fields[part].annotation if part in cls.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        cls = inner
    return list(cls.model_fields)
