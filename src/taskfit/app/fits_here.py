"""Said before a model is loaded: trainings whose memory this machine does not have, and what would fit instead."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from taskfit.app.memory_check import expected
from taskfit.core.errors import ModelError
from taskfit.core.example import Example
from taskfit.core.text import Text

LOOKED_AT = 64


def too_large(
    model: str,
    methods: Sequence[tuple[str, Mapping[str, Any]]],
    examples: Sequence[Example],
    *,
    bits: int | None = None,
    device: str = "cpu",
) -> Iterator[Text]:
    """Yield a sentence for each method (name, settings) whose training does not fit into this machine.

    Nothing is yielded where it cannot be known: a model of the hub that is not here, an unknown shape.
    """
    length = longest(model, examples)
    if length is None:
        return
    for name, settings in methods:
        most = settings.get("max_length")
        told = {**settings, **({"bits": bits} if bits else {})}
        found = expected(
            model, name, told, length=min(length, most) if most else length, rows=len(examples), device=device
        )
        if found is not None and found.warning is not None:
            yield Text(f"{name} may not fit: {found.warning.en}", f"{name} 可能放不下：{found.warning.zh}")


def longest(model: str, examples: Sequence[Example]) -> int | None:
    """Return the tokens of the longest example, as far as the texts with the most characters tell; None if unknown."""
    from taskfit.app.data.means import read_model

    try:
        reader, context = read_model(model)
    except ModelError:
        return None  # told when the model is opened
    texts = ["\n".join((*(m.content for m in one.messages), one.target or "")) for one in examples]
    most = max(reader.count(sorted(texts, key=len, reverse=True)[:LOOKED_AT]), default=None)
    return most if most is None or context is None else min(most, context)
