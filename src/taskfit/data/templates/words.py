"""The words that templates say for labels and kinds, in one language, and the way back from a word to its label."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from taskfit.core.text import Language, Text
from taskfit.data.wrong import Wrong


@dataclass(frozen=True)
class Words:
    """`by_name` gives each label its word; when it is empty, every label is its own word."""

    language: Language = "en"
    by_name: Mapping[str, str] | None = None

    @property
    def listed(self) -> str:
        """All words, as they are listed in a sentence."""
        return self.between.join(self.by_name.values() if self.by_name else ())

    @property
    def between(self) -> str:
        """What stands between listed words."""
        return "、" if self.language == "zh" else ", "

    @property
    def none(self) -> str:
        """The word for an empty list."""
        return "无" if self.language == "zh" else "none"

    def word(self, name: str) -> str:
        """Return the word of a label."""
        return name if not self.by_name else self.by_name.get(name, name)

    def name(self, word: str) -> str:
        """Return the label that a word stands for; raise Wrong when it stands for none."""
        if not self.by_name:
            return word
        found = self._names.get(word) or self._names.get(word.strip().casefold())
        if found is None:
            raise Wrong(Text(f"'{word:.60}' is the word of no label", f"'{word:.60}' 不对应任何标签"))
        return found

    @cached_property
    def _names(self) -> dict[str, str]:
        by_name = self.by_name or {}
        folded = {word.strip().casefold(): name for name, word in by_name.items()}
        return {**folded, **{word: name for name, word in by_name.items()}}
