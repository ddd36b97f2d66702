"""The folder is the registry."""

from pathlib import Path

import pytest

from taskfit.core.catalog import Catalog
from taskfit.core.errors import UsageError
from taskfit.core.text import speak


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    speak("en")
    package = tmp_path / "ladder_of_tests"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "zero_shot.py").write_text("class ZeroShot: pass\n")
    (package / "broken.py").write_text("raise RuntimeError('only when used')\n")
    (package / "_shared.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    return Catalog("ladder_of_tests", "method")


def test_every_file_is_an_entry_and_listing_imports_none(catalog: Catalog) -> None:
    assert catalog.names() == ("broken", "zero_shot")
    with pytest.raises(RuntimeError):
        catalog.module("broken")


def test_the_class_is_the_name_in_camel_case(catalog: Catalog) -> None:
    assert catalog.entry("zero_shot").__name__ == "ZeroShot"


def test_an_unknown_name_is_told_with_the_nearest_or_all(catalog: Catalog) -> None:
    with pytest.raises(UsageError, match="there is no method 'zeroshot'; did you mean 'zero_shot'"):
        catalog.module("zeroshot")
    with pytest.raises(UsageError, match="known: broken, zero_shot"):
        catalog.module("lora")
    assert catalog.problem("zero_shot") is None
