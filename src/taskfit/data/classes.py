"""Labels in a cell: one by name, several as a list, or -1 for a row that nobody has labelled."""

from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed
from taskfit.data.conversation import json_inside
from taskfit.data.rows import Written
from taskfit.data.wrong import Wrong, whole_text

UNLABELLED = "-1"
SEVERAL = ("labels", "categories", "tags", "classes", "topics")


def label_of(fields: Fields, column: str) -> str | None:
    """Return the label in a cell; None when it is -1. A label that is a number keeps its digits."""
    label = needed(fields, column, kinds=(str, bool))
    return None if label == UNLABELLED else label


def labels_of(value: object, column: str) -> tuple[str, ...] | None:
    """Return the labels of a cell that holds several: a list, or a|b in a column whose name says so; None for one."""
    if isinstance(value, str) and not isinstance(value, Written):
        if value.startswith("["):
            try:
                value = json_inside(value, column)
            except Wrong:
                return None
        elif "|" in value and column in SEVERAL:
            value = [one.strip() for one in value.split("|") if one.strip()]
    if not isinstance(value, list):
        return None
    if not all(isinstance(one, str) and one.strip() for one in value):
        raise Wrong(Text(f"'{column}' is no list of labels", f"'{column}' 不是标签列表"))
    return tuple(sorted({whole_text(column, str(one)) for one in value}))
