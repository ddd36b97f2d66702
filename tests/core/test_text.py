"""The reader's language: asked for, else set for taskfit, else the locale's."""

import pytest

from taskfit.core.text import Text, did_you_mean, language_of_reader, same, speak

VARIABLES = ("TASKFIT_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(autouse=True)
def _no_language(monkeypatch: pytest.MonkeyPatch) -> None:
    speak("en")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_a_text_is_shown_in_the_language_spoken() -> None:
    text = Text("yes", "是")
    assert str(text) == "yes"
    speak("zh")
    assert str(text) == "是"
    assert (text.in_language("en"), str(same("lora"))) == ("yes", "lora")


@pytest.mark.parametrize(
    ("asked", "environment", "language"),
    [
        ("zh", {"LANG": "en_US.UTF-8"}, "zh"),
        ("en", {"TASKFIT_LANG": "zh"}, "en"),
        (None, {"TASKFIT_LANG": "zh", "LC_ALL": "en_US.UTF-8"}, "zh"),
        (None, {"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LANG": "zh_TW.UTF-8"}, "zh"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        (None, {"LANG": ""}, "en"),
        (None, {}, "en"),
    ],
)
def test_finds_the_language(
    asked: str | None, environment: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language_of_reader(asked) == language


def test_suggests_only_words_that_are_close() -> None:
    assert str(did_you_mean("trails", ["trials", "seed"])) == "did you mean 'trials'?"
    assert did_you_mean("banana", ["trials", "seed"]) is None
