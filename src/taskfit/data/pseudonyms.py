"""Pseudonyms: the same thing is called by the same token in a whole set, `<EMAIL_3>`."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from taskfit.data.checking import words_of
from taskfit.data.entity import Entity
from taskfit.data.record import Record


@dataclass(frozen=True)
class Pseudonyms:
    """Names in the order in which things are met, after those that stand in the rows already."""

    find: Callable[[str], Iterator[Entity]]
    last: dict[str, int] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)

    def without(self, text: str) -> str:
        """Return a text with each thing under its pseudonym."""
        pieces, at = [], 0
        for one in self.find(text):
            pieces += [text[at : one.start], self._name(one)]
            at = one.end
        return "".join((*pieces, text[at:]))

    def _name(self, one: Entity) -> str:
        key = (one.kind, one.same)
        if key not in self.names:
            self.last[one.kind] = self.last.get(one.kind, 0) + 1
            self.names[key] = f"<{one.kind.upper()}_{self.last[one.kind]}>"
        return self.names[key]


def pseudonyms_for(
    records: Sequence[Record], kinds: Iterable[str], find: Callable[[str], Iterator[Entity]]
) -> Pseudonyms:
    """Return pseudonyms that do not take a name which stands in the rows."""
    by_name = {kind.upper(): kind for kind in kinds}
    used = re.compile(rf"<({'|'.join(by_name)})_([0-9]{{1,9}})>")
    last: dict[str, int] = {}
    for record in records:
        for text in words_of(record):
            for kind, number in used.findall(text) if "<" in text else ():
                last[by_name[kind]] = max(last.get(by_name[kind], 0), int(number))
    return Pseudonyms(find, last)
