"""Two runs on the same test rows: what a change of the training rows was worth."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from taskfit.app.climb import climb
from taskfit.app.compare import compare_runs
from taskfit.app.report import rows_of
from taskfit.app.settings import ClimbSettings
from taskfit.cli.compare import show
from taskfit.core.errors import DataError
from taskfit.core.run import RunFolder
from taskfit.ladder.rung import read_rung
from taskfit.measure.paired import compare

WORDS = {"good": ("lovely tasty fine", "great warm kind"), "bad": ("cold awful rude", "late stale sad")}


def write(path: Path, count: int, *, wrong: bool = False) -> Path:
    lines = ["text,label"]
    for n in range(count):
        label = "good" if n % 2 else "bad"
        said = label if not wrong else ("good", "bad")[n // 2 % 2]
        lines.append(f"dish {n}: {WORDS[label][n % 3 % 2]} {WORDS[label][n % 5 % 2]},{said}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    test = write(folder / "test.csv", 40)
    found = []
    for name, wrong in (("noisy", True), ("clean", False)):
        rows = {"train": str(write(folder / f"{name}.csv", 80, wrong=wrong)), "test": str(test)}
        rows["accept"] = ["conflicts", "leaked_rows"]
        settings = {"rows": rows, "rungs": ["zero_shot", "head"], "seeds": 1, "trials": 1, "forgetting": "off"}
        found.append(climb(ClimbSettings.read({**settings, "run": str(folder / f"run-{name}")})).folder)
    return found


def test_the_worth_of_better_rows_is_the_paired_comparison_of_both_runs(runs):
    found = compare_runs(*runs)
    head = next(one for one in found.rungs if one.rung == "head")
    assert found.rows == 40
    sides = [rows_of([read_rung(path) for path in RunFolder(run).rungs()])["head"] for run in runs]
    plain = compare(*sides, metric="accuracy", labels=("good", "bad"))
    assert head.comparison.difference == plain.difference
    assert head.comparison.p == plain.p <= head.comparison.p_holm
    assert head.after > head.before
    # What is asked without training cannot change with the training rows.
    zero = next(one for one in found.rungs if one.rung == "zero_shot")
    assert (zero.before, zero.comparison.difference.estimate) == (zero.after, 0)


def test_the_table_says_which_rungs_differ(runs):
    out = io.StringIO()
    show(compare_runs(*runs), Console(file=out, width=120))
    lines = {line.split()[0]: line for line in out.getvalue().splitlines()}
    assert "better" in lines["head"]
    assert "not shown to differ" in lines["zero_shot"]
    assert "on 40 test rows" in out.getvalue()


def test_a_run_equals_itself(runs):
    found = compare_runs(runs[0], runs[0])
    assert {one.comparison.difference.estimate for one in found.rungs} == {0}
    assert not found.remarks


def test_a_folder_that_is_no_run_is_told(tmp_path):
    with pytest.raises(DataError, match="not the folder of a finished climb"):
        compare_runs(tmp_path, tmp_path)


def test_runs_without_a_common_test_row_are_refused(runs, tmp_path):
    rows = {"train": str(write(tmp_path / "a.csv", 60)), "test": str(write(tmp_path / "b.csv", 40))}
    rows["accept"] = ["conflicts", "leaked_rows"]
    settings = {"rows": rows, "rungs": ["zero_shot"], "seeds": 1, "trials": 1, "run": str(tmp_path / "run")}
    other = climb(ClimbSettings.read({**settings, "forgetting": "off"})).folder
    with pytest.raises(DataError, match="no test row in common"):
        compare_runs(runs[0], other)
