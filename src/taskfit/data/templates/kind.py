"""Which task a row is of, told by what it holds."""

from taskfit.data.record import Record


def task_of(record: Record) -> str | None:
    """Return the name of the task that a row is of, or None when it is of none.

    Entities are listed (`extraction`); whoever wants them marked in the text asks for `tagging`.
    """
    parts = record.parts
    if record.spans is not None:
        return "extraction"
    if record.label is not None:
        if "premise" in parts and "hypothesis" in parts:
            return "nli"
        return "choosing" if "question" in parts and "A" in parts else "classification"
    if record.kind != "talk":
        return None
    for name, task in (("context", "reading"), ("document", "summarising"), ("source", "translation")):
        if name in parts:
            return task
    turns = [one for one in record.messages if one.role != "system"]
    return "dialogue" if len(turns) > 2 else "qa"
