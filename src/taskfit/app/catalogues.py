"""What there is to choose from: methods, formats, metrics, each as its own file describes itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType

from taskfit.app.settings import FORMATS, METHODS, METRICS, method_class
from taskfit.core.files import to_json
from taskfit.core.method import Method
from taskfit.core.text import Text, same
from taskfit.data.shape import SHAPES, shape_named

CHANGES = Text("changes", "改动")
NEEDS = Text("needs", "需要")
KINDS = Text("tasks", "任务类型")
CHANGES_TOLD = {
    "nothing": Text("nothing", "无"),
    "added weights": Text("added weights", "新增权重"),
    "some weights": Text("some weights", "部分权重"),
    "all weights": Text("all weights", "全部权重"),
}
NEEDS_TOLD = {
    "generate": Text("generate", "生成"),
    "score": Text("score", "打分"),
    "embed": Text("embed", "向量"),
    "train": Text("train", "训练"),
}


@dataclass(frozen=True)
class Entry:
    """One method, format or metric: its name, what it is for, further facts by heading."""

    name: str
    about: Text
    facts: Mapping[Text, Text] = field(default_factory=dict)


@dataclass(frozen=True)
class MethodPage:
    """All there is to know of a method; `settings` is its class, with every field explained."""

    entry: Entry
    when: Text
    settings: type[Method]


def methods() -> tuple[Entry, ...]:
    """Return all methods, cheapest first."""
    return tuple(_method(name) for name in sorted(METHODS.names(), key=lambda name: (method_class(name).rank, name)))


def method_page(name: str) -> MethodPage:
    """Return all there is to know of the method `name`; raise UsageError when there is none."""
    found = method_class(name)
    return MethodPage(_method(name), found.when, found)


def formats() -> tuple[Entry, ...]:
    """Return all formats of rows that can be read, each told by the first line of its file."""
    return tuple(Entry(name, same(_first_line(FORMATS.module(name)))) for name in FORMATS.names())


def shapes() -> tuple[Entry, ...]:
    """Return all row formats: what rows may look like, whatever the file they stand in."""
    return tuple(Entry(name, shape_named(name).ABOUT) for name in SHAPES.names())


def example_row(name: str) -> str:
    """Return a row of the row format `name` as one line of JSON; raise UsageError when there is none."""
    return to_json(shape_named(name).ROW, indent=None)


def metrics() -> tuple[Entry, ...]:
    """Return all metrics."""
    return tuple(Entry(name, METRICS.module(name).about) for name in METRICS.names())


def _method(name: str) -> Entry:
    found = method_class(name)
    needs = [NEEDS_TOLD[need] for need in sorted(found.needs)]
    facts = {
        CHANGES: CHANGES_TOLD[found.changes],
        NEEDS: Text(", ".join(one.en for one in needs) or "-", "、".join(one.zh for one in needs) or "-"),
        KINDS: same(", ".join(sorted(found.kinds))),
    }
    return Entry(name, found.about, facts)


def _first_line(module: ModuleType) -> str:
    return (module.__doc__ or "").strip().partition("\n")[0]
