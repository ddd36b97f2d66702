"""A template that is only words with places for the parts of a row: it can be said, and what it said can be read back.

Nothing is run: the source is Jinja, but only its `{{ name }}` are understood. What does more is no Pattern.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from jinja2 import TemplateSyntaxError, nodes

from taskfit.core.sandbox import sandboxed


@dataclass(frozen=True)
class Pattern:
    """Pieces of text in their order; at odd places stand the names of slots, at even ones the words between them."""

    pieces: tuple[str, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the slots, in their order."""
        return self.pieces[1::2]

    def say(self, slots: Mapping[str, str]) -> str:
        """Return the text with the slots filled."""
        return "".join(slots[piece] if place % 2 else piece for place, piece in enumerate(self.pieces))

    def read(self, text: str) -> dict[str, str] | None:
        """Return what filled the slots, or None when the text was not said by this pattern.

        Where the words between two slots occur in one of them, the last place counts.
        """
        found = self._expression.fullmatch(text)
        return None if found is None else found.groupdict()

    @property
    def leads(self) -> bool:
        """Whether the first line holds no part of the row, only words and what is the same for every row."""
        for place, piece in enumerate(self.pieces):
            if place % 2 == 0 and "\n" in piece:
                return True
            if place % 2 and piece not in CONSTANT:
                return False
        return False

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        seen: set[str] = set()
        written = []
        for place, piece in enumerate(self.pieces):
            if place % 2 == 0:
                written.append(re.escape(piece))
            else:
                written.append(f"(?P={piece})" if piece in seen else f"(?P<{piece}>.*)")
                seen.add(piece)
        return re.compile("".join(written), re.DOTALL)


CONSTANT = frozenset(("choices", "source_lang", "target_lang"))
"""Slots that are the same for every row of a corpus."""


def pattern_of(source: str, known: Collection[str]) -> Pattern | None:
    """Return the pattern that a Jinja source is, or None when it does more than fill the `known` slots.

    Raises TemplateSyntaxError.
    """
    pieces = [""]
    for part in sandboxed(keep_trailing_newline=True).parse(source).body:
        if not isinstance(part, nodes.Output):
            return None
        for node in part.nodes:
            if isinstance(node, nodes.TemplateData):
                pieces[-1] += node.data
            elif isinstance(node, nodes.Name) and node.name in known:
                pieces += [node.name, ""]
            else:
                return None
    return Pattern(tuple(pieces))


def syntax_problem(source: str) -> str | None:
    """Return what is wrong with the syntax of a Jinja source, or None."""
    try:
        sandboxed().parse(source)
    except TemplateSyntaxError as problem:
        return f"line {problem.lineno}: {problem.message}"
    except (RecursionError, ValueError, OverflowError) as problem:
        return str(problem)
    return None
