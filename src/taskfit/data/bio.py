"""Tags of words (BIO, BIOES, BILOU, BMES) become entities. Knows words by their number only."""

import re
from collections.abc import Sequence

from taskfit.core.target import Span

OUTSIDE = "O"
_TAG = re.compile(r"([BIESLUM])[-_](.+)", re.DOTALL)
_FIRST, _LAST = "BSU", "ESLU"


def is_tag(text: str) -> bool:
    """Return whether `text` is O or a place in an entity with its kind, such as B-PER."""
    return text == OUTSIDE or _TAG.fullmatch(text) is not None


def names_a_kind(text: str) -> bool:
    """Return whether `text` is a tag that is not O."""
    return _TAG.fullmatch(text) is not None


def spans_of_tags(tags: Sequence[str]) -> list[Span]:
    """Return the entities, in word numbers; every tag must be one (`is_tag`).

    As seqeval reads them: an entity goes on while the kind stays and no tag begins or has ended one, so an I
    without a B begins an entity, too.
    """
    spans: list[Span] = []
    start, kind = 0, ""
    for place, tag in enumerate([*tags, OUTSIDE]):
        found = _TAG.fullmatch(tag)
        position, label = found.groups() if found else ("", "")
        if kind and (label != kind or position in _FIRST):
            spans.append(Span(start, place, kind))
            kind = ""
        if label and not kind:
            start, kind = place, label
        if kind and position in _LAST:
            spans.append(Span(start, place + 1, kind))
            kind = ""
    return spans
