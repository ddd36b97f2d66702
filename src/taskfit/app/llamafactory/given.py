"""The values of a LLaMA-Factory file, read by type; whatever is wrong is collected with its place, not raised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from taskfit.core.errors import Finding
from taskfit.core.text import Text, did_you_mean


@dataclass
class Given:
    """The values of a file and where each stands; `findings` grows with what is wrong."""

    values: Mapping[str, Any]
    where: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)

    def has(self, key: str) -> bool:
        """Tell whether the key is there with a value that says something (not null, not empty)."""
        return self.values.get(key) not in (None, "")

    def refuse(self, key: str, what: Text, todo: Text | None = None) -> None:
        """Note that the value of `key` cannot be used."""
        shown = f"'{key}'"
        self.findings.append(Finding(self.where.get(key, ""), Text(f"{shown}: {what.en}", f"{shown}：{what.zh}"), todo))

    def flag(self, key: str) -> bool:
        """Return a switch; left out or null: False."""
        value = self.values.get(key)
        if isinstance(value, bool) or value is None:
            return bool(value)
        self.refuse(key, Text(f"{value!r} is neither true nor false", f"{value!r} 既不是 true 也不是 false"))
        return False

    def number(self, key: str, default: float, *, least: float = 0.0, most: float = 1e12) -> float:
        """Return a number between `least` and `most`; left out or null: `default`."""
        value = self.values.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.refuse(key, Text(f"{value!r} is no number", f"{value!r} 不是数字"))
            return default
        if not least <= value <= most:
            self.refuse(
                key,
                Text(f"{value} is not between {least:g} and {most:g}", f"{value} 不在 {least:g} 与 {most:g} 之间"),
            )
            return default
        return float(value)

    def count(self, key: str, default: int, *, least: int = 1) -> int:
        """Return a whole number from `least` on; left out or null: `default`."""
        value = self.values.get(key)
        if value is None:
            return default
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole or value < least:
            self.refuse(
                key, Text(f"{value!r} is no whole number from {least} on", f"{value!r} 不是不小于 {least} 的整数")
            )
            return default
        return int(value)

    def text(self, key: str) -> str | None:
        """Return a text, or None when it is left out, null or empty."""
        value = self.values.get(key)
        if value in (None, ""):
            return None
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return str(value)
        self.refuse(key, Text(f"{value!r} is no text", f"{value!r} 不是文本"))
        return None

    def words(self, key: str) -> tuple[str, ...]:
        """Return a list of words, written with commas between them or as a list."""
        value = self.values.get(key)
        parts = value if isinstance(value, list) else str(value).split(",") if self.has(key) else []
        return tuple(str(part).strip() for part in parts if str(part).strip())

    def choice(self, key: str, default: str, known: Sequence[str]) -> str:
        """Return one of the `known` words; left out or null: `default`."""
        value = self.values.get(key)
        if value is None:
            return default
        if str(value) in known:
            return str(value)
        listed = Text(f"known: {', '.join(known)}", f"可用：{', '.join(known)}")
        self.refuse(
            key, Text(f"{value!r} is not known", f"未知的值 {value!r}"), did_you_mean(str(value), known) or listed
        )
        return default
