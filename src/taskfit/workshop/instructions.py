"""From new instructions and their examples to rows: what is not taken goes to the ledger with its reason."""

from collections.abc import Sequence

from taskfit.data.record import Record
from taskfit.workshop.filters import clashing, first_reason, wrong_instance, wrong_instruction
from taskfit.workshop.recipe import Rejected, Turn, group_of, talk, with_input
from taskfit.workshop.seeds import Instance


def refused_instruction(text: str, turn: Turn) -> Rejected | None:
    """Take a new instruction into the pool, or return why it is not taken."""
    reason = wrong_instruction(text, turn.language)
    if reason is not None:
        return Rejected(reason, {"instruction": text})
    near = turn.pool.admit(text)
    return None if near is None else Rejected("similar", {"instruction": text, "near": near})


def rows_of(text: str, instances: Sequence[Instance], rejected: list[Rejected], *, is_class: bool) -> list[Record]:
    """Return the rows of an instruction; examples that are not taken go to `rejected`."""
    rows, about = [], {"task": "classification" if is_class else "open"}
    for instance, clash in zip(instances, clashing(instances), strict=True):
        empty = "no_input" if is_class and not instance.input else None
        reason = first_reason((wrong_instance(instance), empty, clash))
        if reason is None:
            parts = {"instruction": text, "input": instance.input}
            row = talk(
                with_input(text, instance.input), instance.output, group=group_of(text), about=about, parts=parts
            )
            rows.append(row)
        else:
            said = {"instruction": text, "input": instance.input, "output": instance.output}
            rejected.append(Rejected(reason, said))
    return rows
