"""The words of labels that a build left in its manifest, found again from what was made of its rows later."""

from pathlib import Path
from typing import Any

from taskfit.core.files import read_json
from taskfit.core.text import Language
from taskfit.data.manifest import manifest_path

FARTHEST = 20


def kept_words(file: Path) -> dict[Language, dict[str, str]]:
    """Return the word of each label by language, from the manifest of the file or of a file it was made of.

    Empty when there is none: then labels are their own words.
    """
    for _ in range(FARTHEST):
        told = _manifest(file)
        step = told.get("step", {})
        words = step.get("build", {}).get("words") if isinstance(step, dict) else None
        if isinstance(words, dict):
            some = {language: words.get(language) for language in ("en", "zh")}
            found: dict[Language, dict[str, str]] = {
                "en": _texts(some["en"]),
                "zh": _texts(some["zh"]),
            }
            return found
        parent = told.get("parent", {}).get("file")
        if not isinstance(parent, str) or not parent:
            return {}
        file = file.with_name(parent)
    return {}


def _manifest(file: Path) -> dict[str, Any]:
    path = manifest_path(file)
    told = read_json(path) if path.is_file() else {}
    return told if isinstance(told, dict) else {}


def _texts(value: object) -> dict[str, str]:
    return {str(name): str(word) for name, word in value.items()} if isinstance(value, dict) else {}
