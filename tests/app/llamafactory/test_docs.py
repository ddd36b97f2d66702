"""The page on LLaMA-Factory names every key with the sentence that the command tells."""

from pathlib import Path

import pytest

from taskfit.app.llamafactory.keys import known_keys
from taskfit.app.llamafactory.keys_known import IDLE, ONLY_OFF
from taskfit.app.llamafactory.keys_used import USED
from taskfit.app.llamafactory.template import media_names, template_names
from taskfit.core.text import Language

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize(("page", "language"), [("llamafactory.md", "en"), ("llamafactory.zh.md", "zh")])
def test_the_page_names_every_key_and_its_fate(page: str, language: Language) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert [key for key in known_keys() if f"`{key}`" not in text] == []
    for sentence in (*USED.values(), *(group.what for group in (*IDLE, *ONLY_OFF))):
        assert sentence.in_language(language) in text
    assert f"{len(template_names())} " in text
    assert f"{len(media_names())} " in text
