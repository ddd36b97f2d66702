"""Two texts and how they relate: premise, hypothesis, label (also sentence1 and sentence2, text and text2)."""

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed, one_of
from taskfit.data.classes import UNLABELLED, label_of
from taskfit.data.pieces import one_question, told_apart
from taskfit.data.record import Record
from taskfit.data.shape import SOFT, row
from taskfit.data.wrong import Wrong

ABOUT = Text("two texts and a label", "两段文本与标签（NLI、句对）")
HOLDS = frozenset(("messages", "label", "parts.premise", "parts.hypothesis"))
ROW = {"premise": "Snow fell.", "hypothesis": "It was dry.", "label": "contradiction"}
PREMISES, HYPOTHESES = (
    ("premise", "sentence1", "text1", "text_a", "text"),
    ("hypothesis", "sentence2", "text2", "text_b"),
)
LABELS = ("label", "gold_label", "relation", "score", "标签")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    if not any(name in fields for name in HYPOTHESES) or not any(name in fields for name in PREMISES):
        return 0.0
    return 1.0 if any(name in fields for name in LABELS) else SOFT


def read(fields: Fields) -> Record:
    """Return the row as a record."""
    premise, hypothesis = (needed(fields, one_of(fields, names)) for names in (PREMISES, HYPOTHESES))
    column = next((name for name in LABELS if name in fields), None)
    return row(
        messages=(Message("user", f"{premise}\n{hypothesis}"),),
        label=label_of(fields, column) if column is not None else None,
        parts={"premise": premise, "hypothesis": hypothesis},
    )


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record."""
    apart = told_apart(record.parts, ("premise", "hypothesis"), one_question(record.messages))
    if apart is None or record.kind not in ("labelled", "prompt") or record.labels is not None:
        raise Wrong(Text("it is no pair of texts with a label", "不是带标签的句对"))
    label = UNLABELLED if record.label is None else record.label
    return {"premise": apart[0], "hypothesis": apart[1], "label": label}
