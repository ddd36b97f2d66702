"""A closed-label task made of Alpaca rows: which kind of work does an instruction ask for? Five labels of several tokens.

The label follows from the instruction's first word, so it can be learned, by training, from the text alone.
"""

from collections.abc import Mapping, Sequence

from material import asked

LABELS = {
    "write something new": ("write", "generate", "create", "compose", "design", "construct", "come", "suggest", "make"),
    "explain or describe": ("explain", "describe", "what", "how", "why", "define", "discuss", "tell", "compare", "who"),
    "change a given text": (
        "rewrite",
        "edit",
        "convert",
        "translate",
        "paraphrase",
        "transform",
        "rephrase",
        "change",
        "replace",
    ),
    "find or sort things": ("identify", "find", "classify", "name", "list", "select", "provide", "give", "categorize"),
    "work out an answer": ("calculate", "determine", "predict", "summarize", "analyze", "evaluate", "answer", "given"),
}
INSTRUCTION = "Name the kind of work that the text asks for."


def label_of(instruction: str) -> str | None:
    """Return the label of an instruction, or None when its first word is none of ours."""
    first = instruction.split(maxsplit=1)[0].strip(".,:'\"").lower()
    return next((label for label, words in LABELS.items() if first in words), None)


def verb_rows(rows: Sequence[Mapping[str, str]], count: int, longest: int = 400) -> list[dict[str, str]]:
    """Return `count` rows of text and label, the labels in turn, from the front of the file."""
    found: dict[str, list[dict[str, str]]] = {label: [] for label in LABELS}
    for row in rows:
        label = label_of(row["instruction"])
        if label is not None and len(asked(row)) <= longest:
            found[label].append({"text": asked(row), "label": label})
    turns = zip(*found.values(), strict=False)
    mixed = [row for turn in turns for row in turn]
    if len(mixed) < count:
        raise SystemExit(f"The file gives only {len(mixed)} labelled rows; {count} are asked for.")
    return mixed[:count]


def shot(row: Mapping[str, str], *, answered: bool) -> str:
    """Return one example as plain text, with or without its answer."""
    return f"Text: {row['text']}\nKind:" + (f" {row['label']}\n\n" if answered else "")


def few_shot_prompt(shots: Sequence[Mapping[str, str]], row: Mapping[str, str]) -> str:
    """Return the prompt that shows `shots` and asks about `row`."""
    return f"{INSTRUCTION}\n\n" + "".join(shot(one, answered=True) for one in shots) + shot(row, answered=False)
