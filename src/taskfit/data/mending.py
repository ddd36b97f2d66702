"""The recipe that findings ask for: their steps in an order that works, equal steps made one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from taskfit.data.finding import STEP, Fix, RowFinding

# Texts are mended before rows are compared, rows are dropped before groups are cut.
ORDER = (
    *("redecode", "normalise", "strip_markup", "fill_placeholders", "merge_turns", "mask_secrets"),
    *("mask_personal", "merge_labels", "drop_empty", "drop_rows", "drop_repetition", "drop_refusals", "drop_copies"),
    *("drop_language", "drop_equal_pairs", "drop_prefix_pairs", "drop_leaked", "majority_label", "drop_conflicts"),
    *("drop_duplicates", "cut_prompt", "drop_long", "cap_cluster", "cap_group"),
)


def steps_for(findings: Iterable[RowFinding]) -> list[dict[str, dict[str, Any]]]:
    """Return the steps that mend findings without anybody looking at the rows; what only informs is left out."""
    return in_order(one.fix for one in findings if one.fix and one.effort <= STEP and one.severity != "info")


def steps_to_review(findings: Iterable[RowFinding]) -> list[dict[str, dict[str, Any]]]:
    """Return the steps to take after a look at the rows they touch."""
    return in_order(one.fix for one in findings if one.fix and one.effort > STEP and one.severity != "info")


def in_order(fixes: Iterable[Fix]) -> list[dict[str, dict[str, Any]]]:
    """Return fixes as the steps of a recipe, each once."""
    steps: dict[str, dict[str, Any]] = {}
    for fix in fixes:
        for name, settings in fix.items():
            steps[name] = _both(steps[name], settings) if name in steps else dict(settings)
    return [{name: steps[name]} for name in sorted(steps, key=_place)]


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _both(one: Mapping[str, Any], other: Mapping[str, object]) -> dict[str, Any]:
    """Return the settings of two equal steps: lists are joined, mappings too, of two numbers the lower counts."""
    both = dict(one)
    for key, value in other.items():
        known = both.get(key)
        if isinstance(known, Sequence) and isinstance(value, Sequence) and not isinstance(value, str):
            both[key] = list(dict.fromkeys((*known, *value)))
        elif isinstance(known, Mapping) and isinstance(value, Mapping):
            both[key] = {**known, **value}
        elif isinstance(known, int | float) and isinstance(value, int | float) and not isinstance(value, bool):
            both[key] = min(known, value)
        else:
            both[key] = value
    return both
