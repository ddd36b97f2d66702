"""Errors say what is wrong, where, and what to do; every finding at once."""

import pytest

from taskfit.core import errors
from taskfit.core.errors import DataError, Finding, TaskfitError, UsageError
from taskfit.core.text import Text, speak


@pytest.fixture(autouse=True)
def _english() -> None:
    speak("en")


def test_one_finding_is_one_line() -> None:
    problem = DataError(Text("no label", "没有标签"), where="rows.csv:12", todo=Text("add one", "请补上"))
    assert str(problem) == "rows.csv:12: no label; add one"
    speak("zh")
    assert str(problem) == "rows.csv:12: 没有标签；请补上"


def test_shows_twenty_findings_and_counts_the_rest() -> None:
    problem = UsageError([Finding(f"f:{n}", Text("bad", "错误")) for n in range(25)])
    lines = str(problem).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "... and 5 more of the same kind"
    assert len(problem.findings) == 25


def test_every_kind_of_error_has_the_exit_code_of_the_docstring() -> None:
    listed = {
        word[0].lstrip("│├└─ "): int(word[1])
        for word in (
            line.split() for line in (errors.__doc__ or "").replace("├── ", "").replace("└── ", "").splitlines()
        )
        if len(word) > 1 and word[1].isdigit()
    }
    codes = {one.__name__: one.exit_code for one in TaskfitError.__subclasses__()}
    assert listed == codes
    assert 1 not in codes.values()
