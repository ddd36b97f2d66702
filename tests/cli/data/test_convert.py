"""`taskfit data convert` as it is typed: what it prints, in both languages, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfit.cli.program import run

Shown = Callable[..., str]
ROWS = [{"instruction": "add", "input": "2 and 2", "output": "4"}, {"instruction": "say nothing", "output": ""}]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rows.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS), encoding="utf-8")
    return tmp_path


def test_what_became_of_the_rows(here: Path, shown: Shown) -> None:
    assert shown("data", "convert", "rows.jsonl", "--to", "openai", "--out", "out.jsonl").splitlines() == [
        "rows.jsonl: 2 rows of jsonl, utf-8; alpaca: 100.0% of 2 rows looked at",
        "out.jsonl: 1 rows (1 kept, 0 repaired), 1 dropped",
        "no place in the new format for: parts.input (1), parts.instruction (1)",
        "  dropped: rows.jsonl:2: 'output' is empty [say nothing]",
        "written beside it: out.jsonl.manifest.json, out.jsonl.ledger.jsonl",
    ]


def test_in_chinese(here: Path, shown: Shown) -> None:
    told = shown("data", "convert", "rows.jsonl", "--to", "openai", "--out", "out.jsonl", "--lang", "zh").splitlines()
    assert told[1] == "out.jsonl：1 行（保留 1，修复 0），丢弃 1"
    assert told[3] == "  丢弃: rows.jsonl:2：'output' 为空 [say nothing]" or "'output' 为空" in told[3]


def test_new_names_for_fields(here: Path, shown: Shown) -> None:
    Path("r.csv").write_text("body,mood\nlovely food,good\n", encoding="utf-8")
    shown(
        *[
            "data",
            "convert",
            "r.csv",
            "--map",
            "text=body",
            "--map",
            "label=mood",
            "--to",
            "classification",
            "--out",
            "out.jsonl",
        ]
    )
    assert json.loads(Path("out.jsonl").read_text(encoding="utf-8")) == {"text": "lovely food", "label": "good"}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("rows.jsonl --to openai --out out.xlsx", 2, "'.xlsx' is no ending that rows are written with"),
        ("rows.jsonl --to opnai --out out.jsonl", 2, "did you mean 'openai'?"),
        ("rows.jsonl --out out.jsonl", 2, "to"),
        ("rows.jsonl --to text --out out.jsonl", 3, "none of the 2 rows can be written as 'text'"),
        ("nope.jsonl --to text --out out.jsonl", 3, "there is no such file"),
        ("rows.jsonl --to openai --out rows.jsonl", 2, "this file is there already"),
    ],
)
def test_mistakes_are_told(here: Path, capsys: pytest.CaptureFixture[str], words: str, code: int, told: str) -> None:
    assert run(("data", "convert", *words.split())) == code
    assert told in capsys.readouterr().err
    assert not Path("out.jsonl").exists()
