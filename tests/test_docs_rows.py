"""The tables of row formats in the README: every format stands there, and every command runs."""

import re
import shlex
from pathlib import Path

import pytest

from taskfit.app.catalogues import example_row
from taskfit.cli.program import run
from taskfit.data.shape import SHAPES

ROOT = Path(__file__).resolve().parents[1]
ROW = re.compile(r"^\|[^|]*\| `(\w+)` \|[^|]*\| ✓ \| ✓ \| `(taskfit data convert [^`|]*)` \|$", re.MULTILINE)


def rows_of(page: str) -> list[tuple[str, str]]:
    return ROW.findall((ROOT / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_readme_lists_every_row_format(page: str) -> None:
    assert sorted(name for name, _ in rows_of(page)) == sorted(SHAPES.names())
    assert rows_of(page) == rows_of("README.md")


@pytest.mark.parametrize(("name", "command"), rows_of("README.md"))
def test_the_command_of_a_row_format_runs(
    name: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(f"{name}.jsonl").write_text(example_row(name) + "\n", encoding="utf-8")
    assert run(shlex.split(command)[1:]) == 0
    assert "0 dropped" in capsys.readouterr().out
