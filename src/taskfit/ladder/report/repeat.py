"""Everything needed to repeat the run: facts of any shape as lists and tables."""

from collections.abc import Mapping, Sequence

from taskfit.core.files import plain, to_json
from taskfit.core.measurement import Report
from taskfit.core.text import Text, same
from taskfit.ladder.report.markup import Child, Html, el
from taskfit.ladder.report.numbers import NONE
from taskfit.ladder.report.sections import section, small_table
from taskfit.ladder.report.storable import storable
from taskfit.ladder.report.words import NO, RUNG, YES, fact_name

FIRST = (
    "command",
    "name",
    "version",
    "model",
    "rows",
    "splits",
    "fingerprint",
    "seed",
    "test_looks",
    "power",
    "machine",
    "versions",
)

MOST_OPEN = 20


def repeat_section(report: Report) -> Html:
    """Return command, settings, versions, machine, seed, fingerprints, rows, test looks and power."""
    command = report.run.get("command")
    return section(
        "repeat",
        Text("How to repeat this", "如何复现"),
        el("pre", str(command), class_="data command") if command else None,
        _shown({key: value for key, value in ordered(report.run).items() if key != "command"}),
        el("h3", Text("The task", "任务")),
        _shown(report.task),
        el("h3", Text("Settings of the rungs", "各级台阶的设置")) if report.measurements else None,
        _settings(report) if report.measurements else None,
    )


def ordered(facts: Mapping[str, object]) -> dict[str, object]:
    """Return the facts with the well-known ones first."""
    return {key: facts[key] for key in FIRST if key in facts} | {
        key: value for key, value in facts.items() if key not in FIRST
    }


def fact_text(value: object) -> Text | None:
    """Return a plain value as text, or None when it is a mapping or a list with parts of its own."""
    if value is None or value == "":
        return NONE
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, int):
        return same(f"{value:,}" if abs(value) >= 10_000 else f"{value}")
    if isinstance(value, float):
        return same(f"{value:.6g}")
    if isinstance(value, str):
        return same(value)
    if isinstance(value, Mapping):
        return Text(str(value["en"]), str(value["zh"])) if set(value) == {"en", "zh"} else None
    if isinstance(value, (list, tuple)):
        parts = [fact_text(one) for one in value]
        if all(part is not None for part in parts):
            known = [part for part in parts if part is not None]
            return Text(", ".join(part.en for part in known), "、".join(part.zh for part in known)) if known else NONE
        return None
    return same(str(value))


def _shown(value: object) -> Child:
    text = fact_text(value)
    if text is not None:
        return el("span", text, class_="data")
    if isinstance(value, Mapping):
        return el("dl", [[el("dt", fact_name(str(key))), el("dd", _shown(one))] for key, one in value.items()])
    assert isinstance(value, (list, tuple))
    if _is_table(value):
        return _table(value)
    return el("ul", [el("li", _shown(one)) for one in value], class_="plain")


def _settings(report: Report) -> Html:
    lines = [
        (one.rung, one.method, ", ".join(f"{key} = {_short(value)}" for key, value in one.settings.items()))
        for one in report.measurements
    ]
    return small_table((RUNG, Text("method", "方法"), Text("settings", "设置")), lines, texts=3)


def _short(value: object) -> str:
    return value if isinstance(value, str) else to_json(storable(plain(value)), indent=None)


def _is_table(value: Sequence[object]) -> bool:
    """Tell whether `value` is a list of flat mappings with the same keys."""
    keys = [tuple(one) for one in value if isinstance(one, Mapping) and all(map(_is_flat, one.values()))]
    return len(keys) == len(value) and len(set(keys)) == 1


def _is_flat(value: object) -> bool:
    return fact_text(value) is not None


def _table(value: Sequence[Mapping[str, object]]) -> Html:
    keys = list(value[0])
    table = small_table(
        [fact_name(str(key)) for key in keys], [[fact_text(one[key]) for key in keys] for one in value], texts=len(keys)
    )
    return table if len(value) <= MOST_OPEN else el("details", el("summary", f"{len(value)}"), table)
