"""Sentences for people, in English and Chinese side by side."""

import difflib
import locale
import os
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]

_language: ContextVar[Language] = ContextVar("language", default="en")


@dataclass(frozen=True)
class Text:
    """One sentence in both languages; `str()` gives it in the language of the reader."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.in_language(current_language())

    def in_language(self, language: Language) -> str:
        """Return the sentence in `language`."""
        return self.zh if language == "zh" else self.en


def same(words: str) -> Text:
    """Return a Text for words that are the same in both languages (names, numbers, user data)."""
    return Text(words, words)


def did_you_mean(word: str, known: Iterable[str]) -> Text | None:
    """Return 'did you mean X?' when `word` is close to one of the `known` words."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return Text(f"did you mean '{close[0]}'?", f"是不是想写 '{close[0]}'？") if close else None


def current_language() -> Language:
    """Return the language that sentences are shown in."""
    return _language.get()


def speak(language: Language) -> None:
    """Show sentences in `language` from now on, in this context."""
    _language.set(language)


def language_of_reader(asked: str | None = None) -> Language:
    """Return the language to speak: the one asked for, else TASKFIT_LANG, else the locale's."""
    candidates = [asked, os.environ.get("TASKFIT_LANG")]
    candidates += [os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    candidates.append(locale.getlocale()[0])
    for candidate in candidates:
        if candidate:
            return "zh" if candidate.lower().startswith(("zh", "chinese")) else "en"
    return "en"
