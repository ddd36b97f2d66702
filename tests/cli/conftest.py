"""A command line of fixed width and language, and what it prints held against a stored copy."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfit.cli.program import run
from taskfit.core.text import speak

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"
WIDTH = "100"


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    speak("en")
    monkeypatch.setenv("COLUMNS", WIDTH)
    for name in ("TASKFIT_LANG", "LC_ALL", "LC_MESSAGES", "FORCE_COLOR", "TERMINAL_WIDTH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command line that ends well and return what it prints."""

    def run_and_read(*words: str) -> str:
        code = run(words)
        output = capsys.readouterr()
        assert (code, output.err) == (0, "")
        return output.out

    return run_and_read


@pytest.fixture
def matches_snapshot() -> Callable[[str, str], None]:
    """Hold a text against its stored copy; write the copy anew with TASKFIT_SNAPSHOTS=write."""

    def check(name: str, text: str) -> None:
        path = SNAPSHOTS / name
        if os.environ.get("TASKFIT_SNAPSHOTS") == "write":
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{name} changed; if meant: TASKFIT_SNAPSHOTS=write pytest"

    return check
