"""Methods, formats and metrics describe themselves in both languages."""

import pytest

from taskfit.app.catalogues import formats, method_page, methods, metrics
from taskfit.core.errors import UsageError


@pytest.mark.parametrize("listing", [methods, metrics])
def test_every_entry_is_explained_in_both_languages(listing: object) -> None:
    entries = listing()  # type: ignore[operator]
    assert entries
    for entry in entries:
        assert entry.about.en, entry.name
        assert any("\u4e00" <= letter <= "\u9fff" for letter in entry.about.zh), entry.name


def test_every_format_is_explained() -> None:
    assert {"csv", "jsonl", "parquet"} <= {entry.name for entry in formats() if str(entry.about)}


def test_every_setting_of_every_method_is_explained_in_both_languages() -> None:
    for entry in methods():
        page = method_page(entry.name)
        assert page.when.en, entry.name
        assert page.when.zh, entry.name
        for key in page.settings.model_fields:
            text = page.settings.explain(key)
            assert text.en, (entry.name, key)
            assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh), (entry.name, key)


def test_an_unknown_method_is_told() -> None:
    with pytest.raises(UsageError, match="lora"):
        method_page("lorra")
