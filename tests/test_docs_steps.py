"""The guide of recipes lists every step with its settings."""

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "write_steps.py"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_tables_of_steps_are_what_the_classes_say(language):
    script = runpy.run_path(str(SCRIPT))
    page = script["PAGES"][language].read_text(encoding="utf-8")
    assert script["filled"](page, language) == page, "run python scripts/write_steps.py"
