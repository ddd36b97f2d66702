"""`taskfit data check` on the command line: what it prints, what it writes, how it ends."""

import json

import pytest

from doctor_rows import word
from taskfit.cli.program import run


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.csv"
    lines = [f"the {word(n)} sentence about a {word(n + 500)},{('good', 'bad')[n % 2]}" for n in range(60)]
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def ended(capsys, *words):
    code = run(["data", "check", *map(str, words)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_clean_rows_end_with_0(rows, capsys):
    code, out, err = ended(capsys, rows)
    assert (code, err) == (0, "")
    assert out.startswith("60 rows: nothing stands in the way of training\nclassification: 100.0%")
    assert "60 rows read = 60 used" in out


def test_what_blocks_ends_with_3_and_may_be_accepted(rows, capsys):
    rows.write_text(rows.read_text() + '"torn,good\n')
    code, out, err = ended(capsys, rows)
    assert code == 3
    assert "✗ 1 of 61 rows cannot be read" in out
    assert "rows.csv:62" in out
    assert "--accept broken" in err
    assert ended(capsys, rows, "--accept", "broken")[0] == 0


def test_json_says_the_same_and_so_does_the_exit_code(rows, capsys):
    rows.write_text(rows.read_text() + '"torn,good\n')
    code, out, _ = ended(capsys, rows, "--json")
    told = json.loads(out)
    assert (code, told["verdict"], told["findings"][0]["id"]) == (3, "block", "broken")


def test_out_writes_report_page_and_recipe(rows, capsys, tmp_path):
    lines = rows.read_text().splitlines()
    rows.write_text("\n".join([*lines, lines[1]]) + "\n")
    code, out, _ = ended(capsys, rows, "--out", tmp_path / "checked", "--lang", "zh")
    assert code == 0
    assert sorted(path.name for path in (tmp_path / "checked").iterdir()) == [
        "recipe.yaml",
        "report.html",
        "report.json",
    ]
    assert "drop_duplicates" in (tmp_path / "checked" / "recipe.yaml").read_text()
    assert "已写出" in out


def test_thresholds_may_be_set_and_wrong_ones_are_refused(rows, capsys):
    code, out, _ = ended(capsys, rows, "--set", "lengths.most=5", "--only", "lengths")
    assert code == 0
    assert "60 rows have more than 5 characters" in out
    code, _, err = ended(capsys, rows, "--set", "lengths.least=5")
    assert code == 2
    assert "has no threshold 'least'" in err


def test_without_a_file_it_says_what_to_do(capsys):
    assert ended(capsys)[0] == 2
